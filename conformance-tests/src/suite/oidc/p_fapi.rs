//! P. The FAPI 2.0 Security Profile (112): what a client of it gets, and what it may not.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use super::expect;
use super::k_par::{by_reference, push, pushed};
use super::keys::Key;
use super::provider::Provider;
use super::request::AuthRequest;
use super::target::Client;
use super::tokens::{Tokens, code_fields, json, with_assertion};
use crate::cases;
use crate::suite::case::Outcome;
use crate::suite::client::{Reply, Request};

cases! {
    pub CASES of Provider;
    112 "a" Must "FAPI 2.0 §5.3.2.1"
        "Who follows the profile gets tokens that are bound to its key" => flow;
    112 "b" Must "FAPI 2.0 §5.3.2.2"
        "A request that wasn't pushed is refused" => not_pushed;
    112 "c" Must "FAPI 2.0 §5.3.2.2"
        "Another response type than `code` is refused where it is pushed" => response_types;
    112 "d" Must "FAPI 2.0 §5.3.2.2"
        "A request without PKCE, or with `plain`, is refused where it is pushed" => without_pkce;
    112 "e" Must "FAPI 2.0 §5.3.2.2"
        "A request without redirect URI, or with another, is refused where it is pushed" => redirect_uris;
    112 "f" Must "FAPI 2.0 §5.3.2.1"
        "An assertion whose audience is an endpoint, or a list of several, is refused" => audiences;
    112 "g" Must "FAPI 2.0 §5.3.2.1"
        "A client that names itself, or shows a secret, pushes nothing" => weak_client;
    112 "h" Must "FAPI 2.0 §5.3.2.1"
        "A code gives nothing without a proof of possession" => without_proof;
    112 "i" Must "FAPI 2.0 §5.3.2.1"
        "The token opens nothing as a bearer's, nor in a form" => as_bearer;
    112 "j" Must "FAPI 2.0 §5.3.2.1"
        "A refresh keeps the refresh token, and needs the key" => refresh_kept;
    112 "k" Must "FAPI 2.0 §5.4.1"
        "The ID token is signed with PS256, ES256 or EdDSA" => algorithm;
    112 "l" Must "FAPI 2.0 §5.3.2.2"
        "A `request_uri` is good for less than ten minutes" => short_reference;
    112 "m" Must "FAPI 2.0 §5.3.2.2"
        "The redirect to the client is 303, or 302, never 307" => redirected;
}

/// A request that was pushed, its code, and how the browser was sent back with it.
struct Granted {
    client: Client,
    request: AuthRequest,
    code: String,
    status: u16,
}

impl Granted {
    async fn get(op: &Provider) -> Result<Self> {
        let client = op.fapi_client()?;
        let request = op.offline(&client)?;
        let uri = pushed(op, &client, &request).await?;
        let short = by_reference(&request, &client.client_id, &uri);
        let landing = op.authorize(&mut op.visitor().await?, &short).await?;
        let iss = landing.callback()?.get("iss");
        ensure!(iss == Some(op.issuer_text()), "iss is {iss:?}");
        Ok(Self {
            code: landing.code()?.to_owned(),
            status: landing.reply.status,
            client,
            request,
        })
    }

    async fn redeem(&self, op: &Provider, key: &Key) -> Result<Tokens> {
        let fields = code_fields(&self.request, &self.code);
        Tokens::read(proven(op, &self.client, &fields, key).await?)
    }
}

/// What the token endpoint says to the client with a proof.
async fn proven(
    op: &Provider,
    client: &Client,
    fields: &[(&str, &str)],
    key: &Key,
) -> Result<Reply> {
    let request = op.authenticated(client, op.endpoint("token_endpoint")?, fields)?;
    op.prove(request, key, None).await
}

async fn bound(op: &Provider) -> Result<(Key, Client, Tokens)> {
    let granted = Granted::get(op).await?;
    let key = Key::generate()?;
    let tokens = granted.redeem(op, &key).await?;
    Ok((key, granted.client, tokens))
}

async fn flow(op: &mut Provider) -> Outcome {
    let (key, _, tokens) = bound(op).await?;
    let kind = tokens.text("token_type")?;
    ensure!(kind.eq_ignore_ascii_case("dpop"), "token_type is «{kind}»");
    tokens.id()?.verify(&op.jwks)?;
    let access = tokens.access()?;
    let request = Request::get(op.endpoint("userinfo_endpoint")?);
    let request = request.with_header("authorization", format!("DPoP {access}"));
    let reply = op.prove(request, &key, Some(access)).await?;
    ensure!(reply.status == 200, "UserInfo: {}", reply.summary());
    Ok(())
}

async fn not_pushed(op: &mut Provider) -> Outcome {
    let request = op.request(&op.fapi_client()?, "openid")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request", "unauthorized_client"])
}

/// What is pushed so is refused.
async fn refused_push(op: &Provider, request: &AuthRequest, errors: &[&str]) -> Outcome {
    expect::refused(&push(op, &op.fapi_client()?, request).await?, errors)
}

async fn response_types(op: &mut Provider) -> Outcome {
    for kind in ["token", "id_token", "code id_token"] {
        let request = op.request(&op.fapi_client()?, "openid")?;
        let request = request.with("response_type", kind);
        let errors = [
            "unsupported_response_type",
            "unauthorized_client",
            "invalid_request",
        ];
        refused_push(op, &request, &errors).await.context(kind)?;
    }
    Ok(())
}

async fn without_pkce(op: &mut Provider) -> Outcome {
    let request = AuthRequest::plain(&op.fapi_client()?, "openid")?;
    refused_push(op, &request, &["invalid_request"]).await?;
    let request = request
        .with("code_challenge", &"a".repeat(43))
        .with("code_challenge_method", "plain");
    refused_push(op, &request, &["invalid_request"]).await
}

async fn redirect_uris(op: &mut Provider) -> Outcome {
    let request = op.request(&op.fapi_client()?, "openid")?;
    let errors = ["invalid_request", "invalid_redirect_uri"];
    refused_push(op, &request.clone().without("redirect_uri"), &errors).await?;
    for other in [
        "https://unregistered.invalid/callback",
        "https://fapi.rp.example.test/callback?dummy=1",
    ] {
        let request = request.clone().with("redirect_uri", other);
        refused_push(op, &request, &errors).await.context(other)?;
    }
    Ok(())
}

const PUSH: &str = "pushed_authorization_request_endpoint";

/// A push with an assertion for these audiences.
async fn asserted(op: &Provider, audience: &Value) -> Result<Reply> {
    let client = op.fapi_client()?;
    let request = op.request(&client, "openid")?;
    let mut claims = op.assertion_claims(&client)?;
    claims["aud"] = audience.clone();
    let header = json!({ "alg": "ES256", "typ": "JWT" });
    let assertion = Provider::key_of(&client)?.sign(&header, &claims)?;
    let mut fields = request.fields();
    fields.retain(|(name, _)| *name != "client_id");
    let url = op.endpoint(PUSH)?;
    let made = with_assertion(url, &fields, &client.client_id, &assertion);
    op.application()?.send(made).await
}

async fn audiences(op: &mut Provider) -> Outcome {
    let issuer = op.issuer_text().to_owned();
    let (push, token): (Url, Url) = (op.endpoint(PUSH)?, op.endpoint("token_endpoint")?);
    let good = asserted(op, &json!(issuer)).await?;
    ensure!(good.status == 201, "the issuer alone: {}", good.summary());
    for audience in [
        json!(push.as_str()),
        json!(token.as_str()),
        json!([issuer, token.as_str()]),
        json!("https://another-server.invalid"),
    ] {
        let reply = asserted(op, &audience).await?;
        let refused = expect::refused(&reply, &["invalid_client", "invalid_request"]);
        refused.with_context(|| audience.to_string())?;
    }
    Ok(())
}

async fn weak_client(op: &mut Provider) -> Outcome {
    let client = op.fapi_client()?;
    let request = op.request(&client, "openid")?;
    for secret in [None, Some("a-secret-that-nobody-gave-it")] {
        let mut fields = request.fields();
        fields.extend(secret.map(|secret| ("client_secret", secret)));
        let made = super::tokens::post(op.endpoint(PUSH)?, &fields);
        let reply = op.application()?.send(made).await?;
        expect::refused(&reply, &["invalid_client"])?;
    }
    Ok(())
}

async fn without_proof(op: &mut Provider) -> Outcome {
    let granted = Granted::get(op).await?;
    let reply = op
        .exchange(&granted.client, &granted.request, &granted.code)
        .await?;
    expect::refused(
        &reply,
        &["invalid_dpop_proof", "invalid_grant", "invalid_request"],
    )
}

async fn as_bearer(op: &mut Provider) -> Outcome {
    let (key, _, tokens) = bound(op).await?;
    let access = tokens.access()?;
    let url = op.endpoint("userinfo_endpoint")?;
    let request = Request::get(url.clone());
    let request = request.with_header("authorization", format!("Bearer {access}"));
    let bare = op.application()?.send(request.clone()).await?;
    ensure!(bare.status == 401, "without a proof: {}", bare.summary());
    let proven = op.prove(request, &key, Some(access)).await?;
    ensure!(
        matches!(proven.status, 400 | 401),
        "with a proof: {}",
        proven.summary()
    );
    let form = super::tokens::post(url, &[("access_token", access)]);
    let reply = op.application()?.send(form).await?;
    ensure!(
        matches!(reply.status, 400 | 401),
        "in a form: {}",
        reply.summary()
    );
    Ok(())
}

async fn refresh_kept(op: &mut Provider) -> Outcome {
    let (key, client, tokens) = bound(op).await?;
    let token = tokens.refresh()?.to_owned();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    let bare = op.token(&client, &fields).await?;
    expect::oauth_error(&bare).context("without a proof")?;
    for _ in 0..2 {
        let again = Tokens::read(proven(op, &client, &fields, &key).await?)?;
        let new = &again.body["refresh_token"];
        ensure!(
            new.is_null() || *new == token,
            "another refresh token was given"
        );
    }
    Ok(())
}

async fn algorithm(op: &mut Provider) -> Outcome {
    let (_, client, tokens) = bound(op).await?;
    let id = tokens.id()?;
    let (alg, wanted) = (id.alg(), client.id_token_signed_response_alg.as_deref());
    ensure!(
        ["PS256", "ES256", "EdDSA"].contains(&alg) && wanted.is_none_or(|it| it == alg),
        "alg is {alg}"
    );
    Ok(())
}

async fn short_reference(op: &mut Provider) -> Outcome {
    let client = op.fapi_client()?;
    let request = op.request(&client, "openid")?;
    let body = json(&push(op, &client, &request).await?)?;
    let life = body["expires_in"].as_u64().context("no expires_in")?;
    ensure!((1..600).contains(&life), "expires_in is {life}");
    Ok(())
}

async fn redirected(op: &mut Provider) -> Outcome {
    let status = Granted::get(op).await?.status;
    ensure!(matches!(status, 302 | 303), "the status is {status}");
    Ok(())
}
