//! N. What else the best current practice asks for (106 to 109).

use anyhow::{Context as _, Result, ensure};

use super::expect;
use super::jose::Jwt;
use super::provider::Provider;
use super::tokens::{self, Tokens};
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::client::Request;

cases! {
    pub CASES of Provider;
    106 "a" Should "RFC 9700 §2.2.1"
        "Tokens bound to a key or a certificate are on offer" => bound_on_offer;
    106 "b" Must "RFC 9700 §2.3"
        "A token of a client's own opens no person's claims" => own_token;
    106 "c" Should "RFC 9700 §2.3"
        "An access token that is a JWT says for whom, for what, and until when" => limited;
    106 "d" May "RFC 7662 §2.2"
        "One that is no JWT opens the claims, is told of to its client, and can be revoked" => opaque;
    107 "a" Must "RFC 9700 §4.13"
        "`X-Forwarded` headers of anybody change no address" => forwarded;
    107 "b" Must "RFC 9700 §4.13"
        "Another `Host` changes no address" => host;
    108 Should "RFC 9700 §4.15"
        "The `sub` of a client's own token is no person's" => client_subject;
    109 "a" Should "RFC 9700 §2.1.2"
        "`response_type=token` is refused" => implicit_token;
    109 "b" Should "RFC 9700 §2.1.2"
        "`response_type=id_token token` is refused" => implicit_both;
    109 "c" Should "RFC 9700 §2.1.2"
        "`response_type=code token` is refused" => hybrid;
}

async fn bound_on_offer(op: &mut Provider) -> Outcome {
    let dpop = op.discovery["dpop_signing_alg_values_supported"].is_array();
    if dpop || op.says("tls_client_certificate_bound_access_tokens") {
        return Ok(());
    }
    Err(discouraged("neither DPoP nor mutual TLS"))
}

/// A token of the client's own.
async fn own(op: &Provider) -> Result<Tokens> {
    op.needs("grant_types_supported", "client_credentials")?;
    let client = op.basic();
    if !client.may("client_credentials") {
        return Err(missing("clients.basic may not use client_credentials"));
    }
    Tokens::read(
        op.token(&client, &[("grant_type", "client_credentials")])
            .await?,
    )
}

async fn own_token(op: &mut Provider) -> Outcome {
    let tokens = own(op).await?;
    ensure!(
        tokens.body.get("refresh_token").is_none(),
        "a refresh token came"
    );
    ensure!(tokens.body.get("id_token").is_none(), "an ID token came");
    let reply = op.userinfo(tokens.access()?).await?;
    ensure!(matches!(reply.status, 401 | 403), "{}", reply.summary());
    Ok(())
}

async fn limited(op: &mut Provider) -> Outcome {
    let tokens = op.sign_in(&op.basic(), "openid").await?.tokens;
    let Ok(jwt) = Jwt::parse(tokens.access()?) else {
        return Err(missing("the access token is no JWT"));
    };
    jwt.verify(&op.jwks)?;
    // RFC 9068 §2.
    let kind = jwt.header["typ"]
        .as_str()
        .unwrap_or_default()
        .to_lowercase();
    ensure!(
        matches!(kind.as_str(), "at+jwt" | "application/at+jwt"),
        "typ is «{kind}»"
    );
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        ensure!(jwt.claims.get(name).is_some(), "no {name}");
    }
    let life = jwt.seconds("exp")? - jwt.seconds("iat")?;
    ensure!((1..=86_400).contains(&life), "it is good for {life} s");
    Ok(())
}

async fn opaque(op: &mut Provider) -> Outcome {
    let client = op.opaque_client()?;
    let tokens = op.sign_in(&client, "openid").await?.tokens;
    let access = tokens.access()?;
    ensure!(Jwt::parse(access).is_err(), "it is a JWT");
    expect::opens(op, access).await?;
    let told = async || -> Result<serde_json::Value> {
        let fields = [("token", access)];
        tokens::json(&op.ask("introspection_endpoint", &client, &fields).await?)
    };
    let answer = told().await?;
    ensure!(answer["active"] == true, "the answer is {answer}");
    let reply = op
        .ask("revocation_endpoint", &client, &[("token", access)])
        .await?;
    ensure!(reply.status == 200, "not revoked: {}", reply.summary());
    expect::is_dead(op, access).await?;
    let answer = told().await?;
    ensure!(answer["active"] == false, "the answer is {answer}");
    Ok(())
}

/// The configuration document as somebody gets it who sends these headers.
async fn unmoved(op: &Provider, headers: &[(&'static str, &str)]) -> Outcome {
    let mut request = Request::get(op.configuration_url()?);
    for (name, value) in headers {
        request = request.with_header(name, *value);
    }
    let reply = op.application()?.send(request).await?;
    if (400..500).contains(&reply.status) {
        return Ok(());
    }
    ensure!(reply.status == 200, "{}", reply.summary());
    let document = tokens::json(&reply)?;
    for name in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
    ] {
        ensure!(
            document[name] == op.discovery[name],
            "{name} is {}",
            document[name]
        );
    }
    Ok(())
}

async fn forwarded(op: &mut Provider) -> Outcome {
    unmoved(
        op,
        &[
            ("x-forwarded-host", "evil.invalid"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "444"),
            ("forwarded", "host=evil.invalid;proto=https"),
        ],
    )
    .await
}

async fn host(op: &mut Provider) -> Outcome {
    unmoved(op, &[("host", "evil.invalid")]).await
}

async fn client_subject(op: &mut Provider) -> Outcome {
    let tokens = own(op).await?;
    let access = tokens.access()?;
    let claims = if let Ok(jwt) = Jwt::parse(access) {
        jwt.claims
    } else {
        let reply = op
            .ask("introspection_endpoint", &op.basic(), &[("token", access)])
            .await?;
        tokens::json(&reply)?
    };
    let person = op.sign_in(&op.basic(), "openid").await?.id;
    let person = person.text_of("sub")?.to_owned();
    let Some(sub) = claims["sub"].as_str() else {
        return Ok(());
    };
    ensure!(sub != person, "it is the person's: {sub}");
    let id = op.basic().client_id;
    ensure!(sub.contains(&id), "it doesn't name the client: {sub}");
    Ok(())
}

async fn no_implicit(op: &Provider, kind: &str) -> Outcome {
    let request = op
        .request(&op.basic(), "openid")?
        .with("response_type", kind);
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    if let Some(callback) = &landing.callback {
        for name in ["access_token", "id_token", "code"] {
            ensure!(callback.get(name).is_none(), "{name} was given");
        }
        let error = callback.get("error").context("neither error nor page")?;
        ensure!(
            [
                "unsupported_response_type",
                "unauthorized_client",
                "invalid_request"
            ]
            .contains(&error),
            "the error is «{error}»"
        );
        return expect::error_response(op, callback, Some(&request.state));
    }
    landing.error_page()
}

async fn implicit_token(op: &mut Provider) -> Outcome {
    no_implicit(op, "token").await
}

async fn implicit_both(op: &mut Provider) -> Outcome {
    no_implicit(op, "id_token token").await
}

async fn hybrid(op: &mut Provider) -> Outcome {
    no_implicit(op, "code token").await
}
