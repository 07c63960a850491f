//! B. Proof Key for Code Exchange (32 to 38).

use anyhow::{Result, ensure};

use super::expect;
use super::provider::Provider;
use super::request::{AuthRequest, challenge};
use super::tokens::{Tokens, code_fields};
use crate::cases;
use crate::suite::case::{Outcome, missing};
use crate::suite::client::Reply;

cases! {
    pub CASES of Provider;
    32 "a" Must "RFC 9700 §2.1.1"
        "A public client without PKCE is refused" => public_without;
    32 "b" Must "RFC 9700 §2.1.1"
        "A public client with PKCE gets tokens" => public_with;
    33 "a" Must "RFC 7636 §4.2" ["oidcc-ensure-request-with-valid-pkce-succeeds"]
        "A request with S256 gives tokens" => valid;
    33 "b" Should "RFC 9700 §2.1.1"
        "The method `plain` is refused" => plain;
    33 "c" Should "RFC 7636 §4.3"
        "A challenge without method, which means `plain`, is refused" => no_method;
    34 Must "RFC 7636 §4.4.1"
        "A method that nobody knows is refused" => odd_method;
    35 "a" Must "RFC 7636 §4.6"
        "A wrong verifier is refused" => wrong_verifier;
    35 "b" Must "RFC 7636 §4.6"
        "A missing verifier is refused" => no_verifier;
    35 "c" Must "RFC 7636 §4.6"
        "An empty verifier is refused" => empty_verifier;
    35 "d" Should "RFC 9700 §4.8"
        "A code doesn't survive many wrong verifiers" => guessed_verifier;
    36 "a" Must "RFC 7636 §4.2"
        "A challenge of 42 characters is refused" => short_challenge;
    36 "b" Must "RFC 7636 §4.2"
        "A challenge of 129 characters is refused" => long_challenge;
    36 "c" Must "RFC 7636 §4.2"
        "A challenge with other characters is refused" => odd_challenge;
    36 "d" Must "RFC 7636 §4.1"
        "A verifier of 42 characters is refused" => short_verifier;
    37 Must "RFC 9700 §4.8.2"
        "A verifier for a code without challenge is refused" => downgrade;
    38 Should "RFC 9700 §2.1.1" ["oidcc-discovery-endpoint-verification"]
        "The methods are published" => published;
}

fn needs_pkce(op: &Provider) -> Result<()> {
    op.needs("code_challenge_methods_supported", "S256")
}

/// An authorization request of the basic client that is refused.
async fn refused_request(op: &Provider, request: &AuthRequest) -> Outcome {
    let landing = op.authorize(&mut op.visitor().await?, request).await?;
    landing.refused_as(&["invalid_request"])
}

/// A request with this challenge and method.
fn with_challenge(op: &Provider, challenge: &str, method: Option<&str>) -> Result<AuthRequest> {
    needs_pkce(op)?;
    let request = AuthRequest::plain(&op.basic(), "openid")?;
    let request = request.with("code_challenge", challenge);
    Ok(match method {
        Some(method) => request.with("code_challenge_method", method),
        None => request,
    })
}

async fn public_without(op: &mut Provider) -> Outcome {
    let request = AuthRequest::plain(&op.public_client()?, "openid")?;
    refused_request(op, &request).await
}

async fn public_with(op: &mut Provider) -> Outcome {
    let client = op.public_client()?;
    op.sign_in(&client, "openid").await.map(drop)
}

pub(super) async fn valid(op: &mut Provider) -> Outcome {
    needs_pkce(op)?;
    op.sign_in(&op.basic(), "openid").await.map(drop)
}

const LONG_ENOUGH: &str = "0123456789012345678901234567890123456789012345";

async fn plain(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, LONG_ENOUGH, Some("plain"))?;
    refused_request(op, &request).await
}

async fn no_method(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, LONG_ENOUGH, None)?;
    refused_request(op, &request).await
}

async fn odd_method(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, LONG_ENOUGH, Some("S1"))?;
    refused_request(op, &request).await
}

/// What the token endpoint says to a verifier that was changed.
async fn with_verifier(op: &Provider, verifier: Option<&str>) -> Result<Reply> {
    needs_pkce(op)?;
    let (mut request, code) = op.code(&op.basic(), "openid").await?;
    request.verifier = verifier.map(str::to_owned);
    op.exchange(&op.basic(), &request, &code).await
}

async fn wrong_verifier(op: &mut Provider) -> Outcome {
    expect::invalid_grant(&with_verifier(op, Some(LONG_ENOUGH)).await?)
}

async fn no_verifier(op: &mut Provider) -> Outcome {
    let reply = with_verifier(op, None).await?;
    expect::refused(&reply, &["invalid_grant", "invalid_request"])
}

async fn empty_verifier(op: &mut Provider) -> Outcome {
    let reply = with_verifier(op, Some("")).await?;
    expect::refused(&reply, &["invalid_grant", "invalid_request"])
}

async fn guessed_verifier(op: &mut Provider) -> Outcome {
    needs_pkce(op)?;
    let (request, code) = op.code(&op.basic(), "openid").await?;
    let mut wrong = request.clone();
    wrong.verifier = Some(LONG_ENOUGH.to_owned());
    for _ in 0..10 {
        let reply = op.exchange(&op.basic(), &wrong, &code).await?;
        expect::oauth_error(&reply)?;
    }
    let reply = op.exchange(&op.basic(), &request, &code).await?;
    expect::invalid_grant(&reply)
}

async fn short_challenge(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, &"a".repeat(42), Some("S256"))?;
    refused_request(op, &request).await
}

async fn long_challenge(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, &"a".repeat(129), Some("S256"))?;
    refused_request(op, &request).await
}

async fn odd_challenge(op: &mut Provider) -> Outcome {
    let request = with_challenge(op, &format!("{}+/=", "a".repeat(43)), Some("S256"))?;
    refused_request(op, &request).await
}

async fn short_verifier(op: &mut Provider) -> Outcome {
    let verifier = "b".repeat(42);
    let mut request = with_challenge(op, &challenge(&verifier), Some("S256"))?;
    request.verifier = Some(verifier);
    let code = op.code_of(&mut op.visitor().await?, &request).await?;
    let reply = op.exchange(&op.basic(), &request, &code).await?;
    expect::refused(&reply, &["invalid_grant", "invalid_request"])
}

async fn downgrade(op: &mut Provider) -> Outcome {
    if op.basic().require_pkce {
        return Err(missing("clients.basic has to use PKCE"));
    }
    let mut request = AuthRequest::plain(&op.basic(), "openid")?;
    let code = op.code_of(&mut op.visitor().await?, &request).await?;
    request.verifier = Some(LONG_ENOUGH.to_owned());
    let reply = op.exchange(&op.basic(), &request, &code).await?;
    expect::refused(&reply, &["invalid_grant", "invalid_request"])?;
    // It is the verifier that is refused: without one the request is good.
    let request = AuthRequest::plain(&op.basic(), "openid")?;
    let code = op.code_of(&mut op.visitor().await?, &request).await?;
    let reply = op.token(&op.basic(), &code_fields(&request, &code)).await?;
    Tokens::read(reply).map(drop)
}

async fn published(op: &mut Provider) -> Outcome {
    let methods = &op.discovery["code_challenge_methods_supported"];
    ensure!(
        methods.is_array(),
        "code_challenge_methods_supported is {methods}"
    );
    ensure!(
        op.lists("code_challenge_methods_supported", "S256"),
        "S256 isn't in {methods}"
    );
    Ok(())
}
