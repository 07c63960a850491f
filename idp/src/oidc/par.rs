//! `POST /oidc/par` (RFC 9126): the application itself tells what it asks for, and the browser
//! carries nothing but a name for it.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::oidc::authorize::{Addressed, AuthorizeRequest, Parameters, Way};
use idp_domain::oidc::{ErrorCode, PUSHED_REQUEST_TTL, PushedRequest};
use idp_storage::pushed_requests::{self, NewPushed};
use serde_json::json;
use themes::pages::Failure;

use super::answer::{self, Fault};
use super::ask::REQUEST_URI;
use super::client_auth::{self, Client};
use super::dpop;
use super::form::Form;
use super::one_use::OneUse;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Open at once of a client that proves itself: nobody else can fill its pool. Of one that anybody
/// can say to be, each address has a budget instead, since a pool would be one for the world
/// (`client_auth`).
const MOST_OPEN: i64 = 50_000;
/// So long one of them lives at most that nobody opens.
const FULL: Refusal = Refusal {
    failure: Failure::TooMany,
    retry_seconds: Some(60),
};

pub async fn push(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match Form::read(&parts.headers, body).await {
        Ok(form) => keep(&mut visit, &parts.headers, &form).await,
        Err(fault) => Err(fault),
    };
    answer::finish(&visit, &parts.headers, answered)
}

/// §2.1: client first, then every check of the authorization endpoint.
async fn keep(visit: &mut Visit, headers: &HeaderMap, form: &Form) -> Result<Response, Fault> {
    let (client, mut one_use) = client_auth::identify(visit, headers, form).await?;
    let pushed = push_for(visit, headers, form, &client, &mut one_use).await;
    one_use.settle(visit, pushed).await
}

async fn push_for(
    visit: &mut Visit,
    headers: &HeaderMap,
    form: &Form,
    client: &Client,
    one_use: &mut OneUse,
) -> Result<Response, Fault> {
    if form.has("request_uri") {
        return Err(Fault::new(
            ErrorCode::InvalidRequest,
            "request_uri can't be pushed",
        ));
    }
    let proof = dpop::proof(visit, headers, "POST", None, client.side())?;
    let client_id = client.side().client_id.as_str();
    let mut pairs = form.pairs().to_vec();
    pairs.retain(|(name, _)| name != "client_id");
    pairs.push(("client_id".into(), client_id.to_owned()));
    if let Some(proof) = proof {
        bind(&mut pairs, proof.thumbprint)?;
        one_use.proof = Some(proof.spend);
    }
    let parameters = Parameters::read(&pairs)
        .map_err(|bad| Fault::new(ErrorCode::InvalidRequest, bad.reason()))?;
    let registry = visit.app.applications.current();
    let addressed = Addressed::of(parameters, &registry)
        .map_err(|bad| Fault::new(ErrorCode::InvalidRequest, bad.reason()))?;
    AuthorizeRequest::check(&addressed, Way::Pushed)?;
    let secret = PushedRequest::generate(&mut visit.rng);
    let now = visit.now;
    let row = NewPushed {
        hash: secret.hash(),
        application: &client.application().id,
        parameters: &addressed.parameters.to_pairs(),
        created_at: now,
        expires_at: now
            .checked_add(PUSHED_REQUEST_TTL)
            .unwrap_or(Timestamp::MAX),
    };
    let most = if client.side().is_public() {
        i64::MAX
    } else {
        MOST_OPEN
    };
    let mut tx = visit.app.db.write().await?;
    one_use.note(&mut tx, now).await?;
    if !pushed_requests::create(&mut tx, &row, most).await? {
        return Err(FULL.into());
    }
    tx.commit().await?;
    let body = json!({
        "request_uri": format!("{REQUEST_URI}{}", secret.as_str()),
        "expires_in": PUSHED_REQUEST_TTL.as_secs(),
    });
    Ok(answer::with_body(
        StatusCode::CREATED,
        "application/json",
        body.to_string(),
    ))
}

/// RFC 9449 §10.1: the proof of a key says as much as `dpop_jkt`, and the two may not disagree.
fn bind(pairs: &mut Vec<(String, String)>, thumbprint: String) -> Result<(), Fault> {
    let named = pairs.iter().find(|(name, _)| name == "dpop_jkt");
    match named {
        Some((_, named)) if *named != thumbprint => Err(Fault::new(
            ErrorCode::InvalidDpopProof,
            "the DPoP proof is not of the key that dpop_jkt names",
        )),
        Some(_) => Ok(()),
        None => {
            pairs.push(("dpop_jkt".to_owned(), thumbprint));
            Ok(())
        }
    }
}
