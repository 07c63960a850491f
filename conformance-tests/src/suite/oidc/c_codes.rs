//! C. Codes and refresh tokens, used again (46, 51 to 53, 55).

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::join_all;

use super::expect;
use super::provider::Provider;
use super::tokens::Tokens;
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};

cases! {
    pub CASES of Provider;
    46 "a" Must "RFC 6749 §4.1.2" ["oidcc-codereuse"]
        "A code can be used once" => code_reused;
    46 "b" Must "RFC 6749 §4.1.2" ["oidcc-codereuse-30seconds"]
        "A code that was used is refused half a minute later too" => code_reused_later;
    46 "c" Should "RFC 6749 §4.1.2" ["oidcc-codereuse-30seconds"]
        "The access token of a code that is used again later is revoked" => access_revoked;
    46 "d" Must "RFC 6749 §4.1.2"
        "Of several uses of a code at once, one at most succeeds" => code_raced;
    46 "e" Should "RFC 6749 §4.1.2"
        "The refresh token of a code that is used again later is revoked" => refresh_revoked;
    51 "a" Must "Core §12.2" ["oidcc-refresh-token"]
        "A refreshed ID token is of the same issuer, person, client and sign-in" => refreshed_id;
    51 "b" Should "Core §12.1" ["oidcc-refresh-token"]
        "A refresh gives tokens, kept nowhere" => refreshed;
    52 "a" Must "RFC 6749 §6" ["oidcc-refresh-token"]
        "A refresh token of another client is refused" => refresh_of_other;
    52 "b" Must "RFC 6749 §6"
        "A refresh can't widen the scope" => widened;
    52 "c" Must "RFC 6749 §6"
        "A refresh may narrow the scope" => narrowed;
    52 "d" Must "RFC 6749 §5.2"
        "A refresh token that nobody issued is refused" => unknown_refresh;
    53 "a" Must "RFC 9700 §2.2.2"
        "A public client gets another refresh token with each refresh" => rotated;
    53 "b" Must "RFC 9700 §4.14.2"
        "A public client's refresh token that was replaced twice ends all that came of it" => family_revoked;
    53 "c" Should "RFC 9700 §4.14.2"
        "Two refreshes of a public client at once lose nothing" => refreshes_raced;
    55 May "Core §11"
        "`offline_access` with consent gives a refresh token" => offline;
}

pub(super) async fn code_reused(op: &mut Provider) -> Outcome {
    let (request, code) = op.code(&op.basic(), "openid").await?;
    op.redeem(&op.basic(), &request, &code).await?;
    expect::invalid_grant(&op.exchange(&op.basic(), &request, &code).await?)
}

/// Half a minute: by then nobody can mean a repetition of a request whose answer was lost.
const LATER: Duration = Duration::from_secs(30);

async fn code_reused_later(op: &mut Provider) -> Outcome {
    let (code, signed_in) = op.planted_since(LATER).await?.redeemed;
    let reply = op.exchange(&op.basic(), &signed_in.request, &code).await?;
    expect::invalid_grant(&reply)
}

async fn access_revoked(op: &mut Provider) -> Outcome {
    let (code, signed_in) = op.planted_since(LATER).await?.redeemed;
    let reply = op.exchange(&op.basic(), &signed_in.request, &code).await?;
    expect::invalid_grant(&reply)?;
    match expect::is_dead(op, signed_in.tokens.access()?).await {
        Ok(()) => Ok(()),
        Err(error) => Err(discouraged(format!("{error:#}"))),
    }
}

async fn code_raced(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let (request, code) = op.code(&client, "openid").await?;
    let uses = (0..8).map(|_| op.exchange(&client, &request, &code));
    let replies = join_all(uses).await;
    let mut good = 0;
    for reply in replies {
        let reply = reply?;
        ensure!(reply.status < 500, "{}", reply.summary());
        good += usize::from(reply.status == 200);
    }
    ensure!(good <= 1, "{good} of 8 succeeded");
    Ok(())
}

async fn refresh_revoked(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let signed_in = op.sign_in_offline(&client).await?;
    let token = signed_in.tokens.refresh()?.to_owned();
    let code = signed_in.landing.code()?;
    // Not at once: that may be a repetition.
    tokio::time::sleep(Duration::from_secs(4)).await;
    expect::invalid_grant(&op.exchange(&client, &signed_in.request, code).await?)?;
    expect::invalid_grant(&op.refresh(&client, &token).await?)
}

async fn refreshed_id(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.offline(&client)?.with("max_age", "10000");
    let first = op
        .sign_in_with(op.visitor().await?, &client, request)
        .await?;
    let tokens = Tokens::read(op.refresh(&client, first.tokens.refresh()?).await?)?;
    if tokens.body.get("id_token").is_none() {
        return Err(missing("a refresh brings no ID token"));
    }
    let (old, new) = (first.id, tokens.id()?);
    new.verify(&op.jwks)?;
    for claim in ["iss", "sub", "auth_time", "azp"] {
        ensure!(
            old.claims.get(claim) == new.claims.get(claim),
            "{claim} is {:?}, and was {:?}",
            new.claims.get(claim),
            old.claims.get(claim)
        );
    }
    ensure!(
        new.is_for(&client.client_id),
        "aud is {}",
        new.claims["aud"]
    );
    ensure!(new.seconds("iat")? >= old.seconds("iat")?, "iat is older");
    if let Some(nonce) = new.claims.get("nonce") {
        ensure!(
            old.claims.get("nonce") == Some(nonce),
            "the nonce is {nonce}"
        );
    }
    Ok(())
}

pub(super) async fn refreshed(op: &mut Provider) -> Outcome {
    op.needs("grant_types_supported", "refresh_token")?;
    let client = op.basic();
    let first = op.sign_in_offline(&client).await?;
    let tokens = Tokens::read(op.refresh(&client, first.tokens.refresh()?).await?)?;
    expect::not_stored(&tokens.reply)?;
    expect::opens(op, tokens.access()?).await?;
    ensure!(
        tokens.access()? != first.tokens.access()?,
        "the same access token"
    );
    let kind = tokens.text("token_type")?;
    ensure!(
        kind.eq_ignore_ascii_case("bearer"),
        "token_type is «{kind}»"
    );
    Ok(())
}

pub(super) async fn refresh_of_other(op: &mut Provider) -> Outcome {
    let other = op.post_client()?;
    let first = op.sign_in_offline(&op.basic()).await?;
    expect::invalid_grant(&op.refresh(&other, first.tokens.refresh()?).await?)
}

async fn with_scope(op: &Provider, scope: &str) -> Result<crate::suite::client::Reply> {
    let client = op.basic();
    let request = op.offline(&client)?;
    let wanted = request.parameters.iter().find(|(name, _)| name == "scope");
    let wanted = wanted
        .map(|(_, value)| format!("{value} profile"))
        .context("no scope")?;
    let request = request.clone().with("scope", &wanted);
    let first = op
        .sign_in_with(op.visitor().await?, &client, request)
        .await?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", first.tokens.refresh()?),
        ("scope", scope),
    ];
    op.token(&client, &fields).await
}

async fn widened(op: &mut Provider) -> Outcome {
    let reply = with_scope(op, "openid profile email").await?;
    expect::refused(&reply, &["invalid_scope"])
}

async fn narrowed(op: &mut Provider) -> Outcome {
    let tokens = Tokens::read(with_scope(op, "openid").await?)?;
    let claims = op.claims(tokens.access()?).await?;
    ensure!(
        claims.get("name").is_none(),
        "the claims of profile are still told"
    );
    Ok(())
}

async fn unknown_refresh(op: &mut Provider) -> Outcome {
    expect::invalid_grant(&op.refresh(&op.basic(), "nobody-issued-this").await?)
}

async fn rotated(op: &mut Provider) -> Outcome {
    let client = op.public_client()?;
    let first = op.sign_in_offline(&client).await?;
    let old = first.tokens.refresh()?;
    let tokens = Tokens::read(op.refresh(&client, old).await?)?;
    let new = tokens.body["refresh_token"]
        .as_str()
        .context("no new refresh token")?;
    ensure!(new != old, "the same refresh token");
    Ok(())
}

async fn family_revoked(op: &mut Provider) -> Outcome {
    let client = op.public_client()?;
    let first = op.sign_in_offline(&client).await?;
    let oldest = first.tokens.refresh()?.to_owned();
    let second = Tokens::read(op.refresh(&client, &oldest).await?)?;
    let second = second.refresh()?.to_owned();
    let third = Tokens::read(op.refresh(&client, &second).await?)?;
    let (newest, access) = (third.refresh()?.to_owned(), third.access()?.to_owned());
    expect::invalid_grant(&op.refresh(&client, &oldest).await?)?;
    expect::invalid_grant(&op.refresh(&client, &newest).await?).context("the newest one")?;
    expect::is_dead(op, &access).await
}

async fn refreshes_raced(op: &mut Provider) -> Outcome {
    let client = op.public_client()?;
    let first = op.sign_in_offline(&client).await?;
    let token = first.tokens.refresh()?.to_owned();
    let (one, two) = tokio::join!(op.refresh(&client, &token), op.refresh(&client, &token));
    let mut newest = Vec::new();
    for reply in [one?, two?] {
        ensure!(reply.status < 500, "{}", reply.summary());
        if reply.status == 200 {
            newest.push(Tokens::read(reply)?.refresh()?.to_owned());
        }
    }
    ensure!(!newest.is_empty(), "both were refused");
    for token in newest.iter().rev() {
        if op.refresh(&client, token).await?.status == 200 {
            return Ok(());
        }
    }
    anyhow::bail!("none of the new refresh tokens is good");
}

async fn offline(op: &mut Provider) -> Outcome {
    op.needs("scopes_supported", "offline_access")?;
    op.needs("grant_types_supported", "refresh_token")?;
    let first = op.sign_in_offline(&op.basic()).await?;
    let token = first.tokens.body["refresh_token"].as_str();
    let token = token.context("no refresh token")?;
    // RFC 6749 §A.17: VSCHAR.
    ensure!(
        token.bytes().all(|it| (0x20..=0x7e).contains(&it)),
        "it has other characters than allowed"
    );
    Ok(())
}
