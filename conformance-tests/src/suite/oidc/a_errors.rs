//! A. Errors of the authorization endpoint, and what they carry (4, 7, 9, 22, 23, 25, 26, 109).

use anyhow::{Result, ensure};
use serde_json::json;

use super::expect;
use super::keys::unsigned;
use super::provider::Provider;
use super::request::{AuthRequest, Landing, Mode};
use super::tokens::Tokens;
use crate::cases;
use crate::suite::case::Outcome;

cases! {
    pub CASES of Provider;
    4 "a" Must "RFC 6749 §3.1.1" ["oidcc-response-type-missing"]
        "A request without `response_type` is refused" => no_response_type;
    4 "b" Must "RFC 6749 §3.1.1"
        "A `response_type` that nobody knows is refused" => odd_response_type;
    7 "a" Must "RFC 6749 §4.1.2"
        "`state` comes back as it was sent, whatever its characters" => state_kept;
    7 "b" Must "RFC 6749 §4.1.2.1"
        "`state` comes back with an error too" => state_in_error;
    7 "c" Must "RFC 6749 §4.1.2"
        "No `state` comes back where none was sent" => no_state;
    9 Must "Core §3.1.2.1"
        "Without `openid` no ID token is issued" => without_openid;
    22 "a" Must "Core §3.1.2.6"
        "An error goes to the redirect URI, without a code" => error_redirected;
    22 "b" Must "Core §3.1.2.6"
        "An error goes by the response mode that was asked for" => error_by_form_post;
    22 "c" Must "RFC 6749 §4.1.2.1"
        "A scope that nobody knows is ignored, or an error `invalid_scope`" => unknown_scope;
    22 "d" Must "Core §3.1.2.6"
        "`prompt` with a word that nobody knows causes no failure of the server" => odd_prompt;
    22 "e" Must "Core §3.1.2.1"
        "A `max_age` that is no number is refused or ignored" => odd_max_age;
    23 Must "RFC 6749 §4.1.2.1"
        "Descriptions of errors have the characters that are allowed" => characters;
    25 "a" Must "Core §6.1" ["oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"]
        "A request object is obeyed, or refused as `request_not_supported`" => request_object;
    25 "b" Must "Core §6.2" ["oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"]
        "A `request_uri` is refused as not supported, or as invalid" => request_uri;
    26 May "Core §6.1" ["oidcc-ensure-request-object-with-redirect-uri"]
        "The redirect URI of a request object wins, or the object is refused" => object_redirect;
}

async fn refusal(op: &Provider, request: &AuthRequest, errors: &[&str]) -> Outcome {
    let landing = op.open(&mut op.visitor().await?, request).await?;
    landing.refused_as(errors)?;
    match &landing.callback {
        Some(callback) => expect::error_response(op, callback, Some(&request.state)),
        None => Ok(()),
    }
}

pub(super) async fn no_response_type(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.without("response_type");
    refusal(
        op,
        &request,
        &["invalid_request", "unsupported_response_type"],
    )
    .await
}

async fn odd_response_type(op: &mut Provider) -> Outcome {
    let request = op
        .request(&op.basic(), "openid")?
        .with("response_type", "magic");
    refusal(
        op,
        &request,
        &["invalid_request", "unsupported_response_type"],
    )
    .await
}

const STATE: &str = "a b+c%20&d=e#f/?ü \"'<>\\~";

async fn state_kept(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("state", STATE);
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.code()?;
    let state = landing.callback()?.get("state");
    ensure!(state == Some(STATE), "the state is {state:?}");
    Ok(())
}

/// A request that fails after client and redirect URI are known to be right.
fn failing(op: &Provider) -> Result<AuthRequest> {
    Ok(op.request(&op.basic(), "openid")?.with("prompt", "none"))
}

async fn failed(op: &Provider, request: &AuthRequest) -> Result<Landing> {
    op.open(&mut op.browser()?, request).await
}

async fn state_in_error(op: &mut Provider) -> Outcome {
    let landing = failed(op, &failing(op)?.with("state", STATE)).await?;
    landing.error()?;
    let state = landing.callback()?.get("state");
    ensure!(state == Some(STATE), "the state is {state:?}");
    Ok(())
}

async fn no_state(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.without("state");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.code()?;
    ensure!(landing.callback()?.get("state").is_none(), "a state came");
    let landing = failed(op, &failing(op)?.without("state")).await?;
    landing.error()?;
    ensure!(
        landing.callback()?.get("state").is_none(),
        "a state came with an error"
    );
    Ok(())
}

async fn without_openid(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.request(&client, "profile")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    if landing
        .callback
        .as_ref()
        .is_some_and(|it| it.get("error").is_some())
    {
        // A provider that serves nothing but OpenID Connect may say so.
        return landing.refused_as(&["invalid_scope", "invalid_request"]);
    }
    let code = landing.code()?;
    let reply = op.exchange(&client, &request, code).await?;
    let tokens = Tokens::read(reply)?;
    ensure!(
        tokens.body.get("id_token").is_none(),
        "an ID token was issued"
    );
    Ok(())
}

async fn error_redirected(op: &mut Provider) -> Outcome {
    let request = failing(op)?;
    let landing = failed(op, &request).await?;
    landing.error()?;
    let callback = landing.callback()?;
    ensure!(callback.mode == Mode::Query, "by {:?}", callback.mode);
    expect::error_response(op, callback, Some(&request.state))
}

async fn error_by_form_post(op: &mut Provider) -> Outcome {
    op.needs("response_modes_supported", "form_post")?;
    let request = failing(op)?.with("response_mode", "form_post");
    let landing = failed(op, &request).await?;
    landing.error()?;
    let callback = landing.callback()?;
    ensure!(callback.mode == Mode::FormPost, "by {:?}", callback.mode);
    expect::error_response(op, callback, Some(&request.state))
}

async fn unknown_scope(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid nobody-knows-this")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    if landing.code().is_ok() {
        return Ok(());
    }
    landing.refused_as(&["invalid_scope"])
}

async fn odd_prompt(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("prompt", "dance");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    ensure!(landing.reply.status < 500, "{}", landing.reply.summary());
    if landing.code().is_ok() {
        return Ok(());
    }
    landing.refused_as(&["invalid_request"])
}

async fn odd_max_age(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("max_age", "soon");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    ensure!(landing.reply.status < 500, "{}", landing.reply.summary());
    if landing.code().is_ok() {
        return Ok(());
    }
    landing.refused_as(&["invalid_request"])
}

async fn characters(op: &mut Provider) -> Outcome {
    // Values that a careless server says back.
    let odd = "x\r\nSet-Cookie: a=b\t\"\\<script>ü";
    let plain = op.request(&op.basic(), "openid")?;
    let requests = [
        plain.clone().with("response_type", odd),
        plain.clone().with("scope", &format!("openid {odd}")),
        plain.clone().with("prompt", odd),
        plain.clone().with("response_mode", odd),
        plain.clone().with("code_challenge_method", odd),
        plain.with("max_age", odd),
    ];
    for request in requests {
        let landing = op.open(&mut op.visitor().await?, &request).await?;
        ensure!(landing.reply.status < 500, "{}", landing.reply.summary());
        if let Some(callback) = landing.callback.filter(|it| it.get("error").is_some()) {
            expect::error_response(op, &callback, Some(&request.state))?;
        }
    }
    Ok(())
}

/// An unsigned request object with these claims more.
fn object(request: &AuthRequest, more: &[(&str, &str)]) -> String {
    let mut claims = json!({ "client_id": request.client_id, "response_type": "code" });
    for (name, value) in request.fields().iter().chain(more) {
        claims[*name] = json!(value);
    }
    unsigned(&json!({ "alg": "none" }), &claims)
}

pub(super) async fn request_object(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let inside = request
        .clone()
        .with("state", "of-the-object")
        .with("nonce", "of-the-object");
    let request = request.with("request", &object(&inside, &[]));
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    if landing.code().is_ok() {
        let state = landing.callback()?.get("state");
        ensure!(
            state == Some("of-the-object"),
            "the request object was ignored: the state is {state:?}"
        );
        return Ok(());
    }
    landing.refused_as(&["request_not_supported", "invalid_request_object"])
}

pub(super) async fn request_uri(op: &mut Provider) -> Outcome {
    // Nobody answers there: a server that fetches it can only fail.
    let request = op
        .request(&op.basic(), "openid")?
        .with("request_uri", "https://unregistered.invalid/request.jwt");
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&[
        "request_uri_not_supported",
        "invalid_request_uri",
        "invalid_request",
    ])
}

pub(super) async fn object_redirect(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let object = object(&request, &[]);
    let request = request
        .with("redirect_uri", "https://unregistered.invalid/callback")
        .with("request", &object);
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    let to = landing.reply.redirect();
    let foreign = to.filter(|it| it.host_str() == Some("unregistered.invalid"));
    ensure!(foreign.is_none(), "sent to {foreign:?}");
    if landing.callback.is_some() {
        return landing.refused_as(&["request_not_supported", "invalid_request_object"]);
    }
    if op.says("request_parameter_supported") {
        return Ok(());
    }
    landing.error_page()
}
