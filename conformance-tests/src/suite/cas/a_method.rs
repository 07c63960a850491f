//! A. The parameter `method` (16 to 18), and redirects that a page does (40).

use anyhow::{Result, ensure};

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Reply;
use crate::suite::context::{Context, leads_to};
use crate::suite::html;
use crate::suite::login_form::{Form, forms};

pub const CASES: &[Case] = &[
    case!(
        16,
        "a",
        May,
        "CAS 3.0.3 §2.1.1",
        "`method=POST` delivers a good ticket in a posted field",
        posted
    ),
    case!(
        16,
        "b",
        May,
        "CAS 3.0.3 §2.1.1",
        "`method=POST` keeps the ticket out of every address",
        not_in_address
    ),
    case!(
        17,
        May,
        "CAS 3.0.3 §2.1.1",
        "`method=HEADER` gives service and ticket as headers",
        header
    ),
    case!(
        18,
        May,
        "CAS 3.0.3 §2.1.1",
        "An unknown `method` is a redirect or a clean refusal",
        unknown
    ),
];

/// Of group B, but about the same page.
pub const REDIRECT_PAGE: &[Case] = &[case!(
    40,
    May,
    "CAS 3.0.3 Appendix B",
    "A page that leads on is escaped and works without a script",
    page_that_leads_on
)];

/// The answer to `/login` with a `method`, for a live session.
async fn answer(cx: &Context, service: &str, method: &str) -> Result<Reply> {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, service).await?;
    browser
        .open(expect::login_with(cx, service, &[("method", method)])?)
        .await
}

/// The page that posts the ticket, and its form to the service.
async fn post_page(cx: &Context, service: &str) -> Result<(Reply, Form)> {
    let reply = answer(cx, service, "POST").await?;
    if reply.ticket().is_some() {
        return Err(missing(
            "the server answers `method=POST` with the usual redirect",
        ));
    }
    let all = forms(&reply)?;
    let form = all.into_iter().find(|form| leads_to(&form.action, service));
    match form {
        Some(form) => Ok((reply, form)),
        None => anyhow::bail!("no form to {service}: {}", reply.summary()),
    }
}

async fn posted(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let (_, form) = post_page(cx, &service).await?;
    ensure!(
        form.method == reqwest::Method::POST,
        "the form's method is {}",
        form.method
    );
    let Some(ticket) = form.field("ticket") else {
        anyhow::bail!("the form has no field `ticket`");
    };
    cx.p3(&service, ticket).await?.success().map(drop)
}

async fn not_in_address(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let (page, form) = post_page(cx, &service).await?;
    let ticket = form.field("ticket").unwrap_or_default();
    ensure!(!ticket.is_empty(), "the form has no field `ticket`");
    ensure!(
        !form.action.as_str().contains(ticket),
        "the form goes to {}",
        form.action
    );
    ensure!(
        !page.url.as_str().contains(ticket),
        "the page itself lies at {}",
        page.url
    );
    Ok(())
}

async fn header(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let reply = answer(cx, &service, "HEADER").await?;
    if reply.ticket().is_some() || (reply.header("ticket").is_empty() && reply.status < 500) {
        return Err(missing("the server has no `method=HEADER`"));
    }
    ensure!(
        reply.redirect().is_none(),
        "a redirect too: {}",
        reply.summary()
    );
    ensure!(
        reply.header("service") == service,
        "the header service is «{}»",
        reply.header("service")
    );
    cx.p3(&service, reply.header("ticket"))
        .await?
        .success()
        .map(drop)
}

async fn unknown(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let reply = answer(cx, &service, "CARRIER-PIGEON").await?;
    if (400..500).contains(&reply.status) {
        return Ok(());
    }
    cx.entered(reply, &service).map(drop)
}

async fn page_that_leads_on(cx: &mut Context) -> Outcome {
    // Anything that breaks out of an attribute or a script would break the form.
    let service = cx.service();
    let joint = if service.contains('?') { '&' } else { '?' };
    let tricky = format!("{service}{joint}a='%22>&b=</script>");
    let reply = answer(cx, &service, "POST").await?;
    if reply.ticket().is_some() {
        return Err(missing("no page leads to a service: all are redirects"));
    }
    let by_hand = html::has(&reply, "form button, form input[type=submit], noscript");
    ensure!(by_hand, "without a script nothing leads on");
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    let reply = browser
        .open(expect::login_with(cx, &tricky, &[("method", "POST")])?)
        .await?;
    if reply.status >= 400 {
        // Refused as an address: nothing is shown that could break out.
        return Ok(());
    }
    let whole = forms(&reply)?
        .into_iter()
        .any(|form| leads_to(&form.action, &service));
    ensure!(
        whole,
        "the form doesn't survive quotes in the service: {}",
        reply.summary()
    );
    ensure!(
        !reply.body.contains("b=</script>"),
        "the service stands in the page unescaped"
    );
    Ok(())
}
