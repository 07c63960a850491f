//! B. `warn`: nobody enters the next service unasked (29, 30).

use anyhow::{Result, bail, ensure};

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome};
use crate::suite::client::{Browser, Reply};
use crate::suite::context::{Context, leads_to};
use crate::suite::html;
use crate::suite::login_form::forms;

pub const CASES: &[Case] = &[
    case!(
        29,
        "a",
        Must,
        "CAS 3.0.3 §2.2.1",
        "With `warn` the next service is asked about first",
        asked
    ),
    case!(
        29,
        "b",
        Must,
        "CAS 3.0.3 §2.2.1",
        "Having said yes, one enters with a good ticket",
        confirmed
    ),
    case!(
        30,
        Must,
        "CAS 3.0.3 §2.2.1",
        "With `warn` no ticket is there before the yes",
        no_ticket_yet
    ),
];

/// Signs in with the box ticked, and asks for the other service.
async fn warned(cx: &Context, browser: &mut Browser) -> Result<(Reply, String)> {
    let other = cx.other_service()?;
    cx.pass_login(browser, cx.login(&cx.service())?, &["warn"])
        .await?;
    let page = browser.open(cx.login(&other)?).await?;
    expect::no_form(cx, &page)?;
    Ok((page, other))
}

async fn asked(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, other) = warned(cx, &mut browser).await?;
    expect::not_sent_to(&page, &other)?;
    expect::page_with_text(&page)
}

async fn no_ticket_yet(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, _) = warned(cx, &mut browser).await?;
    ensure!(
        page.ticket().is_none(),
        "a ticket at once: {}",
        page.summary()
    );
    ensure!(
        !page.body.contains("ST-"),
        "the page that asks has a ticket already"
    );
    Ok(())
}

async fn confirmed(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, other) = warned(cx, &mut browser).await?;
    expect::not_sent_to(&page, &other)?;
    // A page may have other forms, such as one that signs out or picks a language: the service
    // that is asked about tells which.
    let mut all = forms(&page)?;
    all.sort_by_key(|form| !form.fields.iter().any(|(_, value)| *value == other));
    for form in all {
        let mut attempt = browser.clone();
        let reply = attempt.submit(&page.url, &form).await?;
        let reply = attempt.through(reply).await?;
        if let Ok(entered) = cx.entered(reply, &other) {
            return cx.p3(&other, &entered.ticket).await?.success().map(drop);
        }
    }
    for link in html::links(&page) {
        let Ok(target) = page.url.join(&link) else {
            continue;
        };
        if target.origin() != page.url.origin() || leads_to(&target, &other) {
            continue;
        }
        let reply = browser.clone().open(target).await?;
        if let Ok(entered) = cx.entered(reply, &other) {
            return cx.p3(&other, &entered.ticket).await?.success().map(drop);
        }
    }
    bail!("no form or link of the page leads to {other}")
}
