//! L. Proofs of possession themselves (98).

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::dpop::Proof;
use super::expect;
use super::jose::tampered;
use super::keys::{Key, unsigned, with_secret};
use super::provider::Provider;
use super::target::Client;
use super::tokens::{Tokens, code_fields};
use crate::cases;
use crate::suite::case::{Outcome, missing};
use crate::suite::client::Reply;
use crate::suite::clock;

cases! {
    pub CASES of Provider;
    98 "a" Must "RFC 9449 §4.3"
        "Two proofs in a request are refused" => two_proofs;
    98 "b" Must "RFC 9449 §4.3"
        "Another `typ` is refused" => wrong_type;
    98 "c" Must "RFC 9449 §4.3"
        "An unsigned proof is refused" => unsigned_proof;
    98 "d" Must "RFC 9449 §4.3"
        "A symmetric signature is refused" => symmetric;
    98 "e" Must "RFC 9449 §4.3"
        "A private key in the header is refused" => private_key;
    98 "f" Must "RFC 9449 §4.3"
        "Another method is refused" => wrong_method;
    98 "g" Must "RFC 9449 §4.3"
        "Another address is refused" => wrong_address;
    98 "h" Must "RFC 9449 §4.3"
        "Query and fragment of the address mean nothing" => query_ignored;
    98 "i" Must "RFC 9449 §4.3"
        "An old proof is refused" => old;
    98 "j" Must "RFC 9449 §4.3"
        "One of the far future is refused" => future;
    98 "k" Must "RFC 9449 §11.1"
        "A proof can be used once" => replayed;
    98 "l" Must "RFC 9449 §4.3"
        "A bad signature is refused" => bad_signature;
    98 "m" Must "RFC 9449 §4.3"
        "One without key is refused" => no_key;
    98 "n" Must "RFC 9449 §4.3"
        "One without `jti`, `htm`, `htu` or `iat` is refused" => incomplete;
    98 "o" Must "RFC 9449 §4.3"
        "What is no JWT is refused" => garbage;
}

pub(super) fn needs_dpop(op: &Provider) -> Outcome {
    if op.discovery["dpop_signing_alg_values_supported"].is_array() {
        return op.needs("dpop_signing_alg_values_supported", "ES256");
    }
    Err(missing("no dpop_signing_alg_values_supported"))
}

/// A token request of the basic client with these `DPoP` headers.
async fn with_headers(
    op: &Provider,
    make: impl Fn(&Key, Proof) -> Result<Vec<String>>,
) -> Result<Reply> {
    with_headers_of(op, &op.basic(), make).await
}

/// The same of another client.
pub(super) async fn with_headers_of(
    op: &Provider,
    client: &Client,
    make: impl Fn(&Key, Proof) -> Result<Vec<String>>,
) -> Result<Reply> {
    needs_dpop(op)?;
    let (request, code) = op.code(client, "openid").await?;
    let url = op.endpoint("token_endpoint")?;
    let key = Key::generate()?;
    let proofs = make(&key, Proof::new(&key, "POST", &url)?)?;
    let mut request = op.authenticated(client, url, &code_fields(&request, &code))?;
    for proof in proofs {
        request = request.with_header("dpop", proof);
    }
    op.application()?.send(request).await
}

async fn refused(op: &Provider, make: impl Fn(&Key, Proof) -> Result<String>) -> Outcome {
    refused_as(op, &["invalid_dpop_proof"], make).await
}

async fn refused_as(
    op: &Provider,
    errors: &[&str],
    make: impl Fn(&Key, Proof) -> Result<String>,
) -> Outcome {
    let reply = with_headers(op, |key, proof| Ok(vec![make(key, proof)?])).await?;
    expect::refused(&reply, errors)?;
    ensure!(reply.status == 400, "the status is {}", reply.status);
    Ok(())
}

async fn two_proofs(op: &mut Provider) -> Outcome {
    let make = |key: &Key, proof: Proof| -> Result<Vec<String>> {
        let second = proof.clone().claim("jti", json!("another"));
        Ok(vec![proof.sign(key)?, second.sign(key)?])
    };
    let reply = with_headers(op, make).await?;
    expect::refused(&reply, &["invalid_dpop_proof", "invalid_request"])
}

async fn wrong_type(op: &mut Provider) -> Outcome {
    refused(op, |key, proof| proof.head("typ", json!("JWT")).sign(key)).await
}

async fn unsigned_proof(op: &mut Provider) -> Outcome {
    refused(op, |_, proof| {
        let proof = proof.head("alg", json!("none"));
        Ok(unsigned(&proof.header, &proof.claims))
    })
    .await
}

async fn symmetric(op: &mut Provider) -> Outcome {
    refused(op, |_, proof| {
        let jwk = json!({ "kty": "oct", "k": "c2VjcmV0" });
        let proof = proof.head("alg", json!("HS256")).head("jwk", jwk);
        Ok(with_secret(b"secret", &proof.header, &proof.claims))
    })
    .await
}

async fn private_key(op: &mut Provider) -> Outcome {
    let jwk = Key::generate_jwk()?;
    let key = Key::from_jwk(&jwk)?;
    let private = serde_json::to_value(&jwk)?;
    refused(op, |_, proof| proof.head("jwk", private.clone()).sign(&key)).await
}

async fn wrong_method(op: &mut Provider) -> Outcome {
    refused(op, |key, proof| proof.claim("htm", json!("GET")).sign(key)).await
}

async fn wrong_address(op: &mut Provider) -> Outcome {
    refused(op, |key, proof| {
        proof
            .claim("htu", json!("https://another-server.invalid/token"))
            .sign(key)
    })
    .await
}

async fn query_ignored(op: &mut Provider) -> Outcome {
    let url = op.endpoint("token_endpoint")?;
    let make = |key: &Key, proof: Proof| -> Result<Vec<String>> {
        let address = json!(format!("{url}?x=1#y"));
        Ok(vec![proof.claim("htu", address).sign(key)?])
    };
    Tokens::read(with_headers(op, make).await?).map(drop)
}

/// Of another time. A server that gives nonces may ask for one: that shows the age better than a
/// clock (RFC 9449 §8).
async fn untimely(op: &Provider, seconds: i64) -> Outcome {
    let then = clock::now().as_second() + seconds;
    refused_as(
        op,
        &["invalid_dpop_proof", "use_dpop_nonce"],
        |key, proof| proof.claim("iat", json!(then)).sign(key),
    )
    .await
}

async fn old(op: &mut Provider) -> Outcome {
    untimely(op, -3600).await
}

async fn future(op: &mut Provider) -> Outcome {
    untimely(op, 3600).await
}

async fn replayed(op: &mut Provider) -> Outcome {
    needs_dpop(op)?;
    let client = op.basic();
    let url = op.endpoint("token_endpoint")?;
    let key = Key::generate()?;
    let proof = Proof::new(&key, "POST", &url)?.sign(&key)?;
    for first in [true, false] {
        let (request, code) = op.code(&client, "openid").await?;
        let fields = code_fields(&request, &code);
        let request = op.authenticated(&client, url.clone(), &fields)?;
        let reply = op
            .application()?
            .send(request.with_header("dpop", &proof))
            .await?;
        if first {
            Tokens::read(reply)?;
        } else {
            expect::refused(&reply, &["invalid_dpop_proof"])?;
        }
    }
    Ok(())
}

async fn bad_signature(op: &mut Provider) -> Outcome {
    refused(op, |key, proof| Ok(tampered(&proof.sign(key)?))).await
}

async fn no_key(op: &mut Provider) -> Outcome {
    refused(op, |key, proof| proof.head("jwk", Value::Null).sign(key)).await
}

async fn incomplete(op: &mut Provider) -> Outcome {
    for name in ["jti", "htm", "htu", "iat"] {
        refused(op, |key, proof| proof.claim(name, Value::Null).sign(key)).await?;
    }
    Ok(())
}

async fn garbage(op: &mut Provider) -> Outcome {
    refused(op, |_, _| Ok("no.proof.at-all".to_owned())).await
}
