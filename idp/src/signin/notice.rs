//! The privacy notice, once per version.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::audit::{Event, Outcome};
use idp_domain::signin::Step;
use idp_storage::{audit, persons};
use themes::pages::{Notice, PrivacyNotice};

use super::steps::{self, At, Current};
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /signin/notice`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    match steps::at(&mut visit, &[Step::Notice]).await? {
        At::Here(current) => page(&mut visit, &current, None),
        At::Elsewhere(response) => Ok(response),
    }
}

/// `POST /signin/notice`
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let current = match steps::at_with(&mut visit, &[Step::Notice], &form).await? {
        At::Here(current) => current,
        At::Elsewhere(response) => return Ok(response),
    };
    if form.get("accept").is_empty() {
        return page(&mut visit, &current, Some(Notice::NoticeUnaccepted));
    }
    let version = visit.app.config.notice.version.clone();
    let person = current.signin.person;
    let mut tx = visit.app.db.write().await?;
    if steps::take(&visit, &mut tx, &current).await? {
        persons::accept_notice(&mut tx, person, &version, visit.now).await?;
        let entry = visit
            .audit(Event::NoticeAccepted, Outcome::Success)
            .of(person)
            .with("version", version);
        audit::record(&mut tx, &entry).await?;
        tx.commit().await?;
    }
    steps::onward(&mut visit).await
}

fn page(visit: &mut Visit, current: &Current, notice: Option<Notice>) -> Result<Response, Refusal> {
    let page = PrivacyNotice {
        form: visit.form(Csrf::SignIn, "/signin/notice", steps::carried(current)),
        progress: steps::progress(visit, current),
        notice,
        version: visit.app.config.notice.version.clone(),
    };
    visit.page(StatusCode::OK, &page)
}
