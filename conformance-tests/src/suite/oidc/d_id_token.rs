//! D. ID tokens (56 to 60, 62).

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::digest::{self, digest};
use serde_json::Value;

use super::flow::SignedIn;
use super::jose::Jwt;
use super::keys::base64url;
use super::provider::Provider;
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::clock;

cases! {
    pub CASES of Provider;
    56 "a" Must "Core §2" ["oidcc-server"]
        "`iss` is the issuer, character by character" => issuer;
    56 "b" Must "Core §2" ["oidcc-server"]
        "`aud` has the client" => audience;
    56 "c" Must "Core §2" ["oidcc-server"]
        "`exp` and `iat` are numbers of seconds that fit the clock" => times;
    56 "d" Must "Core §2" ["oidcc-server"]
        "`sub` is at most 255 characters of ASCII" => subject;
    57 "a" Must "Core §15.1" ["oidcc-idtoken-signature"]
        "Without further registration it is signed with RS256" => default_algorithm;
    57 "b" Must "Core §10.1" ["oidcc-idtoken-signature"]
        "It names its key, and the key is published" => key_named;
    57 "c" Must "Core §3.1.3.7" ["oidcc-idtoken-signature"]
        "The signature is good" => signature;
    58 "a" Must "Core §3.1.3.7" ["oidcc-idtoken-unsigned"]
        "It is never unsigned" => never_unsigned;
    58 "b" Must "Core §3.1.3.7"
        "A client that registered another algorithm gets that" => registered_algorithm;
    59 May "Core §3.1.3.6" ["oidcc-server"]
        "`at_hash` and `c_hash` are right where they are" => hashes;
    60 "a" Must "Core §2"
        "`azp`, `acr`, `amr` and `auth_time` are of their types where they are" => types;
    60 "b" Should "Core §5.4" ["oidcc-scope-email"]
        "Claims of scopes stay out of it where there is an access token" => scope_claims;
    62 "a" Must "Core §8"
        "The `sub` stays the same from sign-in to sign-in" => stable_subject;
    62 "b" May "Core §8.1"
        "A pairwise `sub` is another than the public one, and stays the same" => pairwise;
    62 "c" Must "Core §2"
        "Two people have two `sub`" => two_people;
}

/// A sign-in of the basic client.
async fn signed_in(op: &Provider) -> Result<SignedIn> {
    op.sign_in(&op.basic(), "openid").await
}

async fn issuer(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    let iss = id.text_of("iss")?;
    ensure!(
        iss == op.issuer_text(),
        "iss is «{iss}», not «{}»",
        op.issuer_text()
    );
    Ok(())
}

async fn audience(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    ensure!(
        id.is_for(&op.basic().client_id),
        "aud is {}",
        id.claims["aud"]
    );
    if let Value::Array(all) = &id.claims["aud"] {
        // Core §2: more than one audience needs an authorized party.
        let alone = all.len() == 1;
        ensure!(
            alone || id.claims["azp"] == op.basic().client_id,
            "azp is {}",
            id.claims["azp"]
        );
    }
    Ok(())
}

async fn times(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    let (iat, exp) = (id.seconds("iat")?, id.seconds("exp")?);
    let now = clock::now().as_second();
    ensure!(
        (now - 60..=now + 60).contains(&iat),
        "iat is {iat}, and it is {now}"
    );
    ensure!(exp > now, "exp is {exp}, and it is {now}");
    ensure!(exp - iat <= 86_400, "it is good for {} s", exp - iat);
    Ok(())
}

async fn subject(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    let sub = id.text_of("sub")?;
    ensure!(
        sub.is_ascii() && (1..=255).contains(&sub.len()),
        "the sub is «{sub}»"
    );
    Ok(())
}

async fn default_algorithm(op: &mut Provider) -> Outcome {
    let registered = op.basic().id_token_signed_response_alg;
    if registered.is_some_and(|it| it != "RS256") {
        return Err(missing("clients.basic registered an algorithm"));
    }
    let id = signed_in(op).await?.id;
    ensure!(id.alg() == "RS256", "alg is {}", id.alg());
    Ok(())
}

async fn key_named(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    let kid = id.header["kid"].as_str().context("no kid in the header")?;
    let keys = op.jwks["keys"].as_array().context("no keys")?;
    ensure!(
        keys.iter().any(|key| key["kid"] == kid),
        "the key «{kid}» isn't published"
    );
    Ok(())
}

pub(super) async fn signature(op: &mut Provider) -> Outcome {
    signed_in(op).await?.id.verify(&op.jwks)
}

async fn never_unsigned(op: &mut Provider) -> Outcome {
    let id = signed_in(op).await?.id;
    ensure!(!id.alg().eq_ignore_ascii_case("none"), "alg is none");
    ensure!(!id.alg().starts_with("HS"), "alg is {}", id.alg());
    if op.lists("id_token_signing_alg_values_supported", "none") {
        return Err(discouraged("`none` is published as supported"));
    }
    Ok(())
}

async fn registered_algorithm(op: &mut Provider) -> Outcome {
    let mut seen = 0;
    for (name, client) in op.target.clone().clients.all() {
        // Who has to push signs in another way, and has a case of its own.
        let pushes = client.require_pushed_authorization_requests == Some(true);
        let wanted = client.id_token_signed_response_alg.clone();
        let Some(wanted) = wanted.filter(|_| !pushes) else {
            continue;
        };
        seen += 1;
        let id = op.sign_in(client, "openid").await?.id;
        let alg = id.alg();
        ensure!(alg == wanted, "clients.{name}: alg is {alg}, not {wanted}");
    }
    if seen == 0 {
        return Err(missing("no client registered an algorithm"));
    }
    Ok(())
}

/// The left half of the hash that goes with the token's algorithm.
fn half_hash(id: &Jwt, text: &str) -> Result<String> {
    let algorithm = match id.alg() {
        alg if alg.ends_with("256") => &digest::SHA256,
        alg if alg.ends_with("384") => &digest::SHA384,
        // Ed25519 goes with SHA-512.
        alg if alg.ends_with("512") || alg == "EdDSA" => &digest::SHA512,
        alg => anyhow::bail!("alg is {alg}"),
    };
    let hash = digest(algorithm, text.as_bytes());
    let bytes = hash.as_ref();
    Ok(base64url(&bytes[..bytes.len() / 2]))
}

async fn hashes(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op).await?;
    let id = &signed_in.id;
    let (at, code) = (id.claims["at_hash"].as_str(), id.claims["c_hash"].as_str());
    if let Some(hash) = at {
        let right = half_hash(id, signed_in.tokens.access()?)?;
        ensure!(hash == right, "at_hash is {hash}, not {right}");
    }
    if let Some(hash) = code {
        let right = half_hash(id, signed_in.landing.code()?)?;
        ensure!(hash == right, "c_hash is {hash}, not {right}");
    }
    if at.is_none() && code.is_none() {
        return Err(missing("the ID token has neither"));
    }
    Ok(())
}

async fn types(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.request(&client, "openid")?.with("max_age", "10000");
    let id = op
        .sign_in_with(op.visitor().await?, &client, request)
        .await?
        .id;
    let claims = &id.claims;
    for name in ["azp", "acr", "sid", "jti"] {
        let value = &claims[name];
        ensure!(value.is_null() || value.is_string(), "{name} is {value}");
    }
    let amr = &claims["amr"];
    let texts = |all: &Vec<Value>| all.iter().all(Value::is_string);
    ensure!(
        amr.is_null() || amr.as_array().is_some_and(texts),
        "amr is {amr}"
    );
    id.seconds("auth_time").map(drop)
}

async fn scope_claims(op: &mut Provider) -> Outcome {
    let id = op.sign_in(&op.basic(), "openid profile email").await?.id;
    for name in ["name", "email", "preferred_username"] {
        if id.claims.get(name).is_some() {
            return Err(discouraged(format!("{name} is in the ID token")));
        }
    }
    Ok(())
}

async fn stable_subject(op: &mut Provider) -> Outcome {
    let first = op.sign_in_fresh(&op.basic(), "openid").await?.id;
    let second = op.sign_in_fresh(&op.basic(), "openid").await?.id;
    ensure!(
        first.claims["sub"] == second.claims["sub"],
        "the sub changes"
    );
    Ok(())
}

async fn pairwise(op: &mut Provider) -> Outcome {
    op.needs("subject_types_supported", "pairwise")?;
    let client = op.pairwise_client()?;
    let public = signed_in(op).await?.id;
    let first = op.sign_in(&client, "openid").await?;
    let second = op.sign_in_fresh(&client, "openid").await?;
    let (one, two) = (first.id.text_of("sub")?, second.id.text_of("sub")?);
    ensure!(one == two, "the sub changes");
    ensure!(public.text_of("sub")? != one, "it is the public one");
    let claims = op.claims(first.tokens.access()?).await?;
    ensure!(
        claims["sub"] == one,
        "UserInfo tells another: {}",
        claims["sub"]
    );
    Ok(())
}

async fn two_people(op: &mut Provider) -> Outcome {
    let other = op.other_user()?;
    let client = op.basic();
    let request = op.request(&client, "openid")?;
    let landing = op
        .authorize_as(&mut op.browser()?, &request, &other)
        .await?;
    let theirs = op.redeem(&client, &request, landing.code()?).await?.id()?;
    let mine = signed_in(op).await?.id;
    ensure!(
        theirs.text_of("sub")? != mine.text_of("sub")?,
        "both have one sub"
    );
    Ok(())
}
