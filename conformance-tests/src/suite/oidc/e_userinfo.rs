//! E. `UserInfo` (63 to 68).

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::Value;

use super::expect;
use super::jose::Jwt;
use super::provider::Provider;
use super::tokens::{Tokens, json, post};
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};
use crate::suite::client::{Reply, Request};

cases! {
    pub CASES of Provider;
    63 "a" Must "Core §5.3.1" ["oidcc-userinfo-get"]
        "By GET with the token in the header" => by_get;
    63 "b" Must "Core §5.3.1" ["oidcc-userinfo-post-header"]
        "By POST with the token in the header" => by_post;
    63 "c" May "RFC 6750 §2.2" ["oidcc-userinfo-post-body"]
        "By POST with the token in the body" => by_body;
    64 "a" Must "Core §5.3.2" ["oidcc-userinfo-get"]
        "`sub` is that of the ID token" => same_subject;
    64 "b" Must "Core §5.3.2"
        "Claims without a value are left out, neither null nor empty" => no_empty;
    64 "c" Must "Core §5.4"
        "Nothing is told of scopes that weren't asked for" => only_asked;
    65 "a" Must "Core §5.4" ["oidcc-scope-profile"]
        "The scope `profile`" => profile;
    65 "b" Must "Core §5.4" ["oidcc-scope-email"]
        "The scope `email`" => email;
    65 "c" Must "Core §5.4" ["oidcc-scope-address"]
        "The scope `address`" => address;
    65 "d" Must "Core §5.4" ["oidcc-scope-phone"]
        "The scope `phone`" => phone;
    65 "e" Must "Core §5.4" ["oidcc-scope-all"]
        "All scopes at once, with the types of their claims" => all;
    66 "a" Must "RFC 6750 §3"
        "Without a token: 401 and the scheme, without an error code" => no_token;
    66 "b" Must "RFC 6750 §3.1"
        "A token that nobody issued: 401, `invalid_token`" => bad_token;
    66 "c" Must "RFC 6750 §3.1"
        "A token without the scope `openid`: 403, `insufficient_scope`" => no_scope;
    66 "d" Must "RFC 6750 §3.1"
        "An ID token or a code is no access token" => other_tokens;
    67 "a" Should "RFC 6750 §2.3"
        "A token in the address is refused" => in_query;
    67 "b" Must "RFC 6750 §2"
        "A token in header and body at once is refused" => two_ways;
    68 May "Core §5.3.2"
        "A signed answer is a JWT of the issuer for the client" => signed;
}

async fn tokens(op: &Provider) -> Result<Tokens> {
    Ok(op.sign_in(&op.basic(), "openid").await?.tokens)
}

fn good(reply: &Reply) -> Result<Value> {
    ensure!(reply.status == 200, "no claims: {}", reply.summary());
    let claims = json(reply)?;
    expect::text(&claims, "sub")?;
    Ok(claims)
}

pub(super) async fn by_get(op: &mut Provider) -> Outcome {
    good(&op.userinfo(tokens(op).await?.access()?).await?).map(drop)
}

pub(super) async fn by_post(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let request = Request {
        method: Method::POST,
        ..Request::get(op.endpoint("userinfo_endpoint")?)
    };
    let request = request.with_header("authorization", format!("Bearer {}", tokens.access()?));
    good(&op.application()?.send(request).await?).map(drop)
}

pub(super) async fn by_body(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let url = op.endpoint("userinfo_endpoint")?;
    let reply = op
        .application()?
        .send(post(url, &[("access_token", tokens.access()?)]))
        .await?;
    if reply.status == 200 {
        return good(&reply).map(drop);
    }
    ensure!(reply.status < 500, "{}", reply.summary());
    Err(discouraged(format!(
        "refused, which is allowed: {}",
        reply.summary()
    )))
}

async fn same_subject(op: &mut Provider) -> Outcome {
    let signed_in = op.sign_in(&op.basic(), "openid").await?;
    let claims = op.claims(signed_in.tokens.access()?).await?;
    let sub = signed_in.id.text_of("sub")?;
    ensure!(claims["sub"] == sub, "sub is {}, not {sub}", claims["sub"]);
    Ok(())
}

/// The claims by a scope; not applicable where the server hasn't it.
async fn claims_of(op: &Provider, scope: &str) -> Result<Value> {
    for each in scope.split(' ') {
        op.needs("scopes_supported", each)?;
    }
    let scope = format!("openid {scope}");
    let signed_in = op.sign_in(&op.basic(), &scope).await?;
    let claims = op.claims(signed_in.tokens.access()?).await?;
    typed(&claims)?;
    Ok(claims)
}

/// Core §5.1: the types of the standard claims.
fn typed(claims: &Value) -> Outcome {
    const TEXTS: [&str; 17] = [
        "sub",
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "email",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "phone_number",
        "iss",
    ];
    let fits = |name: &str, right: fn(&Value) -> bool| -> Outcome {
        match claims.get(name) {
            Some(value) => {
                ensure!(right(value), "{name} is {value}");
                Ok(())
            }
            None => Ok(()),
        }
    };
    for name in TEXTS {
        fits(name, Value::is_string)?;
    }
    fits("email_verified", Value::is_boolean)?;
    fits("phone_number_verified", Value::is_boolean)?;
    fits("updated_at", Value::is_number)?;
    fits("address", Value::is_object)
}

/// At least one of a scope's claims is told: people needn't have them all.
fn told(claims: &Value, names: &[&str]) -> Outcome {
    if names.iter().any(|name| claims.get(*name).is_some()) {
        return Ok(());
    }
    Err(discouraged(format!("none of {names:?} is told")))
}

async fn no_empty(op: &mut Provider) -> Outcome {
    let supported = ["profile", "email", "address", "phone"];
    let supported: Vec<&str> = supported
        .into_iter()
        .filter(|scope| op.lists("scopes_supported", scope))
        .collect();
    let claims = claims_of(op, &supported.join(" ")).await?;
    for (name, value) in claims.as_object().into_iter().flatten() {
        let empty = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(all) => all.is_empty(),
            Value::Object(all) => all.is_empty(),
            _ => false,
        };
        ensure!(!empty, "{name} is {value}");
    }
    Ok(())
}

async fn only_asked(op: &mut Provider) -> Outcome {
    let claims = op.claims(tokens(op).await?.access()?).await?;
    for name in [
        "name",
        "email",
        "phone_number",
        "address",
        "preferred_username",
    ] {
        ensure!(claims.get(name).is_none(), "{name} is told");
    }
    Ok(())
}

pub(super) async fn profile(op: &mut Provider) -> Outcome {
    told(
        &claims_of(op, "profile").await?,
        &["name", "preferred_username", "given_name"],
    )
}

pub(super) async fn email(op: &mut Provider) -> Outcome {
    told(&claims_of(op, "email").await?, &["email"])
}

pub(super) async fn address(op: &mut Provider) -> Outcome {
    told(&claims_of(op, "address").await?, &["address"])
}

pub(super) async fn phone(op: &mut Provider) -> Outcome {
    told(&claims_of(op, "phone").await?, &["phone_number"])
}

pub(super) async fn all(op: &mut Provider) -> Outcome {
    claims_of(op, "profile email address phone").await.map(drop)
}

async fn no_token(op: &mut Provider) -> Outcome {
    let reply = op
        .application()?
        .get(op.endpoint("userinfo_endpoint")?)
        .await?;
    if reply.status == 400 {
        // RFC 6750 §3.1 would have it so of a malformed request.
        anyhow::bail!("400 instead of 401");
    }
    let challenge = expect::challenged(&reply, "Bearer")?;
    ensure!(
        !challenge.contains("error="),
        "the challenge is «{challenge}»"
    );
    Ok(())
}

async fn bad_token(op: &mut Provider) -> Outcome {
    let reply = op.userinfo("nobody-issued-this").await?;
    let challenge = expect::challenged(&reply, "Bearer")?;
    ensure!(
        challenge.contains("error=\"invalid_token\""),
        "the challenge is «{challenge}»"
    );
    Ok(())
}

async fn no_scope(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.request(&client, "profile")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    let Ok(code) = landing.code() else {
        return Err(missing("no access token is issued without openid"));
    };
    let tokens = op.redeem(&client, &request, code).await?;
    let reply = op.userinfo(tokens.access()?).await?;
    ensure!(reply.status == 403, "the status is {}", reply.status);
    let challenge = reply.header("www-authenticate");
    ensure!(
        challenge.contains("error=\"insufficient_scope\""),
        "the challenge is «{challenge}»"
    );
    Ok(())
}

async fn other_tokens(op: &mut Provider) -> Outcome {
    let signed_in = op.sign_in(&op.basic(), "openid").await?;
    for token in [&signed_in.id.text, signed_in.landing.code()?] {
        expect::is_dead(op, token).await?;
    }
    Ok(())
}

async fn in_query(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let mut url = op.endpoint("userinfo_endpoint")?;
    url.query_pairs_mut()
        .append_pair("access_token", tokens.access()?);
    let reply = op.application()?.get(url).await?;
    ensure!(matches!(reply.status, 400 | 401), "{}", reply.status);
    Ok(())
}

async fn two_ways(op: &mut Provider) -> Outcome {
    let tokens = tokens(op).await?;
    let access = tokens.access()?;
    let request = post(
        op.endpoint("userinfo_endpoint")?,
        &[("access_token", access)],
    );
    let request = request.with_header("authorization", format!("Bearer {access}"));
    let reply = op.application()?.send(request).await?;
    if reply.status == 200 {
        let alone = post(
            op.endpoint("userinfo_endpoint")?,
            &[("access_token", access)],
        );
        let alone = op.application()?.send(alone).await?;
        ensure!(alone.status != 200, "both are taken");
        return Err(discouraged("the body isn't read at all"));
    }
    ensure!(matches!(reply.status, 400 | 401), "{}", reply.status);
    Ok(())
}

async fn signed(op: &mut Provider) -> Outcome {
    let clients = op.target.clients.all();
    let client = clients
        .into_iter()
        .map(|(_, client)| client)
        .find(|client| client.userinfo_signed_response_alg.is_some());
    let client = client.cloned();
    let client =
        client.ok_or_else(|| missing("no client registered userinfo_signed_response_alg"))?;
    let signed_in = op.sign_in(&client, "openid").await?;
    let reply = op.userinfo(signed_in.tokens.access()?).await?;
    ensure!(reply.status == 200, "{}", reply.summary());
    let kind = reply.header("content-type");
    ensure!(kind.starts_with("application/jwt"), "the type is «{kind}»");
    let claims = Jwt::parse(&reply.body)?;
    claims.verify(&op.jwks)?;
    let published = op.lists("userinfo_signing_alg_values_supported", claims.alg());
    ensure!(published, "{} isn't published", claims.alg());
    ensure!(
        claims.text_of("iss")? == op.issuer_text(),
        "iss is {}",
        claims.claims["iss"]
    );
    ensure!(
        claims.is_for(&client.client_id),
        "aud is {}",
        claims.claims["aud"]
    );
    ensure!(
        claims.text_of("sub")? == signed_in.id.text_of("sub")?,
        "another sub"
    );
    Ok(())
}
