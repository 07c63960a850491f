use axum::http::StatusCode;
use axum::response::Response;
use themes::pages::Help;

use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /help`: 在线帮助.
pub async fn help(mut visit: Visit) -> Result<Response, Refusal> {
    let page = Help {
        sign_in: "/cas/login".into(),
        activation: "/signin/activation".into(),
    };
    visit.page(StatusCode::OK, &page)
}
