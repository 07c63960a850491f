//! L. What is bound to a key (99 to 102).

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::dpop::Proof;
use super::expect;
use super::jose::Jwt;
use super::keys::Key;
use super::l_proofs::{needs_dpop, with_headers_of};
use super::provider::Provider;
use super::target::Client;
use super::tokens::{Tokens, code_fields};
use crate::cases;
use crate::suite::case::Outcome;
use crate::suite::client::{Reply, Request};

cases! {
    pub CASES of Provider;
    99 "a" Must "RFC 9449 §5"
        "A good proof gives a token of type DPoP" => token_type;
    99 "b" Must "RFC 9449 §6"
        "The token carries the key's thumbprint, or introspection tells it" => thumbprint;
    99 "c" Must "RFC 9449 §5"
        "A public client's refresh token is bound to the key" => refresh_bound;
    100 "a" Must "RFC 9449 §7.1"
        "The token opens UserInfo with a proof" => opens;
    100 "b" Must "RFC 9449 §7.2"
        "As a Bearer token it opens nothing" => as_bearer;
    100 "c" Must "RFC 9449 §7.1"
        "A proof for another token is refused" => wrong_hash;
    100 "d" Must "RFC 9449 §7.1"
        "A proof without the token's hash is refused" => no_hash;
    100 "e" Must "RFC 9449 §7.1"
        "A proof by another key is refused" => other_key;
    100 "f" Must "RFC 9449 §7.1"
        "Without a proof: 401, the scheme, and the algorithms" => no_proof;
    101 "a" May "RFC 9449 §8"
        "Where a nonce is wanted, a proof with it is taken, and one with another isn't" => nonce;
    101 "b" May "RFC 9449 §9"
        "UserInfo says that it wants a nonce: 401, and one to use" => nonce_for_claims;
    102 "a" Must "RFC 9449 §10"
        "`dpop_jkt` binds the code to the key" => code_bound;
    102 "b" Must "RFC 9449 §10"
        "Another key can't redeem it, nor none" => code_bound_other;
    102 "c" Must "RFC 9449 §10.1"
        "A proof with a pushed request binds the code too" => pushed_bound;
    102 "d" Should "RFC 9449 §5.1"
        "The algorithms are published" => published;
}

/// Tokens of a client, and the key that they are bound to.
async fn bound(op: &Provider, client: &Client) -> Result<(Key, Tokens)> {
    needs_dpop(op)?;
    let key = Key::generate()?;
    let tokens = op.bound_tokens(client, &key, "openid").await?;
    Ok((key, tokens))
}

async fn token_type(op: &mut Provider) -> Outcome {
    let (_, tokens) = bound(op, &op.basic()).await?;
    let kind = tokens.text("token_type")?;
    ensure!(kind.eq_ignore_ascii_case("dpop"), "token_type is «{kind}»");
    Ok(())
}

async fn thumbprint(op: &mut Provider) -> Outcome {
    let (key, tokens) = bound(op, &op.basic()).await?;
    let access = tokens.access()?;
    let claims = if let Ok(jwt) = Jwt::parse(access) {
        jwt.claims
    } else {
        let reply = op
            .ask("introspection_endpoint", &op.basic(), &[("token", access)])
            .await?;
        super::tokens::json(&reply)?
    };
    let jkt = &claims["cnf"]["jkt"];
    ensure!(
        *jkt == key.thumbprint(),
        "cnf.jkt is {jkt}, not {}",
        key.thumbprint()
    );
    Ok(())
}

async fn refresh_bound(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let client = op.public_client()?;
    let (key, other) = (Key::generate()?, Key::generate()?);
    let request = op.offline(&client)?;
    let code = op.code_of(&mut op.visitor().await?, &request).await?;
    let url = op.endpoint("token_endpoint")?;
    let made = op.authenticated(&client, url.clone(), &code_fields(&request, &code))?;
    let tokens = Tokens::read(op.prove(made, &key, None).await?)?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()?),
    ];
    let refresh = op.authenticated(&client, url, &fields)?;
    let foreign = op.prove(refresh.clone(), &other, None).await?;
    expect::refused(&foreign, &["invalid_grant", "invalid_dpop_proof"])?;
    let bare = op.application()?.send(refresh.clone()).await?;
    expect::refused(
        &bare,
        &["invalid_grant", "invalid_dpop_proof", "invalid_request"],
    )?;
    Tokens::read(op.prove(refresh, &key, None).await?).map(drop)
}

/// A `UserInfo` request with the token by a scheme.
fn userinfo(op: &Provider, scheme: &str, access: &str) -> Result<Request> {
    let request = Request::get(op.endpoint("userinfo_endpoint")?);
    Ok(request.with_header("authorization", format!("{scheme} {access}")))
}

async fn opens(op: &mut Provider) -> Outcome {
    let (key, tokens) = bound(op, &op.basic()).await?;
    let access = tokens.access()?;
    let reply = op
        .prove(userinfo(op, "DPoP", access)?, &key, Some(access))
        .await?;
    ensure!(reply.status == 200, "{}", reply.summary());
    Ok(())
}

async fn as_bearer(op: &mut Provider) -> Outcome {
    let (key, tokens) = bound(op, &op.basic()).await?;
    let access = tokens.access()?;
    let bare = op
        .application()?
        .send(userinfo(op, "Bearer", access)?)
        .await?;
    ensure!(bare.status == 401, "without a proof: {}", bare.summary());
    let proven = op
        .prove(userinfo(op, "Bearer", access)?, &key, Some(access))
        .await?;
    ensure!(
        matches!(proven.status, 400 | 401),
        "with a proof: {}",
        proven.summary()
    );
    Ok(())
}

/// `UserInfo` with a proof that was changed.
async fn userinfo_refuses(
    op: &Provider,
    make: impl Fn(Proof) -> Proof,
    by: Option<Key>,
) -> Outcome {
    let (key, tokens) = bound(op, &op.basic()).await?;
    let access = tokens.access()?;
    let request = userinfo(op, "DPoP", access)?;
    let key = by.unwrap_or(key);
    let proof = make(Proof::new(&key, "GET", &request.url)?.for_token(access));
    let reply = op
        .application()?
        .send(request.with_header("dpop", proof.sign(&key)?))
        .await?;
    ensure!(reply.status == 401, "{}", reply.summary());
    Ok(())
}

async fn wrong_hash(op: &mut Provider) -> Outcome {
    userinfo_refuses(op, |proof| proof.for_token("another token"), None).await
}

async fn no_hash(op: &mut Provider) -> Outcome {
    userinfo_refuses(op, |proof| proof.claim("ath", Value::Null), None).await
}

async fn other_key(op: &mut Provider) -> Outcome {
    let other = Key::generate()?;
    userinfo_refuses(op, |proof| proof, Some(other)).await
}

async fn no_proof(op: &mut Provider) -> Outcome {
    let (_, tokens) = bound(op, &op.basic()).await?;
    let request = userinfo(op, "DPoP", tokens.access()?)?;
    let reply = op.application()?.send(request).await?;
    let challenge = expect::challenged(&reply, "DPoP")?;
    ensure!(
        challenge.contains("algs="),
        "the challenge is «{challenge}»"
    );
    Ok(())
}

async fn nonce(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let client = op.nonce_client()?;
    let made = |nonce: &str, key: &Key, proof: Proof| proof.claim("nonce", json!(nonce)).sign(key);
    let bare = with_headers_of(op, &client, |key, proof| Ok(vec![proof.sign(key)?])).await?;
    expect::refused(&bare, &["use_dpop_nonce"])?;
    ensure!(bare.status == 400, "the status is {}", bare.status);
    let given = bare.header("dpop-nonce").to_owned();
    ensure!(!given.is_empty(), "no DPoP-Nonce beside use_dpop_nonce");
    let good = |key: &Key, proof| Ok(vec![made(&given, key, proof)?]);
    Tokens::read(with_headers_of(op, &client, good).await?)?;
    let bad = |key: &Key, proof| Ok(vec![made("nobody-gave-this", key, proof)?]);
    let bad = with_headers_of(op, &client, bad).await?;
    expect::refused(&bad, &["use_dpop_nonce", "invalid_dpop_proof"])
}

async fn nonce_for_claims(op: &mut Provider) -> Outcome {
    let (key, tokens) = bound(op, &op.nonce_client()?).await?;
    let access = tokens.access()?;
    let request = userinfo(op, "DPoP", access)?;
    let proof = Proof::new(&key, "GET", &request.url)?.for_token(access);
    let bare = request.clone().with_header("dpop", proof.sign(&key)?);
    let bare = op.application()?.send(bare).await?;
    let challenge = expect::challenged(&bare, "DPoP")?;
    ensure!(
        challenge.contains("error=\"use_dpop_nonce\""),
        "the challenge is «{challenge}»"
    );
    ensure!(
        !bare.header("dpop-nonce").is_empty(),
        "no DPoP-Nonce beside it"
    );
    let reply = op.prove(request, &key, Some(access)).await?;
    ensure!(reply.status == 200, "with it: {}", reply.summary());
    Ok(())
}

/// A code bound to a key, its redemption by a key or by none.
async fn redeemed(op: &Provider, bound_to: &Key, by: Option<&Key>) -> Result<Reply> {
    let client = op.basic();
    let request = op.request(&client, "openid")?;
    let request = request.with("dpop_jkt", &bound_to.thumbprint());
    let code = op.code_of(&mut op.visitor().await?, &request).await?;
    let url = op.endpoint("token_endpoint")?;
    let made = op.authenticated(&client, url, &code_fields(&request, &code))?;
    match by {
        Some(key) => op.prove(made, key, None).await,
        None => op.application()?.send(made).await,
    }
}

const UNBOUND: &[&str] = &["invalid_grant", "invalid_dpop_proof", "invalid_request"];

async fn code_bound(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let key = Key::generate()?;
    Tokens::read(redeemed(op, &key, Some(&key)).await?).map(drop)
}

async fn code_bound_other(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let (key, other) = (Key::generate()?, Key::generate()?);
    expect::refused(&redeemed(op, &key, Some(&other)).await?, UNBOUND)?;
    expect::refused(&redeemed(op, &key, None).await?, UNBOUND)
}

async fn pushed_bound(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let endpoint = op.endpoint("pushed_authorization_request_endpoint")?;
    let client = op.basic();
    let (key, other) = (Key::generate()?, Key::generate()?);
    let request = op.request(&client, "openid")?;
    let push = op.authenticated(&client, endpoint, &request.fields())?;
    let reply = op.prove(push, &key, None).await?;
    ensure!(reply.status == 201, "{}", reply.summary());
    let body = super::tokens::json(&reply)?;
    let uri = expect::text(&body, "request_uri")?.to_owned();
    let mut short = request.clone();
    short.parameters = vec![
        ("client_id".to_owned(), client.client_id.clone()),
        ("request_uri".to_owned(), uri),
    ];
    let code = op.code_of(&mut op.visitor().await?, &short).await?;
    let url = op.endpoint("token_endpoint")?;
    let made = op.authenticated(&client, url, &code_fields(&request, &code))?;
    expect::refused(&op.prove(made, &other, None).await?, UNBOUND)
}

async fn published(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let list = &op.discovery["dpop_signing_alg_values_supported"];
    for bad in ["none", "HS256"] {
        ensure!(
            !op.lists("dpop_signing_alg_values_supported", bad),
            "{list}"
        );
    }
    Ok(())
}
