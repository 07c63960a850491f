//! How an authorization request is answered: at the application's proven address, in its mode
//! (OpenID Connect Core §3.1.2.5, §3.1.2.6), or where none is proven, on a page of ours.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::Application;
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::authorize::{AnswerAddress, ResponseMode, Unaddressed};
use idp_domain::oidc::{AuthorizationCode, OAuthError};
use idp_storage::{audit, pushed_requests};
use themes::pages::{PostTicket, RefusedClient};

use super::ask::{AnswerTo, Bad};
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// Whatever is wrong, to whom it concerns.
pub async fn bad(visit: &mut Visit, bad: Bad) -> Result<Response, Refusal> {
    match bad {
        Bad::Unaddressed(reason) => unaddressed(visit, reason).await,
        Bad::Answered(to, error) => refuse(visit, &to, &error).await,
    }
}

/// The application hears why there is no code; that was its pushed request's one answer.
pub async fn refuse(
    visit: &mut Visit,
    to: &AnswerTo,
    error: &OAuthError,
) -> Result<Response, Refusal> {
    if let Some(pushed) = &to.pushed {
        let mut tx = visit.app.db.write().await?;
        let first = pushed_requests::consume(&mut tx, pushed, visit.now).await?;
        tx.commit().await?;
        if !first {
            return unaddressed(visit, "invalid_request_uri").await;
        }
    }
    let app = visit.app.clone();
    let issuer = app.config.server.issuer.as_str();
    let fields = to.address.refusal(error, issuer);
    deliver(visit, &to.application, &to.address, &fields)
}

/// The code on its way.
pub fn hand_over(
    visit: &mut Visit,
    to: &AnswerTo,
    code: &AuthorizationCode,
) -> Result<Response, Refusal> {
    let app = visit.app.clone();
    let issuer = app.config.server.issuer.as_str();
    let fields = to.address.success(code.as_str(), issuer);
    deliver(visit, &to.application, &to.address, &fields)
}

fn deliver(
    visit: &mut Visit,
    application: &Application,
    address: &AnswerAddress,
    fields: &[(&str, &str)],
) -> Result<Response, Refusal> {
    match address.mode {
        ResponseMode::Query => Ok(visit.redirect_out(&address.redirect.with_parameters(fields))),
        ResponseMode::FormPost => {
            visit.context.here.clear();
            let page = PostTicket {
                target: address.redirect.as_str().to_owned(),
                fields: fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                    .collect(),
                application: page_names(application.names.clone()),
            };
            visit.page_leading_to(StatusCode::OK, &page, Some(address.redirect.origin()))
        }
    }
}

/// 400 on our own origin: no `Location`, nothing of the request reflected, a fixed word for the
/// application's developers (RFC 6749 §4.1.2.1, OID-01).
pub async fn unaddressed(visit: &mut Visit, reason: &'static str) -> Result<Response, Refusal> {
    // Whoever only looks at the address leaves no trace.
    if reason != Unaddressed::NoClient.reason() {
        let entry = visit
            .audit(Event::ClientRefused, Outcome::Refused)
            .because(reason);
        let mut tx = visit.app.db.write().await?;
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
    }
    visit.context.here.clear();
    let page = RefusedClient {
        reason: reason.to_owned(),
        sign_in: "/cas/login".into(),
        request_id: visit.request_id.clone(),
    };
    visit.page(StatusCode::BAD_REQUEST, &page)
}
