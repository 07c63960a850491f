//! Expectations that many cases share.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::provider::Provider;
use super::request::Callback;
use super::tokens::{json, short};
use crate::suite::case::Outcome;
use crate::suite::client::Reply;

/// An error of the token endpoint's kind (RFC 6749 §5.2): its code.
pub fn oauth_error(reply: &Reply) -> Result<String> {
    ensure!(
        (400..500).contains(&reply.status),
        "not refused: {} «{}»",
        reply.summary(),
        short(&reply.body)
    );
    let body = json(reply)?;
    ensure!(body.get("access_token").is_none(), "tokens beside an error");
    let error = body["error"].as_str();
    let error = error.with_context(|| format!("no error code: {}", short(&reply.body)))?;
    Ok(error.to_owned())
}

/// Refused with one of these codes.
pub fn refused(reply: &Reply, errors: &[&str]) -> Outcome {
    let error = oauth_error(reply)?;
    ensure!(
        errors.contains(&error.as_str()),
        "the error is «{error}», not one of {errors:?}"
    );
    Ok(())
}

/// Refused with `invalid_grant` and status 400.
pub fn invalid_grant(reply: &Reply) -> Outcome {
    refused(reply, &["invalid_grant"])?;
    ensure!(reply.status == 400, "the status is {}", reply.status);
    Ok(())
}

/// Neither cache nor browser history keeps it.
pub fn not_stored(reply: &Reply) -> Outcome {
    let control = reply.header("cache-control").to_lowercase();
    ensure!(
        control.split(',').any(|it| it.trim() == "no-store"),
        "cache-control is «{control}»"
    );
    Ok(())
}

/// An error response of the authorization endpoint is in order but for its code.
pub fn error_response(provider: &Provider, callback: &Callback, state: Option<&str>) -> Outcome {
    ensure!(callback.get("code").is_none(), "an error beside a code");
    ensure!(
        callback.get("state") == state,
        "the state is {:?}, not {state:?}",
        callback.get("state")
    );
    if provider.says("authorization_response_iss_parameter_supported") {
        let iss = callback.get("iss");
        ensure!(
            iss == Some(provider.issuer_text()),
            "iss is {iss:?} in an error response"
        );
    }
    for name in ["error_description", "error_uri"] {
        let text = callback.get(name).unwrap_or_default();
        // RFC 6749 §4.1.2.1, the narrower set of the two.
        let bad = text
            .chars()
            .find(|it| !matches!(it, '\u{20}'..='\u{7e}') || matches!(it, '"' | '\\'));
        ensure!(bad.is_none(), "{name} has the character {bad:?}: «{text}»");
    }
    Ok(())
}

/// 401 with a challenge of a scheme: the challenge.
pub fn challenged<'a>(reply: &'a Reply, scheme: &str) -> Result<&'a str> {
    ensure!(reply.status == 401, "not 401: {}", reply.summary());
    let all = reply.headers.get_all("www-authenticate");
    let found = all
        .iter()
        .filter_map(|it| it.to_str().ok())
        .find(|it| it.to_lowercase().starts_with(&scheme.to_lowercase()));
    found.with_context(|| format!("no WWW-Authenticate: {scheme}"))
}

/// A claim that has to be text.
pub fn text<'a>(claims: &'a Value, name: &str) -> Result<&'a str> {
    let value = claims[name].as_str();
    value.with_context(|| format!("{name} is no text: {}", claims[name]))
}

/// An access token opens `UserInfo`.
pub async fn opens(provider: &Provider, access: &str) -> Outcome {
    let reply = provider.userinfo(access).await?;
    ensure!(reply.status == 200, "UserInfo refuses: {}", reply.summary());
    Ok(())
}

/// An access token no longer opens `UserInfo`.
pub async fn is_dead(provider: &Provider, access: &str) -> Outcome {
    let reply = provider.userinfo(access).await?;
    ensure!(reply.status == 401, "UserInfo answers {}", reply.status);
    Ok(())
}
