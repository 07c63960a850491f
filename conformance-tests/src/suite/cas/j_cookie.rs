//! J. The login ticket, the cookie and the session behind it (115 to 118, 120).

use std::collections::HashSet;

use anyhow::{Context as _, Result, ensure};
use url::Url;

use super::cookies_of::ticket_granting;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Browser;
use crate::suite::context::Context;
use crate::suite::login_form::LoginForm;

const LT: &str = "CAS 3.0.3 §3.5.1";
const TGC: &str = "CAS 3.0.3 §3.6.1";
const TGT: &str = "CAS 3.0.3 §3.8.1";

pub const CASES: &[Case] = &[
    case!(115, "a", Must, LT, "Login tickets are unique", lt_unique),
    case!(
        115,
        "b",
        Must,
        LT,
        "A login ticket is good for one attempt, even one that fails",
        lt_once
    ),
    case!(
        115,
        "c",
        Must,
        LT,
        "A login ticket that signed somebody in does so no more",
        lt_replay
    ),
    case!(
        115,
        "d",
        Should,
        LT,
        "Login tickets begin with LT-",
        lt_prefix
    ),
    case!(
        116,
        Must,
        TGC,
        "The cookie ends with the browser",
        session_cookie
    ),
    case!(
        117,
        Must,
        TGC,
        "The cookie's path is that of the server's base",
        cookie_path
    ),
    case!(
        118,
        "a",
        Should,
        TGC,
        "The cookie's name begins with TGC",
        cookie_name
    ),
    case!(
        118,
        "b",
        Should,
        "CAS 3.0.3 §3.6",
        "Over https the cookie is Secure",
        cookie_secure
    ),
    case!(
        118,
        "c",
        DeFacto,
        "De facto: OWASP session management",
        "The cookie is HttpOnly and SameSite",
        cookie_guarded
    ),
    case!(
        120,
        "a",
        Must,
        TGT,
        "After the logout the old cookie opens nothing",
        tgt_dies
    ),
    case!(
        120,
        "b",
        May,
        TGT,
        "One session gives tickets again and again",
        tgt_reusable
    ),
    case!(
        120,
        "c",
        DeFacto,
        "De facto: Apereo CAS, django-cas-server",
        "A service ticket of the session that wasn't validated yet ends with it",
        unused_ticket_dies
    ),
];

/// A login page that has a login ticket, its form and the ticket.
async fn login_ticket(cx: &Context, browser: &mut Browser) -> Result<(Url, LoginForm, String)> {
    let (page, login) = cx.open_form(browser, cx.login(&cx.service())?).await?;
    let ticket = login.form.field("lt").map(str::to_owned);
    let ticket =
        ticket.ok_or_else(|| missing("the form has no login ticket, which is optional"))?;
    Ok((page.url, login, ticket))
}

async fn lt_unique(cx: &mut Context) -> Outcome {
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let mut browser = cx.browser()?;
        let (_, _, ticket) = login_ticket(cx, &mut browser).await?;
        ensure!(seen.insert(ticket.clone()), "{ticket} was given twice");
    }
    Ok(())
}

async fn lt_prefix(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (_, _, ticket) = login_ticket(cx, &mut browser).await?;
    ensure!(ticket.starts_with("LT-"), "it is {ticket}");
    Ok(())
}

async fn lt_once(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, login, _) = login_ticket(cx, &mut browser).await?;
    let wrong = login.filled(&cx.options.user, "not the password");
    browser.submit(&page, &wrong).await?;
    let right = login.filled(&cx.options.user, &cx.options.password.0);
    let reply = browser.submit(&page, &right).await?;
    let reply = browser.through(reply).await?;
    ensure!(
        reply.ticket().is_none(),
        "the right password with a used login ticket signs in"
    );
    Ok(())
}

async fn lt_replay(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, login, _) = login_ticket(cx, &mut browser).await?;
    let form = login.filled(&cx.options.user, &cx.options.password.0);
    let before = browser.jar.clone();
    let reply = browser.submit(&page, &form).await?;
    let reply = browser.through(reply).await?;
    cx.entered(reply, &cx.service())?;
    // Without the session, which would give a ticket by itself; then the form is sent again by a
    // browser that shows the page as it was.
    browser.open(cx.url("logout", &[])?).await?;
    browser.jar = before;
    let reply = browser.submit(&page, &form).await?;
    let reply = browser.through(reply).await?;
    ensure!(reply.ticket().is_none(), "the same form signs in again");
    Ok(())
}

async fn session_cookie(cx: &mut Context) -> Outcome {
    let (_, cookie) = ticket_granting(cx).await?;
    ensure!(cookie.max_age().is_none(), "{} has Max-Age", cookie.name());
    ensure!(
        cookie.expires_datetime().is_none(),
        "{} has Expires",
        cookie.name()
    );
    Ok(())
}

async fn cookie_path(cx: &mut Context) -> Outcome {
    let (_, cookie) = ticket_granting(cx).await?;
    let base = cx.options.base.path().trim_end_matches('/');
    let path = cookie.path().unwrap_or("/");
    ensure!(
        path.trim_end_matches('/') == base,
        "{} has the path {path}, not {base}",
        cookie.name()
    );
    Ok(())
}

async fn cookie_name(cx: &mut Context) -> Outcome {
    let (_, cookie) = ticket_granting(cx).await?;
    ensure!(cookie.name().starts_with("TGC"), "it is {}", cookie.name());
    Ok(())
}

async fn cookie_secure(cx: &mut Context) -> Outcome {
    if cx.options.base.scheme() != "https" {
        return Err(missing(
            "the server is reached by http, where a Secure cookie can't be set",
        ));
    }
    let (_, cookie) = ticket_granting(cx).await?;
    ensure!(
        cookie.secure() == Some(true),
        "{} isn't Secure",
        cookie.name()
    );
    Ok(())
}

async fn cookie_guarded(cx: &mut Context) -> Outcome {
    let (_, cookie) = ticket_granting(cx).await?;
    ensure!(
        cookie.http_only() == Some(true),
        "{} isn't HttpOnly",
        cookie.name()
    );
    ensure!(
        cookie.same_site().is_some(),
        "{} has no SameSite",
        cookie.name()
    );
    Ok(())
}

async fn tgt_dies(cx: &mut Context) -> Outcome {
    let (mut browser, cookie) = ticket_granting(cx).await?;
    let before = browser.jar.clone();
    browser.open(cx.url("logout", &[])?).await?;
    browser.jar = before;
    let reply = browser.open(cx.login(&cx.service())?).await?;
    ensure!(
        reply.ticket().is_none(),
        "the old {} still gives a ticket",
        cookie.name()
    );
    let form = cx.login_form(&reply);
    form.with_context(|| format!("no login form: {}", reply.summary()))
        .map(drop)
}

async fn tgt_reusable(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    for _ in 0..3 {
        let ticket = cx.sso(&mut browser, &service).await?.ticket;
        cx.p3(&service, &ticket).await?.success()?;
    }
    Ok(())
}

async fn unused_ticket_dies(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let ticket = cx.sign_in(&mut browser, &service).await?.ticket;
    browser.open(cx.url("logout", &[])?).await?;
    let code = cx.p3(&service, &ticket).await?.failure()?;
    ensure!(code == "INVALID_TICKET", "the code is {code}");
    Ok(())
}
