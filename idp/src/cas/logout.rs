//! `/cas/logout` (CAS 3.0.3 §2.3). No answer waits for any application (§2.3.3.1).

use axum::extract::Path;
use axum::response::Response;
use idp_domain::cas::LogoutRequest;
use idp_domain::form::decode_pairs;

use crate::forgery::Fields;
use crate::logout::{self, Onward};
use crate::refusal::Refusal;
use crate::visit::Visit;

const HERE: &str = "/cas/logout";

/// `GET /cas/logout`: ends the session, and goes on to a registered `service`.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let request = asked(&visit);
    let onward = onward(&visit, request);
    logout::sign_out(&mut visit, HERE, onward).await
}

/// `POST /cas/logout`: the button.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let onward = onward(&visit, LogoutRequest::parse(form.pairs()));
    logout::sign_out(&mut visit, HERE, onward).await
}

/// `GET /cas/logout/{view}`: how far the notices are.
pub async fn look(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let request = asked(&visit);
    let onward = onward(&visit, request);
    logout::look(&mut visit, HERE, secret, onward).await
}

fn asked(visit: &Visit) -> LogoutRequest {
    let query = visit.query.clone().unwrap_or_default();
    LogoutRequest::parse(&decode_pairs(query.as_bytes()))
}

fn onward(visit: &Visit, request: LogoutRequest) -> Option<Onward> {
    let service = request.service?;
    let registry = visit.app.applications.current();
    let (application, service) = registry.resolve(&service).ok()?;
    let to = service.plain();
    Some(Onward {
        again: vec![("service".into(), to.as_str().to_owned())],
        application,
        to,
    })
}
