//! Which cookie holds the single sign-on session: found by what the server does without it.

use anyhow::{Result, ensure};
use cookie::Cookie;

use crate::suite::client::Browser;
use crate::suite::context::Context;

/// The cookies without which a signed-in browser is asked for credentials again: the ticket-granting
/// cookie, and whatever else the server ties to it.
pub async fn of_session(cx: &Context, browser: &Browser) -> Result<Vec<Cookie<'static>>> {
    let login = cx.login(&cx.service())?;
    let mut found = Vec::new();
    for cookie in browser.jar.iter() {
        let mut other = browser.clone();
        let path = cookie.path().unwrap_or("/");
        let gone = format!("{}=; Path={path}; Max-Age=0", cookie.name());
        other.jar.set(&gone, &login);
        let reply = other.open(login.clone()).await?;
        if cx.login_form(&reply).is_some() {
            found.push(cookie.clone());
        }
    }
    ensure!(!found.is_empty(), "no cookie holds the session");
    Ok(found)
}

/// A signed-in browser and the ticket-granting cookie. Of several that are needed it is the one
/// named so, or else the first that scripts can't read.
pub async fn ticket_granting(cx: &Context) -> Result<(Browser, Cookie<'static>)> {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &cx.service()).await?;
    let mut cookies = of_session(cx, &browser).await?;
    let place = cookies
        .iter()
        .position(|cookie| cookie.name().contains("TGC"))
        .or_else(|| cookies.iter().position(|it| it.http_only() == Some(true)))
        .unwrap_or(0);
    Ok((browser, cookies.swap_remove(place)))
}
