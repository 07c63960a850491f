//! `/signin`: the sign-in for a page of our own, whatever protocol there is: about one's account,
//! or to let a device in.

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
    let destination = Carried::own(&visit.here).destination();
    if sessions::current(&mut visit).await?.is_some()
        && let Some(page) = destination.own_address()
    {
        return Ok(visit.redirect_home(&page));
    }
    ask(&mut visit, &destination)
}

/// The form, for who is there too and must show more.
pub fn ask(visit: &mut Visit, destination: &Destination) -> Result<Response, Refusal> {
    let has = |name: &str| visit.here.iter().any(|(n, _)| n == name);
    let shown = Shown {
        notice: has("switched").then_some(Notice::SwitchedAccount),
        captcha: has("captcha"),
        ..Shown::default()
    };
    form(destination, Wishes::default()).render(visit, StatusCode::OK, shown)
}

/// `POST /signin`: number and password.
pub async fn submit(mut visit: Visit, fields: Fields) -> Result<Response, Refusal> {
    let destination = Carried::own(fields.pairs()).destination();
    let form = form(
        &destination,
        Wishes::ticked(|name| fields.get(name) == "true"),
    );
    sign_in(&mut visit, &fields, &form, destination).await
}

fn form(destination: &Destination, wishes: Wishes) -> SignInForm {
    SignInForm {
        action: HERE,
        carried: Carried::of(destination),
        application: None,
        target: None,
        wishes,
    }
}
