//! `/oidc/userinfo`: what the application is told of the person, as of now (OpenID Connect Core
//! §5.3).

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use idp_domain::applications::OidcSide;
use idp_domain::oidc::claims::{Place, Wanted};
use idp_domain::oidc::dpop::Proof;
use idp_domain::oidc::jose::{SigningAlgorithm, Typ};
use idp_domain::oidc::{ErrorCode, OAuthError, OfflineGrant, Scope};
use idp_storage::spent_ids;
use serde_json::{Map, Value};

use super::answer::{self, Fault};
use super::bearer::{Scheme, challenge};
use super::dpop::{self, ProofFault};
use super::form::Form;
use super::resource::{self, Presented, Speaks};
use super::tokens;
use crate::forgery;
use crate::visit::Visit;

/// How a token came.
struct Shown {
    text: String,
    /// With the scheme `DPoP`.
    bound: bool,
}

/// How a token must be shown; with the algorithms of its client where that is known.
fn scheme(bound: bool, client: Option<&OidcSide>) -> Scheme {
    if bound {
        Scheme::Dpop(client.map_or(&SigningAlgorithm::ALL, dpop::algorithms))
    } else {
        Scheme::Bearer
    }
}

pub async fn userinfo(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = tell(&mut visit, &parts.method, &parts.headers, body).await;
    answer::finish(&visit, &parts.headers, answered)
}

async fn tell(
    visit: &mut Visit,
    method: &Method,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let shown = shown(visit, method, headers, body).await?;
    let mut conn = visit.app.db.read().await?;
    let found = resource::find(visit, &mut conn, &shown.text).await?;
    let presented = found.ok_or_else(|| unfit(shown.bound, None))?;
    let speaks = presented.live(visit, &mut conn).await?;
    drop(conn);
    let Some(Speaks::Person(grant)) = speaks else {
        return Err(unfit(shown.bound, None));
    };
    let Some(client) = &presented.application.oidc else {
        return Err(unfit(shown.bound, None));
    };
    // A token for a resource of the application's opens that, and not this (OID-17).
    let issuer = visit.app.config.server.issuer.as_str();
    if presented.token.audiences != [issuer] {
        return Err(unfit(shown.bound, None));
    }
    prove_key(visit, method, headers, &shown, &presented, client).await?;
    if !presented.token.scopes.has(&Scope::OpenId) {
        let error = OAuthError::new(ErrorCode::InsufficientScope, "the token lacks openid");
        let shown_by = scheme(shown.bound, Some(client));
        let challenge = challenge(shown_by, Some(error.code), Some(Scope::OpenId.as_str()));
        return Err(Fault::at(StatusCode::FORBIDDEN, Some(error)).challenging(&challenge));
    }
    answer(visit, client, &presented, &grant).await
}

/// The token of a request: one, in the header or in the form (RFC 6750 §2). In an address it would
/// end in logs (§2.3, RFC 9700 §4.3.2).
async fn shown(
    visit: &Visit,
    method: &Method,
    headers: &HeaderMap,
    body: Body,
) -> Result<Shown, Fault> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let header = all.next().map(|value| value.to_str().unwrap_or_default());
    let is_form = *method == Method::POST && forgery::is_form(headers);
    let form = if is_form {
        Form::read(headers, body).await?
    } else {
        Form::default()
    };
    let in_query = visit.here.iter().any(|(name, _)| name == "access_token");
    let in_form = form.get("access_token");
    if in_query || all.next().is_some() || (header.is_some() && in_form.is_some()) {
        let why = "one access token, in the Authorization header or in the form";
        let error = OAuthError::new(ErrorCode::InvalidRequest, why);
        let challenge = challenge(Scheme::Bearer, Some(error.code), None);
        return Err(Fault::at(StatusCode::BAD_REQUEST, Some(error)).challenging(&challenge));
    }
    let by_header = header.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        let bound = scheme.eq_ignore_ascii_case("DPoP");
        let known = bound || scheme.eq_ignore_ascii_case("Bearer");
        known.then(|| Shown {
            text: token.trim().to_owned(),
            bound,
        })
    });
    let by_form = in_form.map(|token| Shown {
        text: token.to_owned(),
        bound: false,
    });
    // RFC 6750 §3.1: who showed nothing is told how, and of no error.
    by_header.or(by_form).ok_or_else(|| {
        Fault::at(StatusCode::UNAUTHORIZED, None)
            .challenging(&challenge(Scheme::Bearer, None, None))
            .challenging(&challenge(Scheme::Dpop(&SigningAlgorithm::ALL), None, None))
    })
}

/// A bound token comes with its scheme and a proof of its key; one that isn't bound comes without
/// (RFC 9449 §7.1, §7.2).
async fn prove_key(
    visit: &mut Visit,
    method: &Method,
    headers: &HeaderMap,
    shown: &Shown,
    presented: &Presented,
    client: &OidcSide,
) -> Result<(), Fault> {
    let bound = presented.token.key_thumbprint.as_deref();
    if shown.bound != bound.is_some() {
        return Err(unfit(bound.is_some(), Some(client)));
    }
    let Some(bound) = bound else {
        return Ok(());
    };
    let token = Some(shown.text.as_str());
    let proof = dpop::proof(visit, headers, method.as_str(), token, client);
    match proof.map_err(|fault| fault.at_resource(client))? {
        Some(proof) if proof.thumbprint == bound => note(visit, client, &proof).await,
        _ => Err(unfit(shown.bound, Some(client))),
    }
}

/// A proof counts once. Who has a token of a client that anybody can say to be could make proofs
/// for as long as it lives.
async fn note(visit: &Visit, client: &OidcSide, proof: &Proof) -> Result<(), Fault> {
    if client.is_public() {
        visit.app.limiters.take(visit.address)?;
    }
    let mut tx = visit.app.db.write().await?;
    let first = spent_ids::spend(&mut tx, &proof.spend, visit.now).await?;
    tx.commit().await?;
    if first {
        Ok(())
    } else {
        Err(ProofFault::USED.at_resource(client))
    }
}

/// Uniform: unknown, expired, revoked, or for somebody else.
fn unfit(bound: bool, client: Option<&OidcSide>) -> Fault {
    let error = OAuthError::new(ErrorCode::InvalidToken, "the access token is not good");
    let challenge = challenge(scheme(bound, client), Some(error.code), None);
    Fault::at(StatusCode::UNAUTHORIZED, Some(error)).challenging(&challenge)
}

async fn answer(
    visit: &Visit,
    client: &OidcSide,
    presented: &Presented,
    grant: &OfflineGrant,
) -> Result<Response, Fault> {
    let granted = grant.granted();
    let scopes = presented.token.scopes.both(&granted.scopes);
    let wanted = Wanted::at(Place::UserInfo, &presented.application, &scopes, granted);
    let mut claims: Map<String, Value> = tokens::tell(visit, grant, &wanted).await?;
    claims.insert(
        "sub".to_owned(),
        presented.authorization.subject.clone().into(),
    );
    let Some(algorithm) = client.userinfo_signed_response_alg else {
        return answer::document(&claims);
    };
    // §5.3.2
    claims.insert(
        "iss".to_owned(),
        visit.app.config.server.issuer.as_str().into(),
    );
    claims.insert("aud".to_owned(), client.client_id.as_str().into());
    let signed = tokens::sign_by(visit, algorithm, Typ::UserInfo, &claims)?;
    Ok(answer::with_body(StatusCode::OK, "application/jwt", signed))
}
