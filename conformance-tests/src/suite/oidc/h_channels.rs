//! H and O. Logout by the back and the front channel (82 to 86, 111).

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use scraper::{Html, Selector};
use url::{Url, form_urlencoded};

use super::expect;
use super::flow::SignedIn;
use super::jose::Jwt;
use super::leaving::Leaving;
use super::provider::Provider;
use super::target::Client;
use super::tokens::Tokens;
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::client::parameter;
use crate::suite::clock;
use crate::suite::listeners::{Behaviour, Received};

cases! {
    pub CASES of Provider;
    82 Must "Back-Channel Logout §2.1" ["oidcc-backchannel-rp-initiated-logout"]
        "That the back channel is there, with sessions, is published" => published;
    83 "a" Must "Back-Channel Logout §2.4" ["oidcc-backchannel-rp-initiated-logout"]
        "The logout token has its claims, and no nonce" => claims;
    83 "b" Must "Back-Channel Logout §2.4" ["oidcc-backchannel-rp-initiated-logout"]
        "It is signed with a published key, as ID tokens are" => signature;
    83 "c" Should "Back-Channel Logout §2.4"
        "Its type is `logout+jwt`, and it is good for two minutes at most" => form;
    84 "a" Must "Back-Channel Logout §2.5"
        "It is posted as a form" => posted;
    84 "b" Must "Back-Channel Logout §2.5"
        "Each client of the session gets one" => to_all;
    84 "c" Must "Back-Channel Logout §2.5"
        "A client that fails or hangs holds up neither the others nor the person" => broken;
    85 Must "Back-Channel Logout §2.1"
        "`sid` is that of the ID token" => same_session;
    86 "a" Should "Back-Channel Logout §2.7"
        "A refresh token that isn't for offline use dies with the session" => refresh_dies;
    86 "b" Should "Back-Channel Logout §2.7"
        "One for offline use lives on" => refresh_lives;
}

cases! {
    /// The front channel, which the catalogue of assertions has as its last.
    pub FRONT of Provider;
    111 "a" Must "Front-Channel Logout §3" ["oidcc-frontchannel-rp-initiated-logout"]
        "That the front channel is there, with sessions, is published" => front_published;
    111 "b" Must "Front-Channel Logout §2" ["oidcc-frontchannel-rp-initiated-logout"]
        "The page of the sign-out loads the client's address, with `iss` and `sid`" => frame;
    111 "c" Must "Front-Channel Logout §2"
        "The page's own policy lets the address be loaded" => frame_allowed;
}

/// How long a logout token may take.
const PATIENCE: Duration = Duration::from_secs(10);

fn needs_back(op: &Provider) -> Result<()> {
    op.listener()?;
    if op.says("backchannel_logout_supported") {
        return Ok(());
    }
    Err(missing("backchannel_logout_supported is not true"))
}

/// The path at the suite's listener.
fn path_of(client: &Client) -> Result<String> {
    let uri = client.backchannel_logout_uri.as_deref();
    let uri = uri.ok_or_else(|| missing("the client has no backchannel_logout_uri"))?;
    Ok(Url::parse(uri)?.path().to_owned())
}

/// Signs out where somebody is signed in, with the ID token as hint.
async fn leave(op: &Provider, signed_in: &mut SignedIn) -> Result<Leaving> {
    let hint = signed_in.id.text.clone();
    op.leave(&mut signed_in.browser, &[("id_token_hint", &hint)])
        .await
}

/// The logout token that came to a path since a mark.
async fn token_at(op: &Provider, mark: usize, path: &str) -> Result<(Received, Jwt)> {
    let wanted = |request: &Received| {
        let here = request.path == path && request.method == "POST";
        here.then(|| request.clone())
    };
    let request = op.listener()?.wait(mark, PATIENCE, wanted).await;
    let request = request.with_context(|| format!("no logout token came to {path}"))?;
    let token = form_urlencoded::parse(&request.body)
        .find(|(name, _)| name == "logout_token")
        .map(|(_, value)| value.into_owned());
    let token = token.context("a POST without logout_token")?;
    let token = Jwt::parse(&token)?;
    Ok((request, token))
}

/// A sign-in, a sign-out, and what came of it.
async fn told(op: &Provider) -> Result<(SignedIn, Received, Jwt)> {
    needs_back(op)?;
    let client = op.leaving_client();
    let path = path_of(&client)?;
    let mut signed_in = op.sign_in_fresh(&client, "openid").await?;
    let mark = op.listener()?.mark();
    leave(op, &mut signed_in).await?;
    let (request, token) = token_at(op, mark, &path).await?;
    Ok((signed_in, request, token))
}

async fn published(op: &mut Provider) -> Outcome {
    for name in [
        "backchannel_logout_supported",
        "backchannel_logout_session_supported",
    ] {
        let value = &op.discovery[name];
        if value.is_null() {
            return Err(missing(format!("no {name}")));
        }
        ensure!(value.is_boolean(), "{name} is {value}");
    }
    Ok(())
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn claims(op: &mut Provider) -> Outcome {
    let (signed_in, _, token) = told(op).await?;
    let client = op.leaving_client();
    let iss = token.text_of("iss")?;
    ensure!(iss == op.issuer_text(), "iss is «{iss}»");
    ensure!(
        token.is_for(&client.client_id),
        "aud is {}",
        token.claims["aud"]
    );
    let (iat, now) = (token.seconds("iat")?, clock::now().as_second());
    ensure!(
        (now - 60..=now + 60).contains(&iat),
        "iat is {iat}, and it is {now}"
    );
    ensure!(!token.text_of("jti")?.is_empty(), "an empty jti");
    ensure!(
        token.claims["events"][EVENT].is_object(),
        "events is {}",
        token.claims["events"]
    );
    ensure!(token.claims.get("nonce").is_none(), "it has a nonce");
    let (sub, sid) = (token.claims.get("sub"), token.claims.get("sid"));
    ensure!(sub.is_some() || sid.is_some(), "neither sub nor sid");
    if let Some(sub) = sub {
        ensure!(*sub == signed_in.id.claims["sub"], "sub is {sub}");
    }
    ensure!(token.seconds("exp")? > now, "it has expired");
    Ok(())
}

async fn signature(op: &mut Provider) -> Outcome {
    let (signed_in, _, token) = told(op).await?;
    token.verify(&op.jwks)?;
    let (alg, usual) = (token.alg(), signed_in.id.alg());
    ensure!(alg == usual, "alg is {alg}, that of ID tokens {usual}");
    Ok(())
}

async fn form(op: &mut Provider) -> Outcome {
    let (_, _, token) = told(op).await?;
    let kind = token.header["typ"].as_str().unwrap_or_default();
    if !kind.eq_ignore_ascii_case("logout+jwt") {
        return Err(discouraged(format!("typ is «{kind}»")));
    }
    let life = token.seconds("exp")? - token.seconds("iat")?;
    if life > 120 {
        return Err(discouraged(format!("it is good for {life} s")));
    }
    Ok(())
}

async fn posted(op: &mut Provider) -> Outcome {
    let (_, request, _) = told(op).await?;
    let kind = request.header("content-type").unwrap_or_default();
    ensure!(
        kind.starts_with("application/x-www-form-urlencoded"),
        "the type is «{kind}»"
    );
    let fields = form_urlencoded::parse(&request.body).count();
    ensure!(fields == 1, "{fields} fields");
    Ok(())
}

/// One browser, signed in at two clients.
async fn at_two(op: &Provider) -> Result<(SignedIn, String, String)> {
    needs_back(op)?;
    let (basic, post) = (op.basic(), op.post_client()?);
    let paths = (path_of(&basic)?, path_of(&post)?);
    let first = op.sign_in_fresh(&basic, "openid").await?;
    let request = op.request(&post, "openid")?;
    let second = op.sign_in_with(first.browser, &post, request).await?;
    Ok((second, paths.0, paths.1))
}

async fn to_all(op: &mut Provider) -> Outcome {
    let (mut signed_in, one, two) = at_two(op).await?;
    let mark = op.listener()?.mark();
    leave(op, &mut signed_in).await?;
    token_at(op, mark, &one).await?;
    token_at(op, mark, &two).await.map(drop)
}

async fn broken(op: &mut Provider) -> Outcome {
    for behaviour in [Behaviour::Status(500), Behaviour::Hang] {
        let (mut signed_in, one, two) = at_two(op).await?;
        let listener = op.listener()?;
        let _staged = listener.stage(&one, behaviour.clone());
        let mark = listener.mark();
        let leaving = leave(op, &mut signed_in).await?;
        ensure!(leaving.last.status < 500, "{}", leaving.last.summary());
        ensure!(
            leaving.last.took < PATIENCE,
            "{behaviour:?}: the person waited for {:?}",
            leaving.last.took
        );
        token_at(op, mark, &two).await?;
        let browser = &mut signed_in.browser;
        ensure!(
            !op.is_signed_in(browser).await?,
            "{behaviour:?}: still signed in"
        );
    }
    Ok(())
}

async fn same_session(op: &mut Provider) -> Outcome {
    if !op.says("backchannel_logout_session_supported") {
        return Err(missing("backchannel_logout_session_supported is not true"));
    }
    let (signed_in, _, token) = told(op).await?;
    let sid = signed_in.id.text_of("sid")?;
    ensure!(
        token.text_of("sid")? == sid,
        "sid is {}, not {sid}",
        token.claims["sid"]
    );
    Ok(())
}

async fn refresh_dies(op: &mut Provider) -> Outcome {
    op.endpoint("end_session_endpoint")?;
    let client = op.leaving_client();
    let mut signed_in = op.sign_in_fresh(&client, "openid").await?;
    if signed_in.tokens.refresh().is_err() {
        return Err(missing("without offline_access no refresh token is issued"));
    }
    leave(op, &mut signed_in).await?;
    let token = signed_in.tokens.refresh()?;
    expect::invalid_grant(&op.refresh(&client, token).await?)
}

async fn refresh_lives(op: &mut Provider) -> Outcome {
    op.endpoint("end_session_endpoint")?;
    op.needs("scopes_supported", "offline_access")?;
    let client = op.leaving_client();
    let request = op.offline(&client)?;
    let mut signed_in = op.sign_in_with(op.browser()?, &client, request).await?;
    leave(op, &mut signed_in).await?;
    let reply = op.refresh(&client, signed_in.tokens.refresh()?).await?;
    Tokens::read(reply).map(drop)
}

fn needs_front(op: &Provider) -> Result<Url> {
    if !op.says("frontchannel_logout_supported") {
        return Err(missing("frontchannel_logout_supported is not true"));
    }
    let uri = op.front_client()?.frontchannel_logout_uri;
    let uri = uri.ok_or_else(|| missing("clients.front has no frontchannel_logout_uri"))?;
    Ok(uri.parse()?)
}

async fn front_published(op: &mut Provider) -> Outcome {
    needs_front(op)?;
    let name = "frontchannel_logout_session_supported";
    ensure!(
        op.discovery[name].is_boolean(),
        "{name} is {}",
        op.discovery[name]
    );
    Ok(())
}

/// The address of the frame for the basic client, and the sign-in before it.
async fn framed(op: &Provider) -> Result<(SignedIn, Leaving, Url)> {
    let wanted = needs_front(op)?;
    let mut signed_in = op.sign_in_fresh(&op.front_client()?, "openid").await?;
    let leaving = leave(op, &mut signed_in).await?;
    let html = Html::parse_document(&leaving.last.body);
    let Ok(frames) = Selector::parse("iframe[src]") else {
        bail!("no selector");
    };
    let found = html.select(&frames).find_map(|frame| {
        let address = leaving.last.url.join(frame.attr("src")?).ok()?;
        let here = address.origin() == wanted.origin() && address.path() == wanted.path();
        here.then_some(address)
    });
    let found =
        found.with_context(|| format!("no frame with {wanted}: {}", leaving.last.summary()))?;
    Ok((signed_in, leaving.clone(), found))
}

async fn frame(op: &mut Provider) -> Outcome {
    let (signed_in, _, address) = framed(op).await?;
    let (iss, sid) = (parameter(&address, "iss"), parameter(&address, "sid"));
    ensure!(iss.as_deref() == Some(op.issuer_text()), "iss is {iss:?}");
    let expected = signed_in.id.text_of("sid")?;
    ensure!(
        sid.as_deref() == Some(expected),
        "sid is {sid:?}, not {expected}"
    );
    Ok(())
}

async fn frame_allowed(op: &mut Provider) -> Outcome {
    let (_, leaving, address) = framed(op).await?;
    let policy = leaving.last.header("content-security-policy").to_owned();
    let directive = |name: &str| {
        let mut all = policy.split(';').map(str::trim);
        all.find_map(|it| it.strip_prefix(name).filter(|rest| rest.starts_with(' ')))
    };
    // CSP 3 §6.8.1: frame-src falls back to child-src, and that to default-src.
    let sources = directive("frame-src")
        .or(directive("child-src"))
        .or(directive("default-src"));
    let Some(sources) = sources else {
        return Ok(());
    };
    let origin = address.origin().ascii_serialization();
    let allowed = sources.split_whitespace().any(|source| {
        source == "*"
            || source == "https:"
            || address.as_str().starts_with(source)
            || source == origin
    });
    ensure!(allowed, "frame-src is «{sources}»");
    Ok(())
}
