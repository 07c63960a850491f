//! `/cas/logout` (CAS 3.0.3 §2.3).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::cas::{LogoutRequest, decode_pairs};
use themes::pages::SignedOut;

use crate::cookies::{CookieKind, SetCookie};
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::sessions;
use crate::visit::Visit;

/// `GET /cas/logout`: ends the session, and goes on to a registered `service`.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let request = LogoutRequest::parse(&decode_pairs(query.as_bytes()));
    sign_out(&mut visit, request).await
}

/// `POST /cas/logout`: the button.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    sign_out(&mut visit, LogoutRequest::parse(form.pairs())).await
}

async fn sign_out(visit: &mut Visit, request: LogoutRequest) -> Result<Response, Refusal> {
    let ended = sessions::end(visit, "signed_out").await?;
    if visit.cookies.get(CookieKind::SignIn).is_some() {
        visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
    }
    let target = request
        .service
        .and_then(|service| visit.app.applications.current().resolve(&service).ok());
    if let Some((_, service)) = target {
        return Ok(visit.redirect_out(&service.plain()));
    }
    // RED-10: an address that isn't registered leaves no trace on the page.
    visit.context.here.clear();
    let page = SignedOut {
        sign_in: "/cas/login".into(),
        ended,
        ledger: None,
        front: Vec::new(),
        onward: None,
    };
    visit.page(StatusCode::OK, &page)
}
