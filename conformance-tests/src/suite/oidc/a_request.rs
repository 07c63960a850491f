//! A. Authorization requests that have to succeed (1, 6, 8, 10, 18, 19, 27).

use anyhow::{Context as _, Result, ensure};

use super::flow::SignedIn;
use super::provider::Provider;
use super::request::AuthRequest;
use crate::cases;
use crate::suite::case::{Outcome, discouraged};

cases! {
    pub CASES of Provider;
    1 "a" Must "Core §3.1.2.1" ["oidcc-server"]
        "A request by GET gives a code, the code an ID token and an access token" => by_get;
    1 "b" Must "Core §3.1.2.1" ["oidcc-ensure-post-request-succeeds"]
        "A request may be posted as a form" => by_post;
    6 "a" Must "RFC 6749 §3.1" ["oidcc-ensure-request-with-unknown-parameter-succeeds"]
        "A parameter that nobody knows is ignored" => unknown_parameter;
    6 "b" Must "RFC 6749 §3.1"
        "A parameter that comes twice is refused" => repeated_parameter;
    6 "c" Must "RFC 6749 §3.1"
        "A parameter without a value counts as absent" => empty_parameter;
    8 Must "Core §3.1.2.1" ["oidcc-alternate-happy-flow"]
        "The order of scopes and parameters means nothing" => reversed;
    10 "a" Must "Core §3.1.2.1" ["oidcc-ensure-request-without-nonce-succeeds-for-code-flow"]
        "A nonce may be left out" => no_nonce;
    10 "b" Must "Core §15.1" ["oidcc-server"]
        "A nonce comes back in the ID token unchanged" => same_nonce;
    18 "a" Must "Core §15.1" ["oidcc-display-page"]
        "`display=page` causes no error" => display_page;
    18 "b" Must "Core §15.1" ["oidcc-display-popup"]
        "`display=popup` causes no error" => display_popup;
    18 "c" Must "Core §15.1" ["oidcc-ui-locales"]
        "`ui_locales` causes no error" => ui_locales;
    18 "d" Must "Core §15.1" ["oidcc-claims-locales"]
        "`claims_locales` causes no error" => claims_locales;
    18 "e" Must "Core §15.1" ["oidcc-ensure-request-with-acr-values-succeeds"]
        "`acr_values` causes no error" => acr_values;
    18 "f" Must "Core §3.1.2.1" ["oidcc-login-hint"]
        "`login_hint` causes no error" => login_hint;
    19 Should "Core §3.1.2.1" ["oidcc-ensure-request-with-acr-values-succeeds"]
        "The `acr` is one of those asked for" => acr_of_those;
    27 "a" May "Core §5.5.1" ["oidcc-claims-essential"]
        "A claim that is asked for as essential is returned" => essential_claim;
    27 "b" May "Core §5.5.1"
        "Claims that nobody knows are ignored" => unknown_claims;
    27 "c" May "Core §5.5.1"
        "A `sub` of somebody else gives no code" => claimed_subject;
    27 "d" May "Core §5.5"
        "`claims` that is no JSON is refused" => claims_no_json;
}

pub(super) async fn by_get(op: &mut Provider) -> Outcome {
    // The run begins here: some cases need a code that is old.
    op.planted().await?;
    let signed_in = op.sign_in_fresh(&op.basic(), "openid").await?;
    ensure!(
        !signed_in.landing.login_pages.is_empty(),
        "nobody was asked for credentials"
    );
    signed_in.tokens.access().map(drop)
}

pub(super) async fn by_post(op: &mut Provider) -> Outcome {
    let mut browser = op.visitor().await?;
    let request = op.request(&op.basic(), "openid")?;
    let endpoint = op.endpoint("authorization_endpoint")?;
    let reply = browser.post(endpoint, &request.fields()).await?;
    let reply = browser.through(reply).await?;
    let account = op.target.user.clone();
    let landing = op
        .walk(&mut browser, reply, &request.redirect_uri, &account)
        .await?;
    let code = landing.code()?;
    op.redeem(&op.basic(), &request, code).await.map(drop)
}

/// A sign-in with one more parameter.
async fn with(op: &Provider, name: &str, value: &str) -> Result<SignedIn> {
    let client = op.basic();
    let request = op.request(&client, "openid")?.with(name, value);
    op.sign_in_with(op.visitor().await?, &client, request).await
}

pub(super) async fn unknown_parameter(op: &mut Provider) -> Outcome {
    with(op, "extra", "foobar").await.map(drop)
}

async fn repeated_parameter(op: &mut Provider) -> Outcome {
    let request = op
        .request(&op.basic(), "openid")?
        .adding("scope", "openid profile");
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request"])
}

async fn empty_parameter(op: &mut Provider) -> Outcome {
    with(op, "max_age", "").await.map(drop)
}

pub(super) async fn reversed(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let mut request = op.request(&client, "email profile openid")?;
    request.parameters.reverse();
    op.sign_in_with(op.visitor().await?, &client, request)
        .await
        .map(drop)
}

pub(super) async fn no_nonce(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let request = op.request(&client, "openid")?.without("nonce");
    let signed_in = op
        .sign_in_with(op.visitor().await?, &client, request)
        .await?;
    ensure!(
        signed_in.id.claims.get("nonce").is_none(),
        "a nonce that nobody sent: {}",
        signed_in.id.claims["nonce"]
    );
    Ok(())
}

async fn same_nonce(op: &mut Provider) -> Outcome {
    let nonce = "n 0S6+/=&%_äé".to_owned();
    let signed_in = with(op, "nonce", &nonce).await?;
    let came = signed_in.id.text_of("nonce")?;
    ensure!(came == nonce, "the nonce is «{came}», not «{nonce}»");
    Ok(())
}

pub(super) async fn display_page(op: &mut Provider) -> Outcome {
    with(op, "display", "page").await.map(drop)
}

pub(super) async fn display_popup(op: &mut Provider) -> Outcome {
    with(op, "display", "popup").await.map(drop)
}

pub(super) async fn ui_locales(op: &mut Provider) -> Outcome {
    with(op, "ui_locales", "se fr-CA x-nobody").await.map(drop)
}

pub(super) async fn claims_locales(op: &mut Provider) -> Outcome {
    with(op, "claims_locales", "se").await.map(drop)
}

/// Those that the server has, or some that it can't have.
fn acr_wanted(op: &Provider) -> String {
    let supported = op.discovery["acr_values_supported"].as_array();
    let names = supported.into_iter().flatten().filter_map(|it| it.as_str());
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "1 2".to_owned()
    } else {
        names.join(" ")
    }
}

pub(super) async fn acr_values(op: &mut Provider) -> Outcome {
    with(op, "acr_values", "1 2").await.map(drop)
}

async fn acr_of_those(op: &mut Provider) -> Outcome {
    let wanted = acr_wanted(op);
    let signed_in = with(op, "acr_values", &wanted).await?;
    let Some(acr) = signed_in.id.claims["acr"].as_str() else {
        return Err(discouraged("no acr in the ID token"));
    };
    if wanted.split(' ').any(|it| it == acr) {
        return Ok(());
    }
    Err(discouraged(format!(
        "the acr is «{acr}», none of «{wanted}»"
    )))
}

pub(super) async fn login_hint(op: &mut Provider) -> Outcome {
    let client = op.basic();
    let hint = op.target.user.name.clone();
    let request = op.request(&client, "openid")?.with("login_hint", &hint);
    op.sign_in_with(op.browser()?, &client, request)
        .await
        .map(drop)
}

fn with_claims(request: AuthRequest, claims: &serde_json::Value) -> AuthRequest {
    request.with("claims", &claims.to_string())
}

fn needs_claims(op: &Provider) -> Result<()> {
    if op.says("claims_parameter_supported") {
        return Ok(());
    }
    Err(crate::suite::case::missing(
        "claims_parameter_supported is not true",
    ))
}

pub(super) async fn essential_claim(op: &mut Provider) -> Outcome {
    needs_claims(op)?;
    let client = op.basic();
    let asked = serde_json::json!({ "userinfo": { "name": { "essential": true } } });
    let request = with_claims(op.request(&client, "openid")?, &asked);
    let signed_in = op
        .sign_in_with(op.visitor().await?, &client, request)
        .await?;
    let claims = op.claims(signed_in.tokens.access()?).await?;
    let name = claims["name"].as_str();
    name.context("UserInfo has no name").map(drop)
}

async fn unknown_claims(op: &mut Provider) -> Outcome {
    needs_claims(op)?;
    let client = op.basic();
    let asked = serde_json::json!({
        "userinfo": { "shoe_size": { "essential": true } },
        "id_token": { "https://claims.example.test/x": null },
        "elsewhere": { "x": null },
    });
    let request = with_claims(op.request(&client, "openid")?, &asked);
    op.sign_in_with(op.visitor().await?, &client, request)
        .await
        .map(drop)
}

async fn claimed_subject(op: &mut Provider) -> Outcome {
    needs_claims(op)?;
    let asked = serde_json::json!({ "id_token": { "sub": { "value": "somebody-else" } } });
    let request = with_claims(op.request(&op.basic(), "openid")?, &asked);
    let request = request.with("prompt", "none");
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    landing.no_code()?;
    landing.error().map(drop)
}

async fn claims_no_json(op: &mut Provider) -> Outcome {
    needs_claims(op)?;
    let request = op
        .request(&op.basic(), "openid")?
        .with("claims", "{\"userinfo\":");
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    landing.refused_as(&["invalid_request"])
}
