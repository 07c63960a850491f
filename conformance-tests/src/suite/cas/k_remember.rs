//! K. Long-term sign-in (121 to 123).

use anyhow::{Context as _, Result, ensure};
use cookie::{Cookie, Expiration};

use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Browser;
use crate::suite::clock;
use crate::suite::context::Context;
use crate::suite::cookies::Jar;

pub const CASES: &[Case] = &[
    case!(
        121,
        Must,
        "CAS 3.0.3 §4.1.1",
        "The box of a long-term sign-in is not ticked",
        unchecked
    ),
    case!(
        122,
        "a",
        Must,
        "CAS 3.0.3 §4.1.3",
        "A remembered sign-in is told to the services",
        told
    ),
    case!(
        122,
        "b",
        Must,
        "CAS 3.0.3 §4.1.3",
        "One that isn't remembered is told as such",
        told_otherwise
    ),
    case!(
        123,
        "a",
        Must,
        "CAS 3.0.3 §4.1.5",
        "A remembered session's cookie outlives the browser, by three months at most",
        cookie_kept
    ),
    case!(
        123,
        "b",
        Must,
        "CAS 3.0.3 §4.1.1",
        "A session that isn't remembered ends with the browser",
        cookie_not_kept
    ),
];

const BOX: &str = "rememberMe";
const ATTRIBUTE: &str = "longTermAuthenticationRequestTokenUsed";
/// Three months, seconds: the most that §4.1.5 lets be.
const MOST: i64 = 93 * 86_400;

/// Whether a cookie outlives the browser.
pub(super) fn is_persistent(cookie: &Cookie) -> bool {
    cookie.max_age().is_some() || matches!(cookie.expires(), Some(Expiration::DateTime(_)))
}

/// For how many seconds a cookie is kept.
fn lifetime(cookie: &Cookie) -> i64 {
    match (cookie.max_age(), cookie.expires()) {
        (Some(age), _) => age.whole_seconds(),
        (None, Some(Expiration::DateTime(end))) => end.unix_timestamp() - clock::now().as_second(),
        _ => 0,
    }
}

/// The cookies that the sign-in itself set.
fn gained(browser: &Browser, before: &Jar) -> Vec<Cookie<'static>> {
    let is_new = |cookie: &&Cookie<'static>| {
        before
            .get(cookie.name())
            .is_none_or(|old| old.value() != cookie.value())
    };
    browser.jar.iter().filter(is_new).cloned().collect()
}

/// A sign-in with the box ticked or not.
struct SignedIn {
    browser: Browser,
    ticket: String,
    /// The cookies it brought.
    cookies: Vec<Cookie<'static>>,
}

impl SignedIn {
    /// Closes the browser and opens it again: whether a service is entered without a form.
    async fn survives_a_restart(&mut self, cx: &Context) -> Result<bool> {
        let jar = &mut self.browser.jar;
        let short: Vec<String> = jar
            .iter()
            .filter(|cookie| !is_persistent(cookie))
            .map(|cookie| cookie.name().to_owned())
            .collect();
        for name in short {
            jar.remove(&name);
        }
        let reply = self.browser.get(cx.login(&cx.service())?).await?;
        let reply = self.browser.through(reply).await?;
        Ok(reply.ticket().is_some())
    }
}

async fn signed_in(cx: &Context, remembered: bool) -> Result<SignedIn> {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let (page, login) = cx.open_form(&mut browser, cx.login(&service)?).await?;
    let known = login
        .checkbox(BOX)
        .ok_or_else(|| missing("the form doesn't offer rememberMe"))?;
    let mut form = login
        .filled(&cx.options.user, &cx.options.password.0)
        .without(&known.name);
    if remembered {
        form = form.with(&known.name, &known.value);
    }
    let before = browser.jar.clone();
    let reply = browser.submit(&page.url, &form).await?;
    let reply = browser.through(reply).await?;
    let ticket = cx.entered(reply, &service)?.ticket;
    Ok(SignedIn {
        cookies: gained(&browser, &before),
        ticket,
        browser,
    })
}

async fn unchecked(cx: &mut Context) -> Outcome {
    let (_, login) = cx
        .open_form(&mut cx.browser()?, cx.login(&cx.service())?)
        .await?;
    let known = login
        .checkbox(BOX)
        .ok_or_else(|| missing("the form doesn't offer rememberMe"))?;
    ensure!(
        !known.checked,
        "the box {} is ticked from the start",
        known.name
    );
    Ok(())
}

async fn told(cx: &mut Context) -> Outcome {
    says(cx, true).await
}

async fn told_otherwise(cx: &mut Context) -> Outcome {
    says(cx, false).await
}

async fn says(cx: &Context, remembered: bool) -> Outcome {
    let signed_in = signed_in(cx, remembered).await?;
    let success = cx.p3(&cx.service(), &signed_in.ticket).await?.success()?;
    let value = success
        .attribute(ATTRIBUTE)
        .with_context(|| format!("no attribute {ATTRIBUTE}"))?;
    ensure!(
        value.eq_ignore_ascii_case(&remembered.to_string()),
        "{ATTRIBUTE} is {value}"
    );
    Ok(())
}

async fn cookie_kept(cx: &mut Context) -> Outcome {
    let mut signed_in = signed_in(cx, true).await?;
    for cookie in signed_in.cookies.iter().filter(|c| is_persistent(c)) {
        let days = lifetime(cookie) / 86_400;
        ensure!(
            lifetime(cookie) <= MOST,
            "{} is kept for {days} days",
            cookie.name()
        );
    }
    ensure!(
        signed_in.survives_a_restart(cx).await?,
        "after a restart of the browser the sign-in is forgotten"
    );
    Ok(())
}

async fn cookie_not_kept(cx: &mut Context) -> Outcome {
    // That the box is offered at all, or there is nothing to judge. Cookies that only know the
    // browser again may stay.
    let mut ordinary = signed_in(cx, false).await?;
    ensure!(
        !ordinary.survives_a_restart(cx).await?,
        "the session outlives the browser though nobody asked for it"
    );
    Ok(())
}
