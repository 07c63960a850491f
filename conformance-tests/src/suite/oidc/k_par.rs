//! K. Pushed authorization requests (94 to 97).

use anyhow::{Result, ensure};
use reqwest::Method;

use super::expect;
use super::provider::Provider;
use super::request::{AuthRequest, Landing};
use super::target::Client;
use super::tokens::{json, post};
use crate::cases;
use crate::suite::case::{Outcome, discouraged};
use crate::suite::client::{Browser, Reply, Request, parameter};

cases! {
    pub CASES of Provider;
    94 "a" Must "RFC 9126 §2.1"
        "A client that doesn't show who it is pushes nothing" => unauthenticated;
    94 "b" Must "RFC 9126 §2.1"
        "A `request_uri` in what is pushed is refused" => nested;
    94 "c" Must "RFC 9126 §2.1"
        "A `client_id` that isn't the authenticated client's is refused" => other_id;
    94 "d" Must "RFC 9126 §2"
        "A public client may push" => public;
    95 "a" Must "RFC 9126 §2.2"
        "The answer: 201, `request_uri`, `expires_in`" => answer;
    95 "b" Must "RFC 9126 §2.2"
        "The `request_uri` can't be guessed" => unguessable;
    95 "c" Must "RFC 9126 §2.2"
        "The answer is kept nowhere" => stored;
    95 "d" Must "RFC 9126 §2.3"
        "405 on other methods" => by_get;
    95 "e" Should "RFC 9126 §2.3"
        "A body that is too large is refused" => too_large;
    96 "a" Must "RFC 9126 §4"
        "A request that was pushed gives a code" => flow;
    96 "b" Must "RFC 9126 §2.1"
        "What would be refused at the authorization endpoint is refused when it is pushed" => validated;
    96 "c" Must "RFC 9126 §4"
        "Another client can't use it" => foreign;
    96 "d" Must "RFC 9126 §4"
        "One that nobody pushed is refused" => unknown;
    96 "e" Should "RFC 9126 §4"
        "It can be used once" => reused;
    96 "f" Must "RFC 9126 §4"
        "Parameters beside it don't override it" => overridden;
    97 "a" Must "RFC 9126 §6"
        "A client that has to push is refused without" => required;
    97 "b" Must "RFC 9126 §6"
        "And gets a code with it" => required_flow;
}

const ENDPOINT: &str = "pushed_authorization_request_endpoint";

pub(super) async fn push(op: &Provider, client: &Client, request: &AuthRequest) -> Result<Reply> {
    op.ask(ENDPOINT, client, &request.fields()).await
}

/// The `request_uri` of a request that was pushed.
pub(super) async fn pushed(
    op: &Provider,
    client: &Client,
    request: &AuthRequest,
) -> Result<String> {
    let reply = push(op, client, request).await?;
    ensure!(
        reply.status == 201,
        "not taken: {} «{}»",
        reply.summary(),
        reply.body
    );
    let body = json(&reply)?;
    Ok(expect::text(&body, "request_uri")?.to_owned())
}

/// A request that only names what was pushed; `pushed` says what comes back.
pub(super) fn by_reference(pushed: &AuthRequest, client_id: &str, uri: &str) -> AuthRequest {
    let mut request = pushed.clone();
    let named = [("client_id", client_id), ("request_uri", uri)];
    request.parameters = named
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    request
}

async fn unauthenticated(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let made = post(op.endpoint(ENDPOINT)?, &request.fields());
    let reply = op.application()?.send(made).await?;
    expect::refused(&reply, &["invalid_client"])
}

async fn nested(op: &mut Provider) -> Outcome {
    let uri = "urn:ietf:params:oauth:request_uri:x";
    let request = op.request(&op.basic(), "openid")?.with("request_uri", uri);
    expect::refused(
        &push(op, &op.basic(), &request).await?,
        &["invalid_request", "request_uri_not_supported"],
    )
}

async fn other_id(op: &mut Provider) -> Outcome {
    let other = op.post_client()?.client_id;
    let request = op.request(&op.basic(), "openid")?.with("client_id", &other);
    let reply = push(op, &op.basic(), &request).await?;
    expect::refused(&reply, &["invalid_request", "invalid_client"])
}

async fn public(op: &mut Provider) -> Outcome {
    let client = op.public_client()?;
    // Its name is among the parameters already.
    let request = op.request(&client, "openid")?;
    let made = post(op.endpoint(ENDPOINT)?, &request.fields());
    let reply = op.application()?.send(made).await?;
    ensure!(reply.status == 201, "{}", reply.summary());
    Ok(())
}

async fn answer(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let reply = push(op, &op.basic(), &request).await?;
    ensure!(reply.status == 201, "{}", reply.summary());
    let body = json(&reply)?;
    expect::text(&body, "request_uri")?;
    let life = body["expires_in"].as_u64().unwrap_or_default();
    ensure!(life > 0, "expires_in is {}", body["expires_in"]);
    if !(5..=600).contains(&life) {
        return Err(discouraged(format!("expires_in is {life}")));
    }
    Ok(())
}

async fn unguessable(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let one = pushed(op, &op.basic(), &request).await?;
    let two = pushed(op, &op.basic(), &request).await?;
    let common = one
        .chars()
        .zip(two.chars())
        .take_while(|(a, b)| a == b)
        .count();
    let random = one.chars().count().saturating_sub(common);
    // Six bits a character; a few may be the same by chance.
    ensure!(
        random * 6 >= 120,
        "{random} characters differ: {one}, {two}"
    );
    Ok(())
}

async fn stored(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let reply = push(op, &op.basic(), &request).await?;
    let control = reply.header("cache-control").to_lowercase();
    ensure!(
        control.contains("no-store") || control.contains("no-cache"),
        "cache-control is «{control}»"
    );
    Ok(())
}

async fn by_get(op: &mut Provider) -> Outcome {
    for method in [Method::GET, Method::PUT] {
        let request = Request {
            method: method.clone(),
            ..Request::get(op.endpoint(ENDPOINT)?)
        };
        let reply = op.application()?.send(request).await?;
        ensure!(reply.status == 405, "{method}: {}", reply.summary());
    }
    Ok(())
}

async fn too_large(op: &mut Provider) -> Outcome {
    let large = "x".repeat(1 << 20);
    let request = op
        .request(&op.basic(), "openid")?
        .with("login_hint", &large);
    let reply = push(op, &op.basic(), &request).await?;
    ensure!((400..500).contains(&reply.status), "{}", reply.status);
    if reply.status != 413 {
        return Err(discouraged(format!("refused with {}", reply.status)));
    }
    Ok(())
}

/// Pushes and goes on with what it gave.
async fn carried(
    op: &Provider,
    browser: &mut Browser,
    client: &Client,
) -> Result<(AuthRequest, Landing)> {
    let request = op.request(client, "openid")?;
    let uri = pushed(op, client, &request).await?;
    let short = by_reference(&request, &client.client_id, &uri);
    let landing = op.authorize(browser, &short).await?;
    Ok((short, landing))
}

async fn flow(op: &mut Provider) -> Outcome {
    for client in [Ok(op.basic()), op.key_client()].into_iter().flatten() {
        // With a sign-in in between.
        let (request, landing) = carried(op, &mut op.browser()?, &client).await?;
        let code = landing.code()?;
        let state = landing.callback()?.get("state");
        ensure!(state == Some(&request.state), "the state is {state:?}");
        op.redeem(&client, &request, code)
            .await?
            .id()?
            .verify(&op.jwks)?;
    }
    Ok(())
}

async fn validated(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let plain = op.request(&client, "openid")?;
    let bad = plain
        .clone()
        .with("redirect_uri", "https://unregistered.invalid/callback");
    let reply = push(op, &client, &bad).await?;
    expect::refused(&reply, &["invalid_request", "invalid_redirect_uri"])?;
    let bad = plain.with("response_type", "magic");
    let reply = push(op, &client, &bad).await?;
    expect::refused(&reply, &["unsupported_response_type", "invalid_request"])
}

async fn foreign(op: &mut Provider) -> Outcome {
    let (client, other) = (op.basic(), op.post_client()?);
    let request = op.request(&client, "openid")?;
    let uri = pushed(op, &client, &request).await?;
    let theirs = by_reference(&request, &other.client_id, &uri);
    let landing = op.authorize(&mut op.visitor().await?, &theirs).await?;
    landing.no_code()?;
    ensure!(landing.reply.status < 500, "{}", landing.reply.summary());
    let elsewhere = landing.reply.redirect();
    let error = elsewhere.and_then(|to| parameter(&to, "error"));
    ensure!(
        error.is_some() || landing.reply.status >= 400,
        "not refused: {}",
        landing.reply.summary()
    );
    Ok(())
}

async fn unknown(op: &mut Provider) -> Outcome {
    op.endpoint(ENDPOINT)?;
    let client = op.basic();
    let request = op.request(&client, "openid")?;
    let uri = "urn:ietf:params:oauth:request_uri:nobody-pushed-this";
    let request = by_reference(&request, &client.client_id, uri);
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request", "invalid_request_uri"])
}

async fn reused(op: &mut Provider) -> Outcome {
    let mut browser = op.visitor().await?;
    let (request, landing) = carried(op, &mut browser, &op.basic()).await?;
    landing.code()?;
    let landing = op.authorize(&mut browser, &request).await?;
    landing.refused_as(&["invalid_request", "invalid_request_uri"])
}

async fn overridden(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.request(&client, "openid")?;
    let uri = pushed(op, &client, &request).await?;
    let attacked = by_reference(&request, &client.client_id, &uri)
        .adding("scope", "openid email phone")
        .adding("nonce", "of-the-attacker")
        .adding("state", "of-the-attacker");
    let landing = op.authorize(&mut op.visitor().await?, &attacked).await?;
    let Ok(code) = landing.code() else {
        return landing.refused_as(&["invalid_request"]);
    };
    let state = landing.callback()?.get("state");
    ensure!(state == Some(&request.state), "the state is {state:?}");
    let tokens = op.redeem(&client, &request, code).await?;
    ensure!(
        tokens.id()?.text_of("nonce")? == request.nonce,
        "another nonce"
    );
    let claims = op.claims(tokens.access()?).await?;
    ensure!(claims.get("email").is_none(), "a wider scope");
    Ok(())
}

async fn required(op: &mut Provider) -> Outcome {
    op.endpoint(ENDPOINT)?;
    let request = op.request(&op.pushing_client()?, "openid")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request", "unauthorized_client"])
}

async fn required_flow(op: &mut Provider) -> Outcome {
    let client = op.pushing_client()?;
    let (request, landing) = carried(op, &mut op.visitor().await?, &client).await?;
    op.redeem(&client, &request, landing.code()?)
        .await
        .map(drop)
}
