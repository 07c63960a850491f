//! M. The device grant (103 to 105).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use url::Url;

use super::expect;
use super::provider::Provider;
use super::target::{Client, DEVICE_GRANT};
use super::tokens::{Tokens, json};
use crate::cases;
use crate::suite::buttons;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::client::{Browser, Reply};
use crate::suite::login_form::{Form, LoginForm};

cases! {
    pub CASES of Provider;
    103 "a" Must "RFC 8628 §3.2"
        "The answer has codes, address and life, and an interval that is a number" => answer;
    103 "b" Must "RFC 8628 §3.2"
        "It is kept nowhere" => stored;
    103 "c" Must "RFC 8628 §3.1"
        "Nothing by GET, nothing without client" => closed;
    104 "a" Must "RFC 8628 §3.5"
        "Before somebody agreed: `authorization_pending`" => pending;
    104 "b" Must "RFC 8628 §3.5"
        "Asked too often: `slow_down`" => slow_down;
    104 "c" Must "RFC 8628 §3.5"
        "Once somebody agreed: tokens, once" => agreed;
    104 "d" Must "RFC 8628 §3.5"
        "Once somebody refused: `access_denied`" => refused;
    104 "e" Must "RFC 8628 §3.4"
        "Another client can't use the device code" => other_client;
    104 "f" Must "RFC 8628 §3.5"
        "A device code that nobody issued is refused" => unknown;
    105 "a" Should "RFC 8628 §6.1"
        "Case and separators of the user code mean nothing" => spelling;
    105 "b" Must "RFC 8628 §3.3.1"
        "With `verification_uri_complete` the person is still asked" => still_asked;
    105 "c" Should "RFC 8628 §5.1"
        "User codes are hard to guess" => user_codes;
    105 "d" Must "RFC 8628 §5.1"
        "A user code that nobody issued leads nowhere" => wrong_code;
}

const ENDPOINT: &str = "device_authorization_endpoint";

/// A device that waits for a person.
#[derive(Clone, Debug)]
struct Device {
    client: Client,
    reply: Reply,
    body: Value,
}

impl Device {
    async fn start(op: &Provider) -> Result<Self> {
        op.endpoint(ENDPOINT)?;
        let client = op.device_client()?;
        let reply = op.ask(ENDPOINT, &client, &[("scope", "openid")]).await?;
        ensure!(reply.status == 200, "{} «{}»", reply.summary(), reply.body);
        let body = json(&reply)?;
        Ok(Self {
            client,
            reply,
            body,
        })
    }

    fn user_code(&self) -> Result<&str> {
        expect::text(&self.body, "user_code")
    }

    async fn poll(&self, op: &Provider) -> Result<Reply> {
        self.poll_as(op, &self.client).await
    }

    async fn poll_as(&self, op: &Provider, client: &Client) -> Result<Reply> {
        let code = expect::text(&self.body, "device_code")?;
        op.token(
            client,
            &[("grant_type", DEVICE_GRANT), ("device_code", code)],
        )
        .await
    }

    /// The person's browser at the address, with the code typed in, up to the question.
    async fn question(&self, op: &Provider, browser: &mut Browser, code: &str) -> Result<Reply> {
        let url: Url = expect::text(&self.body, "verification_uri")?.parse()?;
        let mut page = signed_in_page(op, browser, url).await?;
        let form = code_form(&page);
        let form = form.with_context(|| format!("no field for the code: {}", page.summary()))?;
        page = browser.submit(&page.url, &form.with_code(code)).await?;
        let page = browser.through(page).await?;
        past_login(op, browser, page).await
    }
}

/// A form with one field for a code.
struct CodeForm {
    form: Form,
    field: String,
}

impl CodeForm {
    fn with_code(&self, code: &str) -> Form {
        self.form.clone().with(&self.field, code)
    }
}

fn code_form(page: &Reply) -> Option<CodeForm> {
    let (form, field) = buttons::text_form(page, |name| name.contains("code"))?;
    Some(CodeForm { form, field })
}

/// Opens an address, and signs in where it asks.
async fn signed_in_page(op: &Provider, browser: &mut Browser, url: Url) -> Result<Reply> {
    let page = browser.open(url).await?;
    past_login(op, browser, page).await
}

async fn past_login(op: &Provider, browser: &mut Browser, page: Reply) -> Result<Reply> {
    let Some(login): Option<LoginForm> = op.login_form(&page) else {
        return Ok(page);
    };
    let user = &op.target.user;
    let form = login.filled(&user.name, &user.password);
    let reply = browser.submit(&page.url, &form).await?;
    browser.through(reply).await
}

/// Says yes until nobody asks any more.
async fn agree(op: &Provider, browser: &mut Browser, mut page: Reply) -> Result<Reply> {
    for _ in 0..4 {
        page = past_login(op, browser, page).await?;
        if code_form(&page).is_some() {
            break;
        }
        let Some(form) = buttons::affirmative(&page) else {
            break;
        };
        let reply = browser.submit(&page.url, &form).await?;
        page = browser.through(reply).await?;
    }
    Ok(page)
}

async fn answer(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    for name in ["device_code", "user_code", "verification_uri"] {
        expect::text(&device.body, name)?;
    }
    let life = &device.body["expires_in"];
    ensure!(
        life.as_u64().is_some_and(|it| it > 0),
        "expires_in is {life}"
    );
    let interval = &device.body["interval"];
    ensure!(
        interval.is_null() || interval.is_u64(),
        "interval is {interval}"
    );
    Ok(())
}

async fn stored(op: &mut Provider) -> Outcome {
    expect::not_stored(&Device::start(op).await?.reply)
}

async fn closed(op: &mut Provider) -> Outcome {
    let url = op.endpoint(ENDPOINT)?;
    let reply = op.application()?.get(url.clone()).await?;
    ensure!((400..500).contains(&reply.status), "{}", reply.summary());
    let nobody = super::tokens::post(url, &[("scope", "openid")]);
    let reply = op.application()?.send(nobody).await?;
    expect::refused(&reply, &["invalid_client", "invalid_request"])
}

async fn pending(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    expect::refused(&device.poll(op).await?, &["authorization_pending"])
}

async fn slow_down(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    for _ in 0..4 {
        let error = expect::oauth_error(&device.poll(op).await?)?;
        if error == "slow_down" {
            return Ok(());
        }
        ensure!(error == "authorization_pending", "the error is «{error}»");
    }
    Err(discouraged("four questions within a second are answered"))
}

/// The browser of somebody who is signed in, at the question.
async fn asked(op: &Provider, device: &Device) -> Result<(Browser, Reply)> {
    let mut browser = op.newcomer().await?;
    let page = device
        .question(op, &mut browser, device.user_code()?)
        .await?;
    Ok((browser, page))
}

async fn agreed(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let (mut browser, page) = asked(op, &device).await?;
    agree(op, &mut browser, page).await?;
    let tokens = Tokens::read(device.poll(op).await?)?;
    tokens.id()?.verify(&op.jwks)?;
    expect::opens(op, tokens.access()?).await?;
    // Not sooner than a device may ask.
    tokio::time::sleep(Duration::from_secs(interval(&device))).await;
    let reply = device.poll(op).await?;
    expect::refused(&reply, &["invalid_grant", "expired_token"])
}

fn interval(device: &Device) -> u64 {
    device.body["interval"].as_u64().unwrap_or(5)
}

async fn refused(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let (mut browser, page) = asked(op, &device).await?;
    let reply = if let Some(form) = buttons::negative(&page) {
        browser.submit(&page.url, &form).await?
    } else {
        let link = buttons::negative_link(&page);
        browser
            .get(link.ok_or_else(|| missing("nothing to refuse with"))?)
            .await?
    };
    browser.through(reply).await?;
    expect::refused(&device.poll(op).await?, &["access_denied"])
}

async fn other_client(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let (mut browser, page) = asked(op, &device).await?;
    agree(op, &mut browser, page).await?;
    let reply = device.poll_as(op, &op.basic()).await?;
    expect::refused(
        &reply,
        &["invalid_grant", "unauthorized_client", "invalid_request"],
    )?;
    let reply = device.poll_as(op, &op.public_client()?).await?;
    expect::refused(
        &reply,
        &["invalid_grant", "unauthorized_client", "invalid_request"],
    )
}

async fn unknown(op: &mut Provider) -> Outcome {
    let mut device = Device::start(op).await?;
    device.body["device_code"] = Value::from("nobody-issued-this");
    expect::refused(&device.poll(op).await?, &["invalid_grant", "expired_token"])
}

async fn spelling(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let code = device.user_code()?;
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let typed = format!(" {} ", plain.to_lowercase());
    let mut browser = op.newcomer().await?;
    let page = device.question(op, &mut browser, &typed).await?;
    agree(op, &mut browser, page).await?;
    Tokens::read(device.poll(op).await?).map(drop)
}

async fn still_asked(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let complete = device.body["verification_uri_complete"].as_str();
    let complete = complete.ok_or_else(|| missing("no verification_uri_complete"))?;
    let mut browser = op.newcomer().await?;
    signed_in_page(op, &mut browser, complete.parse()?).await?;
    expect::refused(&device.poll(op).await?, &["authorization_pending"])
}

async fn user_codes(op: &mut Provider) -> Outcome {
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(Device::start(op).await?.user_code()?.to_owned());
    }
    let letters = |code: &String| code.chars().filter(char::is_ascii_alphanumeric).count();
    let shortest = codes.iter().map(letters).min().unwrap_or_default();
    codes.sort_unstable();
    codes.dedup();
    ensure!(codes.len() == 6, "a user code came twice");
    // Eight of twenty letters, as the RFC has it, or nine digits as the least.
    ensure!(shortest >= 8, "user codes of {shortest} characters");
    Ok(())
}

async fn wrong_code(op: &mut Provider) -> Outcome {
    let device = Device::start(op).await?;
    let mut browser = op.newcomer().await?;
    let page = device.question(op, &mut browser, "BBBB-BBBB").await?;
    ensure!(page.status < 500, "{}", page.summary());
    agree(op, &mut browser, page).await?;
    expect::refused(&device.poll(op).await?, &["authorization_pending"])
}
