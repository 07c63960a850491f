//! C. How a client shows who it is (40 to 43, 49).

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::expect;
use super::keys::{Key, unsigned, with_secret};
use super::provider::Provider;
use super::request::AuthRequest;
use super::target::Client;
use super::tokens::{ASSERTION_TYPE, Tokens, code_fields, post, with_assertion, with_basic};
use crate::cases;
use crate::suite::case::{Outcome, missing};
use crate::suite::client::{Reply, Request};

cases! {
    pub CASES of Provider;
    40 "a" Must "Core §9" ["oidcc-server"]
        "`client_secret_basic` gives tokens" => basic;
    40 "b" Must "Core §9" ["oidcc-server-client-secret-post"]
        "`client_secret_post` gives tokens" => secret_post;
    40 "c" Must "Core §9"
        "`private_key_jwt` gives tokens" => key;
    40 "d" Must "Core §9"
        "A public client gets tokens without a secret" => public;
    40 "e" Must "Core §3.1.3.2"
        "A client with a secret gets nothing without it" => nothing_shown;
    40 "f" Should "RFC 7591 §2"
        "A client of `client_secret_basic` can't post its secret" => weaker;
    40 "g" Must "Core §9"
        "A client of `private_key_jwt` gets nothing without an assertion" => key_without;
    41 Must "RFC 6749 §2.3.1"
        "Basic credentials are form-decoded" => form_decoded;
    42 Must "RFC 6749 §2.3"
        "More than one method in a request is refused" => two_methods;
    43 "a" Must "RFC 6749 §5.2"
        "A wrong secret by Basic: 401, `invalid_client`, and the scheme to use" => wrong_basic;
    43 "b" Must "RFC 6749 §5.2"
        "A wrong secret in the body: `invalid_client`" => wrong_post;
    43 "c" Must "RFC 6749 §5.2"
        "A client that nobody knows: `invalid_client`" => unknown_client;
    43 "d" Must "RFC 6749 §5.2"
        "Basic credentials that are none are refused, and no failure of the server" => odd_basic;
}

cases! {
    /// Client assertions (RFC 7523).
    pub ASSERTIONS of Provider;
    49 "a" Must "RFC 7523 §3"
        "`iss` and `sub` have to be the client" => wrong_names;
    49 "b" Must "RFC 7523 §3"
        "`aud` has to name the server" => wrong_audience;
    49 "c" Must "RFC 7523 §3"
        "An assertion that has expired is refused" => expired;
    49 "d" Must "RFC 7523 §3"
        "One without `exp` is refused" => no_expiry;
    49 "e" Must "Core §9"
        "An assertion can be used once" => replayed;
    49 "f" Must "Core §9"
        "One without `jti` is refused" => no_id;
    49 "g" Must "RFC 7518 §3.6"
        "An unsigned one is refused" => unsigned_one;
    49 "h" Must "RFC 8725 §3.1"
        "One under the public key as a secret is refused" => confused;
    49 "i" Must "RFC 7523 §3"
        "One by another key is refused" => foreign_key;
    49 "j" Must "RFC 7523 §3"
        "One that isn't good yet is refused" => too_early;
    49 "k" Must "RFC 7521 §4.2"
        "A `client_id` beside it that is another client's is refused" => other_client;
    49 "l" Must "RFC 7521 §4.2"
        "Another `client_assertion_type` is refused" => other_type;
}

async fn signs_in(op: &Provider, client: &Client) -> Outcome {
    op.sign_in(client, "openid").await.map(drop)
}

async fn basic(op: &mut Provider) -> Outcome {
    op.needs(
        "token_endpoint_auth_methods_supported",
        "client_secret_basic",
    )?;
    signs_in(op, &op.basic()).await
}

pub(super) async fn secret_post(op: &mut Provider) -> Outcome {
    signs_in(op, &op.post_client()?).await
}

async fn key(op: &mut Provider) -> Outcome {
    signs_in(op, &op.key_client()?).await
}

async fn public(op: &mut Provider) -> Outcome {
    signs_in(op, &op.public_client()?).await
}

/// A code of a client, and what the token endpoint says to a request made of it.
async fn shown(
    op: &Provider,
    client: &Client,
    make: impl Fn(url::Url, &[(&str, &str)]) -> Request,
) -> Result<Reply> {
    let (request, code) = op.code(client, "openid").await?;
    let made = make(
        op.endpoint("token_endpoint")?,
        &code_fields(&request, &code),
    );
    op.application()?.send(made).await
}

async fn nothing_shown(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let id = [("client_id", client.client_id.as_str())];
    let reply = shown(op, &client, |url, fields| {
        post(url, &[fields, &id].concat())
    })
    .await?;
    expect::refused(&reply, &["invalid_client"])
}

async fn weaker(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let secret = client.client_secret.clone().unwrap_or_default();
    let own = [
        ("client_id", client.client_id.as_str()),
        ("client_secret", &secret),
    ];
    let reply = shown(op, &client, |url, fields| {
        post(url, &[fields, &own].concat())
    })
    .await?;
    expect::refused(&reply, &["invalid_client", "unauthorized_client"])
}

async fn key_without(op: &mut Provider) -> Outcome {
    let client = op.key_client()?;
    let id = [("client_id", client.client_id.as_str())];
    let reply = shown(op, &client, |url, fields| {
        post(url, &[fields, &id].concat())
    })
    .await?;
    expect::refused(&reply, &["invalid_client"])
}

async fn form_decoded(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let secret = client.client_secret.clone().unwrap_or_default();
    if secret
        .chars()
        .all(|it| it.is_ascii_alphanumeric() || "-._~".contains(it))
    {
        return Err(missing(
            "the secret of clients.basic has no character to encode",
        ));
    }
    signs_in(op, &client).await
}

async fn two_methods(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let secret = client.client_secret.clone().unwrap_or_default();
    let own = [
        ("client_id", client.client_id.as_str()),
        ("client_secret", &secret),
    ];
    let reply = shown(op, &client, |url, fields| {
        with_basic(
            post(url, &[fields, &own].concat()),
            &client.client_id,
            &secret,
        )
    })
    .await?;
    expect::refused(&reply, &["invalid_request", "invalid_client"])
}

async fn wrong_basic(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let reply = shown(op, &client, |url, fields| {
        with_basic(post(url, fields), &client.client_id, "not-the-secret")
    })
    .await?;
    expect::refused(&reply, &["invalid_client"])?;
    expect::challenged(&reply, "Basic").map(drop)
}

async fn wrong_post(op: &mut Provider) -> Outcome {
    let client = op.post_client()?;
    let own = [
        ("client_id", client.client_id.as_str()),
        ("client_secret", "not-the-secret"),
    ];
    let reply = shown(op, &client, |url, fields| {
        post(url, &[fields, &own].concat())
    })
    .await?;
    expect::refused(&reply, &["invalid_client"])
}

async fn unknown_client(op: &mut Provider) -> Outcome {
    let reply = shown(op, &op.basic(), |url, fields| {
        with_basic(post(url, fields), "nobody-knows-this-client", "secret")
    })
    .await?;
    expect::refused(&reply, &["invalid_client"])?;
    expect::challenged(&reply, "Basic").map(drop)
}

async fn odd_basic(op: &mut Provider) -> Outcome {
    let halves = ["no-colon", ":", "%zz:%zz", "\u{0}:\u{0}"].map(|it| STANDARD.encode(it));
    for credentials in halves.iter().map(String::as_str).chain(["***", ""]) {
        let request = post(
            op.endpoint("token_endpoint")?,
            &[("grant_type", "authorization_code")],
        );
        let request = request.with_header("authorization", format!("Basic {credentials}"));
        let reply = op.application()?.send(request).await?;
        expect::refused(&reply, &["invalid_client", "invalid_request"])?;
    }
    Ok(())
}

/// A code of the client with a key.
async fn code_of_key(op: &Provider) -> Result<(Client, Key, AuthRequest, String)> {
    let client = op.key_client()?;
    let (request, code) = op.code(&client, "openid").await?;
    Ok((client.clone(), Provider::key_of(&client)?, request, code))
}

/// What the token endpoint says to an assertion made of the claims of a good one.
async fn asserted(op: &Provider, make: impl Fn(&Key, &Value) -> Result<String>) -> Result<Reply> {
    let (client, key, request, code) = code_of_key(op).await?;
    let assertion = make(&key, &op.assertion_claims(&client)?)?;
    let fields = code_fields(&request, &code);
    let url = op.endpoint("token_endpoint")?;
    let request = with_assertion(url, &fields, &client.client_id, &assertion);
    op.application()?.send(request).await
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT" })
}

/// An assertion with one claim changed, or left out by null, is refused.
async fn refused_with(op: &Provider, name: &str, value: Value) -> Outcome {
    let reply = asserted(op, |key, claims| {
        let mut claims = claims.clone();
        claims[name] = value.clone();
        if let (true, Some(claims)) = (value.is_null(), claims.as_object_mut()) {
            claims.remove(name);
        }
        key.sign(&header(), &claims)
    });
    refused(&reply.await?)
}

fn refused(reply: &Reply) -> Outcome {
    expect::refused(reply, &["invalid_client", "invalid_request"])
}

async fn wrong_names(op: &mut Provider) -> Outcome {
    let other = json!(op.basic().client_id);
    refused_with(op, "iss", other.clone()).await?;
    refused_with(op, "sub", other).await
}

async fn wrong_audience(op: &mut Provider) -> Outcome {
    refused_with(op, "aud", json!("https://another-server.invalid")).await?;
    refused_with(op, "aud", Value::Null).await
}

async fn expired(op: &mut Provider) -> Outcome {
    let hour_ago = crate::suite::clock::now().as_second() - 3600;
    refused_with(op, "exp", json!(hour_ago)).await
}

async fn no_expiry(op: &mut Provider) -> Outcome {
    refused_with(op, "exp", Value::Null).await
}

async fn no_id(op: &mut Provider) -> Outcome {
    refused_with(op, "jti", Value::Null).await
}

async fn too_early(op: &mut Provider) -> Outcome {
    let in_an_hour = crate::suite::clock::now().as_second() + 3600;
    refused_with(op, "nbf", json!(in_an_hour)).await
}

async fn replayed(op: &mut Provider) -> Outcome {
    let (client, key, request, code) = code_of_key(op).await?;
    let assertion = key.sign(&header(), &op.assertion_claims(&client)?)?;
    let url = op.endpoint("token_endpoint")?;
    let made = with_assertion(
        url.clone(),
        &code_fields(&request, &code),
        &client.client_id,
        &assertion,
    );
    Tokens::read(op.application()?.send(made).await?)?;
    let (request, code) = op.code(&client, "openid").await?;
    let made = with_assertion(
        url,
        &code_fields(&request, &code),
        &client.client_id,
        &assertion,
    );
    refused(&op.application()?.send(made).await?)
}

async fn unsigned_one(op: &mut Provider) -> Outcome {
    let reply = asserted(op, |_, claims| {
        Ok(unsigned(&json!({ "alg": "none" }), claims))
    });
    refused(&reply.await?)
}

async fn confused(op: &mut Provider) -> Outcome {
    let reply = asserted(op, |key, claims| {
        let public = key.public_jwk().to_string();
        Ok(with_secret(
            public.as_bytes(),
            &json!({ "alg": "HS256" }),
            claims,
        ))
    });
    refused(&reply.await?)
}

async fn foreign_key(op: &mut Provider) -> Outcome {
    let foreign = Key::generate()?;
    let reply = asserted(op, |_, claims| {
        let mut header = header();
        // The key it brings itself is nobody's.
        header["jwk"] = foreign.public_jwk();
        foreign.sign(&header, claims)
    });
    refused(&reply.await?)
}

async fn other_client(op: &mut Provider) -> Outcome {
    let (client, key, request, code) = code_of_key(op).await?;
    let assertion = key.sign(&header(), &op.assertion_claims(&client)?)?;
    let url = op.endpoint("token_endpoint")?;
    let fields = code_fields(&request, &code);
    let made = with_assertion(url, &fields, &op.basic().client_id, &assertion);
    refused(&op.application()?.send(made).await?)
}

async fn other_type(op: &mut Provider) -> Outcome {
    let (client, key, request, code) = code_of_key(op).await?;
    let assertion = key.sign(&header(), &op.assertion_claims(&client)?)?;
    let own = [
        ("client_id", client.client_id.as_str()),
        ("client_assertion_type", "urn:example:magic"),
        ("client_assertion", &assertion),
    ];
    ensure!(own[1].1 != ASSERTION_TYPE, "the case changes nothing");
    let fields = [&code_fields(&request, &code)[..], &own].concat();
    let reply = op
        .application()?
        .send(post(op.endpoint("token_endpoint")?, &fields))
        .await?;
    refused(&reply)
}
