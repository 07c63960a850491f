//! C. The token endpoint's form and its grants (39, 44, 45, 47, 48, 50).

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use super::expect;
use super::provider::Provider;
use super::tokens::{Tokens, code_fields, with_basic};
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::client::{Reply, Request};

cases! {
    pub CASES of Provider;
    39 "a" Must "RFC 6749 §3.2"
        "The token endpoint gives nothing by GET" => by_get;
    39 "b" Must "RFC 6749 §4.1.3"
        "It takes forms, not JSON" => by_json;
    39 "c" Must "RFC 6749 §3.2"
        "A parameter that comes twice is refused" => repeated;
    39 "d" Must "RFC 6749 §3.2"
        "A body that is no form is refused, and no failure of the server" => garbage;
    44 "a" Must "RFC 6749 §5.2"
        "A code of another client is refused" => code_of_other;
    44 "b" Must "RFC 6749 §5.2"
        "A code that nobody issued is refused" => unknown_code;
    44 "c" Must "RFC 6749 §4.1.2"
        "A code that is too old is refused" => old_code;
    44 "d" Must "RFC 6749 §5.2"
        "A request without code is refused" => no_code;
    45 "a" Must "Core §3.1.3.2"
        "Another redirect URI than that of the request is refused" => other_redirect;
    45 "b" Must "Core §3.1.3.2"
        "A missing redirect URI is refused" => no_redirect;
    47 "a" Must "Core §3.1.3.3" ["oidcc-server"]
        "The answer has an access token, its type and an ID token" => members;
    47 "b" Must "RFC 6749 §5.1" ["oidcc-server"]
        "The answer is kept nowhere" => stored;
    47 "c" Should "RFC 6749 §5.1" ["oidcc-server"]
        "`expires_in` is there" => expires_in;
    47 "d" Must "RFC 6749 §5.2"
        "An error is kept nowhere" => error_stored;
    48 "a" Must "RFC 6749 §5.2"
        "A grant that nobody knows is refused as unsupported" => unknown_grant;
    48 "b" Must "RFC 6749 §5.2"
        "A request without grant is refused" => no_grant;
    48 "c" Must "RFC 6749 §5.2"
        "A grant that the client may not use is refused" => foreign_grant;
    50 Must "RFC 9700 §2.4"
        "The password grant is refused" => password_grant;
}

async fn send(op: &Provider, request: Request) -> Result<Reply> {
    op.application()?.send(request).await
}

async fn by_get(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let (request, code) = op.code(&client, "openid").await?;
    let mut url = op.endpoint("token_endpoint")?;
    url.query_pairs_mut()
        .extend_pairs(code_fields(&request, &code));
    let secret = client.client_secret.as_deref().unwrap_or_default();
    let reply = send(op, with_basic(Request::get(url), &client.client_id, secret)).await?;
    ensure!(
        (400..500).contains(&reply.status),
        "not refused: {}",
        reply.summary()
    );
    ensure!(!reply.body.contains("access_token"), "tokens came");
    Ok(())
}

async fn by_json(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let (request, code) = op.code(&client, "openid").await?;
    let fields = code_fields(&request, &code);
    let body: serde_json::Map<String, serde_json::Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let plain = Request {
        method: Method::POST,
        url: op.endpoint("token_endpoint")?,
        headers: Vec::new(),
        body: Some(serde_json::Value::Object(body).to_string()),
    };
    let plain = plain.with_header("content-type", "application/json");
    let secret = client.client_secret.as_deref().unwrap_or_default();
    let reply = send(op, with_basic(plain, &client.client_id, secret)).await?;
    ensure!(
        (400..500).contains(&reply.status),
        "not refused: {}",
        reply.summary()
    );
    Ok(())
}

async fn repeated(op: &mut Provider) -> Outcome {
    let (request, code) = op.code(&op.basic(), "openid").await?;
    let mut fields = code_fields(&request, &code);
    fields.push(("code", &code));
    expect::refused(&op.token(&op.basic(), &fields).await?, &["invalid_request"])
}

async fn garbage(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let mut request = op.authenticated(&client, op.endpoint("token_endpoint")?, &[])?;
    request.body = Some("\u{0}%%%=%zz&&&=\u{7f}".to_owned());
    expect::oauth_error(&send(op, request).await?).map(drop)
}

async fn code_of_other(op: &mut Provider) -> Outcome {
    let other = op.post_client()?;
    let (request, code) = op.code(&op.basic(), "openid").await?;
    expect::invalid_grant(&op.exchange(&other, &request, &code).await?)
}

async fn unknown_code(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    expect::invalid_grant(
        &op.exchange(&op.basic(), &request, "nobody-issued-this")
            .await?,
    )
}

async fn old_code(op: &mut Provider) -> Outcome {
    let life = op.target.code_lifetime;
    let life = life.ok_or_else(|| missing("the target doesn't say code_lifetime"))?;
    let planted = op
        .planted_since(std::time::Duration::from_secs(life + 1))
        .await?;
    let (request, code) = planted.waiting;
    expect::invalid_grant(&op.exchange(&op.basic(), &request, &code).await?)
}

async fn no_code(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let mut fields = code_fields(&request, "");
    fields.retain(|(name, _)| *name != "code");
    let reply = op.token(&op.basic(), &fields).await?;
    expect::refused(&reply, &["invalid_request", "invalid_grant"])
}

async fn other_redirect(op: &mut Provider) -> Outcome {
    let (request, code) = op.code(&op.basic(), "openid").await?;
    let client = op.basic();
    let registered = client.redirect_uris.get(1);
    let other = registered.map_or("https://unregistered.invalid/callback", String::as_str);
    let request = request.with("redirect_uri", other);
    expect::invalid_grant(&op.exchange(&client, &request, &code).await?)
}

async fn no_redirect(op: &mut Provider) -> Outcome {
    let (request, code) = op.code(&op.basic(), "openid").await?;
    let mut fields = code_fields(&request, &code);
    fields.retain(|(name, _)| *name != "redirect_uri");
    let reply = op.token(&op.basic(), &fields).await?;
    expect::refused(&reply, &["invalid_grant", "invalid_request"])
}

async fn tokens(op: &Provider) -> Result<Tokens> {
    let (request, code) = op.code(&op.basic(), "openid").await?;
    op.redeem(&op.basic(), &request, &code).await
}

async fn members(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let kind = tokens.text("token_type")?;
    ensure!(
        kind.eq_ignore_ascii_case("bearer"),
        "token_type is «{kind}»"
    );
    let access = tokens.access()?;
    // RFC 6750 §2.1: b64token.
    ensure!(
        access
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || "-._~+/=".contains(it)),
        "the access token has other characters than a header takes"
    );
    tokens.id().map(drop)
}

async fn stored(op: &mut Provider) -> Outcome {
    expect::not_stored(&tokens(op).await?.reply)
}

async fn expires_in(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let value = &tokens.body["expires_in"];
    if value.is_null() {
        return Err(discouraged("no expires_in"));
    }
    ensure!(
        value.as_u64().is_some_and(|it| it > 0),
        "expires_in is {value}"
    );
    Ok(())
}

async fn error_stored(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let reply = op
        .exchange(&op.basic(), &request, "nobody-issued-this")
        .await?;
    expect::oauth_error(&reply)?;
    expect::not_stored(&reply)
}

async fn unknown_grant(op: &mut Provider) -> Outcome {
    let reply = op
        .token(&op.basic(), &[("grant_type", "urn:example:magic")])
        .await?;
    expect::refused(&reply, &["unsupported_grant_type"])
}

async fn no_grant(op: &mut Provider) -> Outcome {
    expect::refused(
        &op.token(&op.basic(), &[("scope", "openid")]).await?,
        &["invalid_request"],
    )
}

async fn foreign_grant(op: &mut Provider) -> Outcome {
    op.needs("grant_types_supported", "client_credentials")?;
    let client = op.post_client()?;
    if client.may("client_credentials") {
        return Err(missing("clients.post may use client_credentials"));
    }
    let reply = op
        .token(&client, &[("grant_type", "client_credentials")])
        .await?;
    expect::refused(&reply, &["unauthorized_client"])
}

async fn password_grant(op: &mut Provider) -> Outcome {
    let user = op.target.user.clone();
    let fields = [
        ("grant_type", "password"),
        ("username", user.name.as_str()),
        ("password", user.password.as_str()),
        ("scope", "openid"),
    ];
    let reply = op.token(&op.basic(), &fields).await?;
    expect::refused(&reply, &["unsupported_grant_type", "unauthorized_client"])
}
