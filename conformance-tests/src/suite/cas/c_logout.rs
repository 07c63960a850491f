//! C. /logout (42 to 49). Single logout is in `c_single_logout`.

use anyhow::{Context as _, Result, ensure};
use cookie::Cookie;

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::{Browser, Reply};
use crate::suite::context::{Context, leads_to};
use crate::suite::html;

pub const CASES: &[Case] = &[
    case!(
        42,
        "a",
        Must,
        "CAS 3.0.3 §2.3",
        "Logout takes the session's cookie from the browser",
        cookie_expired
    ),
    case!(
        42,
        "b",
        Must,
        "CAS 3.0.3 §2.3",
        "The old cookie, brought back, opens nothing",
        old_cookie
    ),
    case!(
        43,
        Must,
        "CAS 3.0.3 §2.3",
        "After logout the credentials are asked for",
        asked_again
    ),
    case!(
        44,
        Should,
        "CAS 3.0.3 §2.3.1",
        "A parameter `Service` of /logout is not `service`",
        service_in_capitals
    ),
    case!(
        45,
        Must,
        "CAS 3.0.3 §2.3.2",
        "Without a service a page says that one is logged out",
        logged_out_page
    ),
    case!(
        46,
        Must,
        "CAS 3.0.3 §2.3.2",
        "With a service /logout leads to it",
        to_the_service
    ),
    case!(
        47,
        Must,
        "CAS 3.0.3 §2.3.2",
        "/logout leads to no service that nobody registered",
        not_to_a_foreign_one
    ),
    case!(
        48,
        Must,
        "CAS 3.0.3 §2.3.1",
        "The old parameter `url` leads nowhere",
        url_ignored
    ),
    case!(
        49,
        Must,
        "CAS 3.0.3 §2.3.2",
        "Without a session the page is the same",
        without_a_session
    ),
];

/// Signs in and out with these parameters.
async fn signed_out(
    cx: &Context,
    browser: &mut Browser,
    parameters: &[(&str, &str)],
) -> Result<Reply> {
    cx.sign_in(browser, &cx.service()).await?;
    browser.open(cx.url("logout", parameters)?).await
}

/// The cookies without which the session is none.
async fn session_cookies(cx: &Context, browser: &Browser) -> Result<Vec<Cookie<'static>>> {
    let mut found = Vec::new();
    for cookie in browser.jar.iter() {
        let mut without = browser.clone();
        without.jar.remove(cookie.name());
        let reply = without.open(cx.login(&cx.service())?).await?;
        if cx.login_form(&reply).is_some() {
            found.push(cookie.clone());
        }
    }
    Ok(found)
}

async fn cookie_expired(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &cx.service()).await?;
    let session = session_cookies(cx, &browser).await?;
    ensure!(!session.is_empty(), "the session holds without any cookie");
    browser.open(cx.url("logout", &[])?).await?;
    for cookie in session {
        let now = browser.jar.get(cookie.name());
        let stays = now.is_some_and(|now| now.value() == cookie.value());
        ensure!(!stays, "the browser keeps {} as it was", cookie.name());
    }
    Ok(())
}

async fn old_cookie(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &cx.service()).await?;
    let mut thief = browser.clone();
    browser.open(cx.url("logout", &[])?).await?;
    let reply = thief.open(cx.login(&cx.service())?).await?;
    expect::form(cx, &reply).map(drop)
}

async fn asked_again(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    signed_out(cx, &mut browser, &[]).await?;
    let reply = browser.open(cx.login(&cx.service())?).await?;
    expect::form(cx, &reply).map(drop)
}

async fn service_in_capitals(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let reply = signed_out(cx, &mut browser, &[("Service", &service)]).await?;
    expect::not_sent_to(&reply, &service)
}

async fn logged_out_page(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let reply = signed_out(cx, &mut browser, &[]).await?;
    expect::no_form(cx, &reply)?;
    expect::page_with_text(&reply)
}

async fn to_the_service(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let reply = signed_out(cx, &mut browser, &[("service", &service)]).await?;
    let target = reply.redirect().or_else(|| html::refresh(&reply));
    let target = target.ok_or_else(|| missing("the server stays on its own page after logout"))?;
    ensure!(
        leads_to(&target, &service),
        "sent to {target}, not to {service}"
    );
    ensure!(
        reply.ticket().is_none(),
        "a ticket after logout: {}",
        reply.summary()
    );
    let reply = browser.open(cx.login(&service)?).await?;
    expect::form(cx, &reply).map(drop)
}

async fn not_to_a_foreign_one(cx: &mut Context) -> Outcome {
    let foreign = cx.options.unregistered.clone();
    let mut browser = cx.browser()?;
    let reply = signed_out(cx, &mut browser, &[("service", &foreign)]).await?;
    expect::not_sent_to(&reply, &foreign)
}

async fn url_ignored(cx: &mut Context) -> Outcome {
    // Even a registered service is none in this parameter.
    for url in [cx.service(), cx.options.unregistered.clone()] {
        let mut browser = cx.browser()?;
        let reply = signed_out(cx, &mut browser, &[("url", &url)]).await?;
        expect::not_sent_to(&reply, &url)?;
        let link = html::links(&reply).into_iter().find(|link| *link == url);
        ensure!(link.is_none(), "the page links to {url}");
    }
    Ok(())
}

async fn without_a_session(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    for _ in 0..2 {
        let reply = browser.open(cx.url("logout", &[])?).await?;
        expect::page_with_text(&reply).context("logout without a session")?;
        expect::no_form(cx, &reply)?;
    }
    Ok(())
}
