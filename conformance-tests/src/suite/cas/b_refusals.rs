//! B. What /login refuses (28, 31, 32, 38): services nobody registered, credentials that are none.

use anyhow::{Result, ensure};

use super::b_acceptor::{filled, login_page, submitted, with_service};
use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::{Browser, Reply};
use crate::suite::context::Context;
use crate::suite::html;
use crate::suite::login_form::{Form, LoginForm};

pub const CASES: &[Case] = &[
    case!(
        28,
        "a",
        Must,
        "CAS 3.0.3 §2.2.1",
        "A service nobody registered gets a page that says why, and no ticket",
        foreign_get
    ),
    case!(
        28,
        "b",
        Must,
        "CAS 3.0.3 §2.2.1",
        "Credentials posted for a service nobody registered lead nowhere",
        foreign_post
    ),
    case!(
        28,
        "c",
        Must,
        "CAS 3.0.3 §2.2.1",
        "A service swapped between form and post leads nowhere",
        foreign_swapped
    ),
    case!(
        31,
        "a",
        Must,
        "CAS 3.0.3 §2.2.2",
        "Nobody enters without a user name",
        no_username
    ),
    case!(
        31,
        "b",
        Must,
        "CAS 3.0.3 §2.2.2",
        "Nobody enters without a password",
        no_password
    ),
    case!(
        31,
        "c",
        Must,
        "CAS 3.0.3 §2.2.2",
        "Nobody enters with an empty password",
        empty_password
    ),
    case!(
        32,
        May,
        "CAS 3.0.3 §2.2.2, §4.1",
        "`rememberMe` counts for nothing where it is not offered",
        remember_unasked
    ),
    case!(
        38,
        "a",
        Should,
        "CAS 3.0.3 §2.2.4",
        "A wrong password brings the form again, with a reason",
        wrong_password
    ),
    case!(
        38,
        "b",
        Should,
        "CAS 3.0.3 §2.2.4",
        "A wrong password begins no session",
        wrong_password_session
    ),
];

async fn foreign_get(cx: &mut Context) -> Outcome {
    let foreign = cx.options.unregistered.clone();
    let reply = cx.browser()?.open(cx.login(&foreign)?).await?;
    expect::not_sent_to(&reply, &foreign)?;
    let usual = cx.browser()?.open(cx.url("login", &[])?).await?;
    let says = html::visible_text(&reply);
    ensure!(
        !says.is_empty() && says != html::visible_text(&usual),
        "the page doesn't say that the service is refused: {}",
        reply.summary()
    );
    Ok(())
}

async fn foreign_post(cx: &mut Context) -> Outcome {
    let foreign = cx.options.unregistered.clone();
    let mut browser = cx.browser()?;
    // The form of a sign-in without a service: what is posted with it is all that counts.
    let (page, login) = cx.open_form(&mut browser, cx.url("login", &[])?).await?;
    let form = with_service(&filled(cx, &login), "service", &foreign);
    let reply = submitted(&mut browser, &page, &form).await?;
    expect::not_sent_to(&reply, &foreign)
}

async fn foreign_swapped(cx: &mut Context) -> Outcome {
    let foreign = cx.options.unregistered.clone();
    let mut browser = cx.browser()?;
    let (page, login) = login_page(cx, &mut browser).await?;
    let form = with_service(&filled(cx, &login), "service", &foreign);
    let reply = submitted(&mut browser, &page, &form).await?;
    expect::not_sent_to(&reply, &foreign)
}

async fn no_username(cx: &mut Context) -> Outcome {
    nobody_enters(cx, |cx, login| {
        filled(cx, login).without(&login.username_field)
    })
    .await
}

async fn no_password(cx: &mut Context) -> Outcome {
    nobody_enters(cx, |cx, login| {
        filled(cx, login).without(&login.password_field)
    })
    .await
}

async fn empty_password(cx: &mut Context) -> Outcome {
    nobody_enters(cx, |cx, login| {
        filled(cx, login).with(&login.password_field, "")
    })
    .await
}

/// What is posted gives neither a ticket nor a session.
async fn nobody_enters(cx: &Context, fill: fn(&Context, &LoginForm) -> Form) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, login) = login_page(cx, &mut browser).await?;
    let reply = submitted(&mut browser, &page, &fill(cx, &login)).await?;
    ensure!(
        reply.ticket().is_none(),
        "a ticket was given: {}",
        reply.summary()
    );
    ensure!(
        reply.status < 500,
        "an error of the server's: {}",
        reply.summary()
    );
    let after = browser.open(cx.login(&cx.service())?).await?;
    expect::form(cx, &after).map(drop)
}

async fn remember_unasked(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    let (page, login) = login_page(cx, &mut browser).await?;
    if login.checkbox("rememberMe").is_some() {
        return Err(missing("the form offers rememberMe"));
    }
    let before = browser.jar.clone();
    let form = filled(cx, &login).with("rememberMe", "true");
    let reply = submitted(&mut browser, &page, &form).await?;
    let ticket = cx.entered(reply, &service)?.ticket;
    let fresh = browser.jar.iter().filter(|cookie| {
        before
            .get(cookie.name())
            .is_none_or(|old| old.value() != cookie.value())
    });
    let mut session_cookies = fresh.filter(|cookie| super::k_remember::is_persistent(cookie));
    if let Some(cookie) = session_cookies.next() {
        anyhow::bail!("the cookie {} outlives the browser", cookie.name());
    }
    let success = cx.p3(&service, &ticket).await?.success()?;
    let long = success.attribute("longTermAuthenticationRequestTokenUsed");
    ensure!(
        long.is_none_or(|it| it.eq_ignore_ascii_case("false")),
        "the ticket says {long:?}"
    );
    Ok(())
}

/// A wrong password; the page before and the page after.
async fn refused(cx: &Context, browser: &mut Browser) -> Result<(Reply, Reply)> {
    let (page, login) = login_page(cx, browser).await?;
    let wrong = format!("{}x", cx.options.password.0);
    let reply = submitted(browser, &page, &login.filled(&cx.options.user, &wrong)).await?;
    Ok((page, reply))
}

async fn wrong_password(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (before, after) = refused(cx, &mut browser).await?;
    ensure!(
        after.ticket().is_none(),
        "a wrong password is taken: {}",
        after.summary()
    );
    expect::form(cx, &after)?;
    let changed = html::visible_text(&before) != html::visible_text(&after);
    ensure!(changed, "the page says nothing of what went wrong");
    Ok(())
}

async fn wrong_password_session(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    refused(cx, &mut browser).await?;
    let reply = browser.open(cx.login(&cx.service())?).await?;
    expect::form(cx, &reply).map(drop)
}
