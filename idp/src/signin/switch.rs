//! 切换账号: signs out here, really, and asks again.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use themes::pages::SwitchAccount;

use super::carried::Carried;
use crate::cookies::{CookieKind, SetCookie};
use crate::forgery::{Csrf, Fields};
use crate::logout;
use crate::pages::query_of;
use crate::refusal::Refusal;
use crate::sessions;
use crate::visit::Visit;

const HERE: &str = "/signin/switch";

/// `GET /signin/switch`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let carried = Carried::read(&visit.here);
    let sign_in = carried.sign_in();
    let now = visit.now;
    let Some(arrival) = sessions::current(&mut visit).await? else {
        // Half-way in only: letting go of the cookie is all there is to do.
        if visit.cookies.get(CookieKind::SignIn).is_some() {
            visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
        }
        return Ok(visit.redirect_home(&sign_in));
    };
    let number = arrival.holder.latest_number(now);
    let page = SwitchAccount {
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        form: visit.form(Csrf::Session, HERE, carried.shared()),
        back: sign_in,
    };
    visit.page(StatusCode::OK, &page)
}

/// `POST /signin/switch`
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let carried = Carried::read(form.pairs());
    logout::switch(&mut visit, HERE, &asked_anew(&carried), &carried.shared()).await
}

/// `GET /signin/switch/{view}`: where the browser tells the applications that only it can tell.
pub async fn look(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let carried = Carried::read(&visit.here);
    let (sign_in, pairs) = (asked_anew(&carried), carried.shared());
    logout::look_switched(&mut visit, HERE, secret, sign_in, pairs).await
}

/// The sign-in, in which nobody is named.
fn asked_anew(carried: &Carried) -> String {
    let mut pairs = carried.pairs().to_vec();
    pairs.push(("switched".into(), "true".into()));
    format!("{}{}", carried.page(), query_of(&pairs))
}
