//! A. When people are asked, and when not (11 to 17, 21).

use std::time::Duration;

use anyhow::{Result, ensure};

use super::expect;
use super::flow::SignedIn;
use super::provider::Provider;
use super::request::{AuthRequest, Landing};
use crate::cases;
use crate::suite::buttons;
use crate::suite::case::{Outcome, missing};
use crate::suite::client::Browser;
use crate::suite::clock;

cases! {
    pub CASES of Provider;
    11 Must "Core §3.1.2.3" ["oidcc-prompt-none-not-logged-in"]
        "`prompt=none` shows no page to somebody who isn't signed in: an error comes back" => none_signed_out;
    12 "a" Must "Core §3.1.2.1" ["oidcc-prompt-none-logged-in"]
        "`prompt=none` gives a code to somebody who is signed in" => none_signed_in;
    12 "b" Must "Core §3.1.2.1" ["oidcc-prompt-none-logged-in"]
        "The ID token of `prompt=none` has the same `sub` and `auth_time`" => none_same_claims;
    13 Must "Core §3.1.2.1"
        "`none` beside another prompt is an error" => none_and_login;
    14 "a" Should "Core §3.1.2.1" ["oidcc-prompt-login"]
        "`prompt=login` asks for credentials again" => login_asks;
    14 "b" Must "Core §3.1.2.1" ["oidcc-prompt-login"]
        "After `prompt=login` the `auth_time` is later and the `sub` the same" => login_later;
    15 "a" Should "Core §3.1.2.1"
        "`prompt=consent` asks for consent again" => consent_asks;
    15 "b" Should "Core §3.1.2.1"
        "`prompt=select_account` shows a page" => select_account;
    16 "a" Must "Core §3.1.2.1" ["oidcc-max-age-1"]
        "A `max_age` that is over asks for credentials, and `auth_time` is later" => max_age_over;
    16 "b" Must "Core §3.1.2.1" ["oidcc-max-age-10000"]
        "A `max_age` that isn't over asks nobody, and `auth_time` is there and the same" => max_age_left;
    16 "c" Must "Core §3.1.2.1"
        "`max_age=0` asks for credentials" => max_age_zero;
    16 "d" Must "Core §3.1.2.1"
        "A `max_age` that is over with `prompt=none` is an error" => max_age_silent;
    17 "a" Should "Core §3.1.2.1" ["oidcc-id-token-hint"]
        "`id_token_hint` of whoever is signed in gives a code silently, `sub` and `auth_time` the same" => hint_of_same;
    17 "b" Must "Core §3.1.2.2"
        "`id_token_hint` of somebody else gives no code silently" => hint_of_other;
    21 "a" Must "Core §3.1.2.4"
        "Nothing is released before somebody has decided" => undecided;
    21 "b" Must "Core §3.1.2.6"
        "Who refuses is sent back with `access_denied`" => denied;
}

/// Errors that say a person would have to do something (Core §3.1.2.6).
const NEEDS_PERSON: &[&str] = &[
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
];

/// The error of a request that may show nothing.
fn silent_error(op: &Provider, landing: &Landing, request: &AuthRequest) -> Outcome {
    let error = landing.error()?;
    ensure!(NEEDS_PERSON.contains(&error), "the error is «{error}»");
    expect::error_response(op, landing.callback()?, Some(&request.state))
}

pub(super) async fn none_signed_out(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("prompt", "none");
    let landing = op.open(&mut op.browser()?, &request).await?;
    silent_error(op, &landing, &request)
}

/// A request of the same browser after `first`; nobody answers a page.
async fn silently(op: &Provider, first: &SignedIn, request: AuthRequest) -> Result<SignedIn> {
    let mut browser = first.browser.clone();
    let landing = op.open(&mut browser, &request).await?;
    let tokens = op.redeem(&op.basic(), &request, landing.code()?).await?;
    let id = tokens.id()?;
    id.verify(&op.jwks)?;
    Ok(SignedIn {
        browser,
        request,
        landing,
        tokens,
        id,
    })
}

/// With `max_age`, so that there is an `auth_time` (Core §2).
async fn first(op: &Provider) -> Result<SignedIn> {
    let client = op.basic();
    let request = op.request(&client, "openid")?.with("max_age", "10000");
    op.sign_in_with(op.browser()?, &client, request).await
}

fn same_person(one: &SignedIn, other: &SignedIn) -> Outcome {
    let (one, other) = (one.id.text_of("sub")?, other.id.text_of("sub")?);
    ensure!(one == other, "the sub is {other}, and was {one}");
    Ok(())
}

fn same_time(one: &SignedIn, other: &SignedIn) -> Outcome {
    let (one, other) = (one.id.seconds("auth_time")?, other.id.seconds("auth_time")?);
    ensure!(one == other, "auth_time is {other}, and was {one}");
    Ok(())
}

fn later(one: &SignedIn, other: &SignedIn) -> Outcome {
    let (one, other) = (one.id.seconds("auth_time")?, other.id.seconds("auth_time")?);
    ensure!(other > one, "auth_time is {other}, and was {one}");
    let age = clock::now().as_second() - other;
    ensure!((-5..60).contains(&age), "auth_time is {age} s ago");
    Ok(())
}

async fn none_signed_in(op: &mut Provider) -> Outcome {
    let first = first(op).await?;
    let request = op.request(&op.basic(), "openid")?.with("prompt", "none");
    silently(op, &first, request).await.map(drop)
}

pub(super) async fn none_same_claims(op: &mut Provider) -> Outcome {
    let first = first(op).await?;
    let request = op.request(&op.basic(), "openid")?;
    let request = request.with("prompt", "none").with("max_age", "10000");
    let second = silently(op, &first, request).await?;
    same_person(&first, &second)?;
    same_time(&first, &second)
}

async fn none_and_login(op: &mut Provider) -> Outcome {
    let request = op
        .request(&op.basic(), "openid")?
        .with("prompt", "none login");
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request"])
}

/// Another sign-in by the same browser, a second and more after the first.
async fn again(op: &Provider, name: &str, value: &str) -> Result<(SignedIn, SignedIn)> {
    let first = first(op).await?;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let client = op.basic();
    let request = op.request(&client, "openid")?.with("max_age", "10000");
    let request = request.with(name, value);
    let second = op
        .sign_in_with(first.browser.clone(), &client, request)
        .await?;
    Ok((first, second))
}

async fn login_asks(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("prompt", "login");
    let landing = op.open(&mut op.newcomer().await?, &request).await?;
    ensure!(
        op.login_form(&landing.reply).is_some(),
        "nobody is asked: {}",
        landing.reply.summary()
    );
    Ok(())
}

pub(super) async fn login_later(op: &mut Provider) -> Outcome {
    let (first, second) = again(op, "prompt", "login").await?;
    same_person(&first, &second)?;
    later(&first, &second)
}

async fn consent_asks(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid profile")?;
    let mut browser = op.visitor().await?;
    // Whatever there is to agree to is agreed to.
    op.authorize(&mut browser, &request).await?.code()?;
    let request = request.with("prompt", "consent");
    let landing = op.open(&mut browser, &request).await?;
    ensure!(
        landing.callback.is_none() && buttons::affirmative(&landing.reply).is_some(),
        "nobody is asked: {}",
        landing.reply.summary()
    );
    Ok(())
}

async fn select_account(op: &mut Provider) -> Outcome {
    if op.discovery["prompt_values_supported"].is_array() {
        op.needs("prompt_values_supported", "select_account")?;
    }
    let request = op
        .request(&op.basic(), "openid")?
        .with("prompt", "select_account");
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    ensure!(
        landing.callback.is_none() && landing.reply.status == 200,
        "no page: {}",
        landing.reply.summary()
    );
    Ok(())
}

pub(super) async fn max_age_over(op: &mut Provider) -> Outcome {
    let (first, second) = again(op, "max_age", "1").await?;
    ensure!(!second.landing.login_pages.is_empty(), "nobody was asked");
    same_person(&first, &second)?;
    later(&first, &second)
}

pub(super) async fn max_age_left(op: &mut Provider) -> Outcome {
    let first = first(op).await?;
    let request = op.request(&op.basic(), "openid")?.with("max_age", "10000");
    let second = silently(op, &first, request).await?;
    same_person(&first, &second)?;
    same_time(&first, &second)
}

async fn max_age_zero(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("max_age", "0");
    let landing = op.open(&mut op.newcomer().await?, &request).await?;
    ensure!(
        op.login_form(&landing.reply).is_some(),
        "nobody is asked: {}",
        landing.reply.summary()
    );
    Ok(())
}

async fn max_age_silent(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let request = request.with("max_age", "0").with("prompt", "none");
    let landing = op.open(&mut op.newcomer().await?, &request).await?;
    silent_error(op, &landing, &request)
}

pub(super) async fn hint_of_same(op: &mut Provider) -> Outcome {
    let first = first(op).await?;
    let request = op.request(&op.basic(), "openid")?.with("max_age", "10000");
    let request = request
        .with("prompt", "none")
        .with("id_token_hint", &first.id.text);
    let second = silently(op, &first, request).await?;
    same_person(&first, &second)?;
    same_time(&first, &second)
}

async fn hint_of_other(op: &mut Provider) -> Outcome {
    let other = op.other_user()?;
    let client = op.basic();
    let mut browser = op.browser()?;
    let request = op.request(&client, "openid")?;
    let landing = op.authorize_as(&mut browser, &request, &other).await?;
    let theirs = op.redeem(&client, &request, landing.code()?).await?.id()?;
    let request = op.request(&client, "openid")?.with("prompt", "none");
    let request = request.with("id_token_hint", &theirs.text);
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    silent_error(op, &landing, &request)
}

async fn undecided(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let landing = op.open(&mut op.browser()?, &request).await?;
    ensure!(
        landing.callback.is_none() && op.login_form(&landing.reply).is_some(),
        "no login form: {}",
        landing.reply.summary()
    );
    let asking = op.asking_client()?;
    let request = op.request(&asking, "openid profile email")?;
    let mut browser = op.visitor().await?;
    let silent = op
        .open(&mut browser, &request.clone().with("prompt", "none"))
        .await?;
    silent_error(op, &silent, &request)?;
    let landing = op.open(&mut browser, &request).await?;
    ensure!(
        landing.callback.is_none(),
        "nobody is asked for consent: {}",
        landing.reply.summary()
    );
    Ok(())
}

/// Refuses by a button or a link, whichever the page has.
async fn refuse(browser: &mut Browser, landing: &Landing) -> Result<crate::suite::client::Reply> {
    let page = &landing.reply;
    if let Some(form) = buttons::negative(page) {
        let reply = browser.submit(&page.url, &form).await?;
        return browser.through(reply).await;
    }
    let link = buttons::negative_link(page);
    let link = link.ok_or_else(|| missing("the page has nothing to refuse with"))?;
    browser.open(link).await
}

async fn denied(op: &mut Provider) -> Outcome {
    let asking = op.asking_client()?;
    let request = op.request(&asking, "openid profile email")?;
    let mut browser = op.visitor().await?;
    let landing = op.open(&mut browser, &request).await?;
    ensure!(landing.callback.is_none(), "nobody is asked for consent");
    let reply = refuse(&mut browser, &landing).await?;
    let callback = super::request::Callback::read(&reply, &request.redirect_uri);
    let landing = Landing {
        callback,
        ..Landing::of(reply)
    };
    let error = landing.error()?;
    ensure!(error == "access_denied", "the error is «{error}»");
    expect::error_response(op, landing.callback()?, Some(&request.state))
}
