//! 切换账号: signs out here, really, and asks again.

use axum::http::StatusCode;
use axum::response::Response;
use themes::pages::SwitchAccount;

use super::carried::Carried;
use crate::cookies::{CookieKind, SetCookie};
use crate::forgery::{Csrf, Fields};
use crate::pages::query_of;
use crate::refusal::Refusal;
use crate::sessions::{self, ending::Reason};
use crate::visit::Visit;

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
        form: visit.form(Csrf::Session, "/signin/switch", carried.shared()),
        back: sign_in,
    };
    visit.page(StatusCode::OK, &page)
}

/// `POST /signin/switch`
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    sessions::end(&mut visit, Reason::SwitchAccount).await?;
    visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
    let carried = Carried::read(form.pairs());
    let mut pairs = carried.pairs().to_vec();
    pairs.push(("switched".into(), "true".into()));
    Ok(visit.redirect_home(&format!("{}{}", carried.page(), query_of(&pairs))))
}
