//! I. Revocation and introspection (87 to 92).

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::expect;
use super::flow::SignedIn;
use super::provider::Provider;
use super::target::Client;
use super::tokens::{self, post};
use crate::cases;
use crate::suite::case::{Outcome, discouraged};
use crate::suite::client::Reply;

cases! {
    pub CASES of Provider;
    87 "a" Must "RFC 7009 §2.1"
        "A client that doesn't show who it is revokes nothing" => unauthenticated;
    87 "b" Must "RFC 7009 §2.1"
        "Another client's token is not revoked" => of_another;
    87 "c" Must "RFC 7009 §2.1"
        "A public client revokes its token by its name" => public;
    87 "d" Must "RFC 7009 §2.1"
        "Nothing is revoked by GET" => by_get;
    88 "a" Must "RFC 7009 §2.2"
        "A token is revoked with 200, a second time too" => revoked;
    88 "b" Must "RFC 7009 §2.2"
        "A token that nobody issued: 200" => unknown;
    88 "c" Must "RFC 7009 §2.1"
        "A wrong hint finds the token all the same" => wrong_hint;
    88 "d" Must "RFC 7009 §2.1"
        "A request without token is refused" => no_token;
    89 "a" Must "RFC 7009 §2.1"
        "A revoked access token opens nothing" => access_dead;
    89 "b" Must "RFC 7009 §2.1"
        "A revoked refresh token is useless at once" => refresh_dead;
    89 "c" Should "RFC 7009 §2.1"
        "With a refresh token its access tokens are revoked" => access_of_refresh;
    90 "a" Must "RFC 7662 §2.1"
        "Who doesn't show who they are is told nothing" => introspection_closed;
    90 "b" Must "RFC 7662 §2.1"
        "A wrong secret is told nothing" => introspection_wrong;
    91 "a" Must "RFC 7662 §2.2"
        "A live access token is active" => active;
    91 "b" Should "RFC 7662 §2.2"
        "Scope, client, times and subject are told" => told;
    91 "c" Must "RFC 7662 §2.2"
        "A token that nobody issued: exactly `active` false" => inactive;
    91 "d" Must "RFC 7662 §2.2"
        "Another client's token: exactly `active` false" => inactive_for_other;
    91 "e" Must "RFC 7662 §2.2"
        "An ID token is no live token" => id_token;
    92 "a" Must "RFC 7662 §4"
        "A revoked token is inactive at once" => revoked_inactive;
    92 "b" Should "RFC 7662 §4"
        "The answer is kept nowhere" => stored;
}

const REVOKE: &str = "revocation_endpoint";
const INSPECT: &str = "introspection_endpoint";

/// Somebody signed in, where the endpoint is there.
async fn signed_in(op: &Provider, endpoint: &str) -> Result<SignedIn> {
    op.endpoint(endpoint)?;
    op.sign_in(&op.basic(), "openid").await
}

async fn revoke(op: &Provider, client: &Client, token: &str) -> Result<Reply> {
    op.ask(REVOKE, client, &[("token", token)]).await
}

fn accepted(reply: &Reply) -> Outcome {
    ensure!(reply.status == 200, "not revoked: {}", reply.summary());
    Ok(())
}

async fn unauthenticated(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    let client = op.basic();
    let url = op.endpoint(REVOKE)?;
    for own in [&[][..], &[("client_id", client.client_id.as_str())]] {
        let request = post(url.clone(), &[&[("token", access)], own].concat());
        let reply = op.application()?.send(request).await?;
        expect::refused(&reply, &["invalid_client", "invalid_request"])?;
    }
    expect::opens(op, access).await
}

async fn of_another(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    let reply = revoke(op, &op.post_client()?, access).await?;
    ensure!(reply.status < 500, "{}", reply.summary());
    expect::opens(op, access).await
}

async fn public(op: &mut Provider) -> Outcome {
    op.endpoint(REVOKE)?;
    let client = op.public_client()?;
    let signed_in = op.sign_in(&client, "openid").await?;
    let access = signed_in.tokens.access()?;
    accepted(&revoke(op, &client, access).await?)?;
    expect::is_dead(op, access).await
}

async fn by_get(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    let mut url = op.endpoint(REVOKE)?;
    url.query_pairs_mut().append_pair("token", access);
    let reply = op.application()?.get(url).await?;
    ensure!((400..500).contains(&reply.status), "{}", reply.summary());
    expect::opens(op, access).await
}

async fn revoked(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    accepted(&revoke(op, &op.basic(), access).await?)?;
    accepted(&revoke(op, &op.basic(), access).await?)
}

async fn unknown(op: &mut Provider) -> Outcome {
    accepted(&revoke(op, &op.basic(), "nobody-issued-this").await?)
}

async fn wrong_hint(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    for hint in ["refresh_token", "nobody-knows-this"] {
        let fields = [("token", access), ("token_type_hint", hint)];
        let reply = op.ask(REVOKE, &op.basic(), &fields).await?;
        if hint == "refresh_token" {
            accepted(&reply)?;
        } else if reply.status != 200 {
            // RFC 7009 §2.2.1 lets a server say that it doesn't know the kind.
            expect::refused(&reply, &["unsupported_token_type"])?;
        }
    }
    expect::is_dead(op, access).await
}

async fn no_token(op: &mut Provider) -> Outcome {
    let reply = op.ask(REVOKE, &op.basic(), &[]).await?;
    expect::refused(&reply, &["invalid_request"])
}

async fn access_dead(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, REVOKE).await?;
    let access = signed_in.tokens.access()?;
    expect::opens(op, access).await?;
    accepted(&revoke(op, &op.basic(), access).await?)?;
    expect::is_dead(op, access).await
}

async fn refresh_dead(op: &mut Provider) -> Outcome {
    op.endpoint(REVOKE)?;
    let client = op.basic();
    let signed_in = op.sign_in_offline(&client).await?;
    let token = signed_in.tokens.refresh()?;
    accepted(&revoke(op, &client, token).await?)?;
    expect::invalid_grant(&op.refresh(&client, token).await?)
}

async fn access_of_refresh(op: &mut Provider) -> Outcome {
    op.endpoint(REVOKE)?;
    let client = op.basic();
    let signed_in = op.sign_in_offline(&client).await?;
    accepted(&revoke(op, &client, signed_in.tokens.refresh()?).await?)?;
    match expect::is_dead(op, signed_in.tokens.access()?).await {
        Ok(()) => Ok(()),
        Err(error) => Err(discouraged(format!("{error:#}"))),
    }
}

async fn inspect(op: &Provider, client: &Client, token: &str) -> Result<Value> {
    let reply = op.ask(INSPECT, client, &[("token", token)]).await?;
    ensure!(reply.status == 200, "{}", reply.summary());
    tokens::json(&reply)
}

async fn introspection_closed(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let access = signed_in.tokens.access()?;
    let request = post(op.endpoint(INSPECT)?, &[("token", access)]);
    let reply = op.application()?.send(request).await?;
    ensure!(
        matches!(reply.status, 400 | 401) && !reply.body.contains("\"active\""),
        "{}",
        reply.summary()
    );
    Ok(())
}

async fn introspection_wrong(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let mut client = op.basic();
    client.client_secret = Some("not-the-secret".to_owned());
    let fields = [("token", signed_in.tokens.access()?)];
    let reply = op.ask(INSPECT, &client, &fields).await?;
    ensure!(reply.status == 401, "{}", reply.summary());
    ensure!(!reply.body.contains("\"active\""), "it is told");
    Ok(())
}

async fn active(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let answer = inspect(op, &op.basic(), signed_in.tokens.access()?).await?;
    ensure!(answer["active"] == true, "the answer is {answer}");
    Ok(())
}

async fn told(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let client = op.basic();
    let answer = inspect(op, &client, signed_in.tokens.access()?).await?;
    for name in [
        "scope",
        "client_id",
        "exp",
        "iat",
        "sub",
        "iss",
        "token_type",
    ] {
        ensure!(answer.get(name).is_some(), "no {name}: {answer}");
    }
    ensure!(
        answer["client_id"] == client.client_id,
        "client_id is {}",
        answer["client_id"]
    );
    ensure!(
        answer["sub"] == signed_in.id.claims["sub"],
        "sub is {}",
        answer["sub"]
    );
    ensure!(
        answer["exp"].is_i64() && answer["iat"].is_i64(),
        "the times are {answer}"
    );
    Ok(())
}

fn is_inactive(answer: &Value) -> Outcome {
    ensure!(
        *answer == json!({ "active": false }),
        "the answer is {answer}"
    );
    Ok(())
}

async fn inactive(op: &mut Provider) -> Outcome {
    op.endpoint(INSPECT)?;
    is_inactive(&inspect(op, &op.basic(), "nobody-issued-this").await?)
}

async fn inactive_for_other(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let other = op.post_client()?;
    is_inactive(&inspect(op, &other, signed_in.tokens.access()?).await?)
}

async fn id_token(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let reply = op
        .ask(INSPECT, &op.basic(), &[("token", &signed_in.id.text)])
        .await?;
    if reply.status == 400 {
        return expect::refused(&reply, &["unsupported_token_type", "invalid_request"]);
    }
    is_inactive(&tokens::json(&reply)?)
}

async fn revoked_inactive(op: &mut Provider) -> Outcome {
    op.endpoint(REVOKE)?;
    let signed_in = signed_in(op, INSPECT).await?;
    let access = signed_in.tokens.access()?;
    let before = inspect(op, &op.basic(), access).await?;
    ensure!(before["active"] == true, "the answer is {before}");
    accepted(&revoke(op, &op.basic(), access).await?)?;
    is_inactive(&inspect(op, &op.basic(), access).await?)
}

async fn stored(op: &mut Provider) -> Outcome {
    let signed_in = signed_in(op, INSPECT).await?;
    let fields = [("token", signed_in.tokens.access()?)];
    expect::not_stored(&op.ask(INSPECT, &op.basic(), &fields).await?)
}
