//! G. RP-initiated logout (75 to 81).

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::flow::SignedIn;
use super::jose::tampered;
use super::keys::{Key, unsigned};
use super::leaving::Leaving;
use super::provider::Provider;
use crate::cases;
use crate::suite::case::{Outcome, missing};
use crate::suite::client::parameter;

cases! {
    pub CASES of Provider;
    75 "a" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout"]
        "By GET the browser comes back to where the client wants it" => by_get;
    75 "b" Must "RP-Initiated Logout §2"
        "By POST too" => by_post;
    76 "a" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout-modified-id-token-hint"]
        "A hint whose signature was changed leads nowhere" => modified_hint;
    76 "b" Must "RP-Initiated Logout §2"
        "A hint without signature leads nowhere" => unsigned_hint;
    76 "c" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout-bad-id-token-hint"]
        "A hint that is none leads nowhere" => bad_hint;
    76 "d" Must "RP-Initiated Logout §2"
        "A hint by a foreign key leads nowhere" => foreign_hint;
    77 Must "RP-Initiated Logout §2"
        "A `client_id` that isn't the hint's leads nowhere" => other_client;
    78 "a" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout-no-params"]
        "Without a hint nobody is signed out unasked" => asked;
    78 "b" Must "RP-Initiated Logout §2"
        "A hint of another session signs nobody out unasked" => other_session;
    79 "a" Must "RP-Initiated Logout §3" ["oidcc-rp-initiated-logout-bad-post-logout-redirect-uri"]
        "An address that nobody registered is not gone to" => unregistered;
    79 "b" Must "RP-Initiated Logout §3" ["oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri"]
        "Nor a registered one with a query added" => query_added;
    79 "c" Must "RP-Initiated Logout §3" ["oidcc-rp-initiated-logout-no-id-token-hint"]
        "Nor a registered one where nobody knows which client asks" => no_hint;
    79 "d" Must "RP-Initiated Logout §3"
        "Nor that of another client" => of_another;
    80 "a" Must "RP-Initiated Logout §3" ["oidcc-rp-initiated-logout"]
        "`state` comes back as it was sent" => state;
    80 "b" Must "RP-Initiated Logout §3" ["oidcc-rp-initiated-logout-no-state"]
        "None comes back where none was sent" => no_state;
    80 "c" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout-only-state"]
        "`state` alone leads nowhere" => only_state;
    80 "d" Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout-no-post-logout-redirect-uri"]
        "With a hint alone the browser stays, signed out" => hint_alone;
    81 Must "RP-Initiated Logout §2" ["oidcc-rp-initiated-logout"]
        "After it `prompt=none` fails with `login_required`" => signed_out;
}

/// Somebody signed in at the client that will sign out, and its address for afterwards.
async fn present(op: &Provider) -> Result<(SignedIn, String)> {
    op.endpoint("end_session_endpoint")?;
    let client = op.leaving_client();
    let back = client.post_logout_redirect_uris.first().cloned();
    let back = back.ok_or_else(|| missing("the client has no post_logout_redirect_uris"))?;
    Ok((op.sign_in_fresh(&client, "openid").await?, back))
}

/// Signs out with a hint and an address.
async fn leave(op: &Provider, signed_in: &mut SignedIn, hint: &str, back: &str) -> Result<Leaving> {
    let parameters = [("id_token_hint", hint), ("post_logout_redirect_uri", back)];
    op.leave(&mut signed_in.browser, &parameters).await
}

async fn by_get(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let hint = signed_in.id.text.clone();
    let leaving = leave(op, &mut signed_in, &hint, &back).await?;
    leaving.arrives(&back).map(drop)
}

async fn by_post(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let fields = [
        ("id_token_hint", signed_in.id.text.as_str()),
        ("post_logout_redirect_uri", &back),
    ];
    let browser = &mut signed_in.browser;
    let reply = browser
        .post(op.endpoint("end_session_endpoint")?, &fields)
        .await?;
    let reply = browser.through(reply).await?;
    let leaving = op.confirm(browser, reply).await?;
    leaving.arrives(&back).map(drop)
}

/// A hint made of a good one leads nowhere.
async fn hint_refused(op: &Provider, make: impl Fn(&SignedIn) -> Result<String>) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let hint = make(&signed_in)?;
    let leaving = leave(op, &mut signed_in, &hint, &back).await?;
    leaving.stays()
}

async fn modified_hint(op: &mut Provider) -> Outcome {
    hint_refused(op, |signed_in| Ok(tampered(&signed_in.id.text))).await
}

async fn unsigned_hint(op: &mut Provider) -> Outcome {
    hint_refused(op, |signed_in| {
        Ok(unsigned(&json!({ "alg": "none" }), &signed_in.id.claims))
    })
    .await
}

async fn bad_hint(op: &mut Provider) -> Outcome {
    hint_refused(op, |_| Ok("not.a.token".to_owned())).await
}

async fn foreign_hint(op: &mut Provider) -> Outcome {
    let foreign = Key::generate()?;
    hint_refused(op, |signed_in| {
        let header = json!({ "alg": "ES256", "kid": signed_in.id.header["kid"] });
        foreign.sign(&header, &signed_in.id.claims)
    })
    .await
}

async fn other_client(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let other = op.key_client()?.client_id;
    let parameters = [
        ("id_token_hint", signed_in.id.text.as_str()),
        ("client_id", &other),
        ("post_logout_redirect_uri", &back),
    ];
    op.leave(&mut signed_in.browser, &parameters).await?.stays()
}

async fn asked(op: &mut Provider) -> Outcome {
    let (mut signed_in, _) = present(op).await?;
    let browser = &mut signed_in.browser;
    let page = browser.open(op.leave_url(&[])?).await?;
    ensure!(op.is_signed_in(browser).await?, "a link alone signs out");
    let leaving = op.confirm(browser, page).await?;
    ensure!(leaving.asked, "no page asks: {}", leaving.first.summary());
    leaving.stays()?;
    ensure!(
        !op.is_signed_in(browser).await?,
        "still signed in after a yes"
    );
    Ok(())
}

async fn other_session(op: &mut Provider) -> Outcome {
    let (theirs, _) = present(op).await?;
    let (mut mine, _) = present(op).await?;
    let hint = [("id_token_hint", theirs.id.text.as_str())];
    mine.browser.open(op.leave_url(&hint)?).await?;
    ensure!(
        op.is_signed_in(&mut mine.browser).await?,
        "a hint of another session signs out"
    );
    let mut browser = theirs.browser;
    ensure!(
        op.is_signed_in(&mut browser).await?,
        "and ends that session"
    );
    Ok(())
}

async fn address_refused(op: &Provider, make: impl Fn(&str) -> String) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let hint = signed_in.id.text.clone();
    let leaving = leave(op, &mut signed_in, &hint, &make(&back)).await?;
    leaving.stays()
}

async fn unregistered(op: &mut Provider) -> Outcome {
    address_refused(op, |_| "https://unregistered.invalid/out".to_owned()).await
}

async fn query_added(op: &mut Provider) -> Outcome {
    address_refused(op, |back| format!("{back}?foo=bar")).await
}

async fn no_hint(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let parameters = [("post_logout_redirect_uri", back.as_str())];
    op.leave(&mut signed_in.browser, &parameters).await?.stays()
}

async fn of_another(op: &mut Provider) -> Outcome {
    let other = op.key_client()?;
    let theirs = other.post_logout_redirect_uris.first().cloned();
    let theirs = theirs.ok_or_else(|| missing("clients.key has no post_logout_redirect_uris"))?;
    address_refused(op, |_| theirs.clone()).await
}

const STATE: &str = "a b+c%20&d=e";

async fn state(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let parameters = [
        ("id_token_hint", signed_in.id.text.as_str()),
        ("post_logout_redirect_uri", &back),
        ("state", STATE),
    ];
    let leaving = op.leave(&mut signed_in.browser, &parameters).await?;
    let aim = leaving.arrives(&back)?;
    let came = parameter(&aim, "state").context("no state")?;
    ensure!(came == STATE, "the state is «{came}»");
    Ok(())
}

async fn no_state(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    let hint = signed_in.id.text.clone();
    let leaving = leave(op, &mut signed_in, &hint, &back).await?;
    let aim = leaving.arrives(&back)?;
    ensure!(parameter(&aim, "state").is_none(), "it goes to {aim}");
    Ok(())
}

async fn only_state(op: &mut Provider) -> Outcome {
    let (mut signed_in, _) = present(op).await?;
    op.leave(&mut signed_in.browser, &[("state", STATE)])
        .await?
        .stays()
}

async fn hint_alone(op: &mut Provider) -> Outcome {
    let (mut signed_in, _) = present(op).await?;
    let hint = signed_in.id.text.clone();
    let leaving = op
        .leave(&mut signed_in.browser, &[("id_token_hint", &hint)])
        .await?;
    leaving.stays()?;
    ensure!(
        !op.is_signed_in(&mut signed_in.browser).await?,
        "still signed in"
    );
    Ok(())
}

async fn signed_out(op: &mut Provider) -> Outcome {
    let (mut signed_in, back) = present(op).await?;
    ensure!(
        op.is_signed_in(&mut signed_in.browser).await?,
        "signed out before"
    );
    let hint = signed_in.id.text.clone();
    leave(op, &mut signed_in, &hint, &back).await?;
    ensure!(
        !op.is_signed_in(&mut signed_in.browser).await?,
        "still signed in"
    );
    Ok(())
}
