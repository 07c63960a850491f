//! `/cas/validate`, `/cas/serviceValidate`, `/cas/proxyValidate`, with and without `/p3`
//! (CAS 3.0.3 §2.4–§2.9), and `/cas/samlValidate` (§4.2). What a ticket is worth is `redeem`'s.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use idp_domain::applications::ProvenService;
use idp_domain::cas::{
    BadSamlQuery, BadSamlRequest, Endpoint, FailureReason, Rendered, SamlAnswer, SamlFailure,
    SamlQuery, SamlRequest, Success, ValidateRequest, plain_no, plain_yes, render_failure,
    render_saml_failure, render_saml_success, render_success, saml_id,
};
use idp_domain::form::decode_pairs;
use themes::pages::Failure;

use super::redeem;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /cas/validate`
pub async fn cas1(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::Validate).await
}

/// `GET /cas/serviceValidate`
pub async fn cas2(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::ServiceValidate).await
}

/// `GET /cas/proxyValidate`
pub async fn cas2_proxy(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::ProxyValidate).await
}

/// `GET /cas/p3/serviceValidate`
pub async fn cas3(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::P3ServiceValidate).await
}

/// `GET /cas/p3/proxyValidate`
pub async fn cas3_proxy(visit: Visit) -> Result<Response, Refusal> {
    answer(visit, Endpoint::P3ProxyValidate).await
}

async fn answer(mut visit: Visit, endpoint: Endpoint) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let pairs = decode_pairs(query.as_bytes());
    let (format, result) = match ValidateRequest::parse(endpoint, &pairs) {
        Err(bad) => {
            if bad.reason != FailureReason::MissingParameter {
                redeem::burn(&mut visit, &pairs).await?;
            }
            (bad.format, Err(bad.reason))
        }
        Ok(request) => {
            let result = redeem::redeem(&mut visit, endpoint, &request).await?;
            (request.format, result)
        }
    };
    count(&result);
    Ok(respond(match (endpoint, &result) {
        (Endpoint::Validate, Ok(success)) => plain_yes(&success.user),
        (Endpoint::Validate, Err(_)) => plain_no(),
        (_, Ok(success)) => render_success(success, format),
        (_, Err(reason)) => render_failure(*reason, format),
    }))
}

fn count(result: &Result<Success, FailureReason>) {
    let word = if result.is_ok() { "success" } else { "failure" };
    metrics::counter!("cas_validations_total", "result" => word).increment(1);
}

/// The answer to a server: 200 for failures too.
pub(super) fn respond(rendered: Rendered) -> Response {
    let mut response = Response::new(Body::from(rendered.body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(rendered.media_type));
    crate::pages::no_store(headers);
    response
}

/// `POST /cas/samlValidate`: the ticket comes in a SOAP envelope, the service in the query.
pub async fn saml(
    mut visit: Visit,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let body = body.map_err(|_| Refusal::new(Failure::TooLarge))?;
    let query = visit.query.clone().unwrap_or_default();
    let asked = SamlQuery::parse(&decode_pairs(query.as_bytes()));
    let request = match SamlRequest::parse(&body) {
        Ok(request) => request,
        Err(bad) => return Ok(unreadable(&mut visit, bad)),
    };
    let result = match asked {
        Err(bad) => {
            if bad != BadSamlQuery::NoTarget {
                redeem::burn(&mut visit, &[("ticket".into(), request.artifact.clone())]).await?;
            }
            Err(SamlFailure::Query(bad))
        }
        Ok(asked) => redeem_for(&mut visit, asked, &request).await?,
    };
    let response_id = saml_id(&mut visit.rng);
    let assertion_id = saml_id(&mut visit.rng);
    let answer = SamlAnswer {
        issuer: &issuer(&visit),
        response_id: &response_id,
        in_response_to: request.request_id.as_deref(),
        recipient: result.as_ref().ok().map(|(_, service)| service.canonical()),
        now: visit.now,
    };
    Ok(respond(match &result {
        Ok((success, _)) => render_saml_success(&answer, &assertion_id, success),
        Err(failure) => render_saml_failure(&answer, *failure),
    }))
}

/// §4.2.1: no attributes to a site without TLS. The ticket is gone all the same.
async fn redeem_for(
    visit: &mut Visit,
    asked: SamlQuery,
    request: &SamlRequest,
) -> Result<Result<(Success, ProvenService), SamlFailure>, Refusal> {
    let request = asked.validation(request);
    let registry = visit.app.applications.current();
    let service = registry.resolve(&request.service).ok();
    if service.as_ref().is_some_and(|(_, s)| !s.is_https()) {
        redeem::burn(visit, &[("ticket".into(), request.ticket)]).await?;
        return Ok(Err(SamlFailure::PlainHttp));
    }
    let result = redeem::redeem(visit, Endpoint::P3ServiceValidate, &request).await?;
    count(&result);
    Ok(match (result, service) {
        (Ok(success), Some((_, service))) => Ok((success, service)),
        (Ok(_), None) => Err(SamlFailure::Ticket(FailureReason::UnknownService)),
        (Err(reason), _) => Err(SamlFailure::Ticket(reason)),
    })
}

/// XML-04: 400 for what is refused before it is read; the answer is a SAML response all the same,
/// since clients show its message.
fn unreadable(visit: &mut Visit, bad: BadSamlRequest) -> Response {
    let response_id = saml_id(&mut visit.rng);
    let answer = SamlAnswer {
        issuer: &issuer(visit),
        response_id: &response_id,
        in_response_to: None,
        recipient: None,
        now: visit.now,
    };
    let mut response = respond(render_saml_failure(&answer, SamlFailure::Request(bad)));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn issuer(visit: &Visit) -> String {
    visit.app.config.server.issuer.to_string()
}
