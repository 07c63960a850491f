//! `/signin`: the sign-in for a page about one's own account, whatever protocol there is.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::signin::{AccountPage, Destination, Wishes};
use themes::pages::Notice;

use super::carried::{Carried, PAGE};
use super::form::{Shown, SignInForm};
use super::submit::submit as sign_in;
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::sessions;
use crate::visit::Visit;

const HERE: &str = "/signin";

/// Where the sign-in for a page is.
pub fn address(page: AccountPage) -> String {
    format!("{HERE}?{PAGE}={}", page.as_str())
}

/// `GET /signin`: the form; on to the page for who is signed in.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let page = page(&visit.here);
    if sessions::current(&mut visit).await?.is_some() {
        return Ok(visit.redirect_home(page.path()));
    }
    let has = |name: &str| visit.here.iter().any(|(n, _)| n == name);
    let shown = Shown {
        notice: has("switched").then_some(Notice::SwitchedAccount),
        captcha: has("captcha"),
        ..Shown::default()
    };
    form(page, Wishes::default()).render(&mut visit, StatusCode::OK, shown)
}

/// `POST /signin`: number and password.
pub async fn submit(mut visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let page = page(fields.pairs());
    let form = form(page, Wishes::ticked(|name| fields.get(name) == "true"));
    sign_in(&mut visit, &fields, &form, Destination::Account { page }).await
}

fn page(pairs: &[(String, String)]) -> AccountPage {
    let named = pairs.iter().find(|(name, _)| name == PAGE);
    named
        .and_then(|(_, word)| AccountPage::parse(word))
        .unwrap_or(AccountPage::Overview)
}

fn form(page: AccountPage, wishes: Wishes) -> SignInForm {
    SignInForm {
        action: HERE,
        page: HERE,
        carried: Carried::of(&Destination::Account { page }).pairs().to_vec(),
        application: None,
        target: None,
        wishes,
    }
}
