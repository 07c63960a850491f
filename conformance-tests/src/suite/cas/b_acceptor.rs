//! B. /login takes credentials (26 to 41). What it refuses is in `b_refusals`, `warn` in `b_warn`,
//! 40 in `a_method`.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::{Browser, Reply};
use crate::suite::context::Context;
use crate::suite::login_form::{Form, LoginForm};

pub const CASES: &[Case] = &[
    case!(
        26,
        "a",
        Must,
        "CAS 3.0.3 §2.2.1",
        "The posted form leads to its service",
        service_posted
    ),
    case!(
        26,
        "b",
        Must,
        "CAS 3.0.3 §2.2.1",
        "A posted `Service` is not `service`",
        service_in_capitals
    ),
    case!(
        27,
        Must,
        "CAS 3.0.3 §2.2.1",
        "Good credentials lead to the service",
        good_credentials
    ),
    case!(
        33,
        Must,
        "CAS 3.0.3 §2.2.4",
        "After the post the service is asked by GET",
        follow_up_is_get
    ),
    case!(
        34,
        Must,
        "CAS 3.0.3 §2.2.4",
        "The service never sees the credentials",
        credentials_stay
    ),
    case!(
        35,
        Must,
        "CAS 3.0.3 §2.2.4",
        "The service gets exactly one ticket, and it is good",
        one_ticket
    ),
    case!(
        36,
        "a",
        Must,
        "CAS 3.0.3 §2.2.4",
        "The ticket follows `?` where the service has no query",
        ticket_after_path
    ),
    case!(
        36,
        "b",
        Must,
        "CAS 3.0.3 §2.2.4",
        "The ticket follows `&` where it has one",
        ticket_after_query
    ),
    case!(
        36,
        "c",
        Must,
        "CAS 3.0.3 §2.2.4",
        "The ticket stands before a fragment",
        ticket_before_fragment
    ),
    case!(
        37,
        Must,
        "CAS 3.0.3 §2.2.4",
        "Without a service a page says that the session began",
        begun
    ),
    case!(
        39,
        "a",
        Should,
        "CAS 3.0.3 Appendix B",
        "The login page is not kept by caches",
        form_not_cached
    ),
    case!(
        39,
        "b",
        Should,
        "CAS 3.0.3 Appendix B",
        "The redirect with a ticket is not kept by caches",
        ticket_not_cached
    ),
    case!(
        41,
        Must,
        "CAS 3.0.3 §2.2.4, §2.1.1",
        "A ticket of a renewed sign-in passes `renew` at validation",
        renewed_ticket
    ),
];

/// The form for the service, and its page.
pub(super) async fn login_page(cx: &Context, browser: &mut Browser) -> Result<(Reply, LoginForm)> {
    cx.open_form(browser, cx.login(&cx.service())?).await
}

pub(super) fn filled(cx: &Context, login: &LoginForm) -> Form {
    login.filled(&cx.options.user, &cx.options.password.0)
}

pub(super) async fn submitted(browser: &mut Browser, page: &Reply, form: &Form) -> Result<Reply> {
    let reply = browser.submit(&page.url, form).await?;
    browser.through(reply).await
}

/// The form with the service under another name or with another value, wherever it stands.
pub(super) fn with_service(form: &Form, name: &str, value: &str) -> Form {
    let mut changed = form.clone().without("service");
    let pairs: Vec<(String, String)> = form.action.query_pairs().into_owned().collect();
    if pairs.iter().any(|(known, _)| known == "service") {
        let others = pairs.iter().filter(|(known, _)| known != "service");
        changed
            .action
            .query_pairs_mut()
            .clear()
            .extend_pairs(others)
            .append_pair(name, value);
    }
    changed.with(name, value)
}

async fn service_posted(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    let (page, login) = login_page(cx, &mut browser).await?;
    let form = with_service(&filled(cx, &login), "service", &service);
    let reply = submitted(&mut browser, &page, &form).await?;
    cx.entered(reply, &service).map(drop)
}

async fn service_in_capitals(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let (page, login) = cx.open_form(&mut browser, cx.url("login", &[])?).await?;
    let form = with_service(&filled(cx, &login), "Service", &cx.service());
    let reply = submitted(&mut browser, &page, &form).await?;
    ensure!(
        reply.ticket().is_none(),
        "`Service` was taken for `service`: {}",
        reply.summary()
    );
    Ok(())
}

async fn good_credentials(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await.map(drop)
}

async fn follow_up_is_get(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    let (page, login) = login_page(cx, &mut browser).await?;
    let reply = browser.submit(&page.url, &filled(cx, &login)).await?;
    // 307 and 308 would have the browser post the password to the service (RFC 9110 §15.4.8).
    let kept = matches!(reply.status, 307 | 308);
    ensure!(!kept, "the post is repeated there: {}", reply.summary());
    let reply = browser.through(reply).await?;
    cx.entered(reply, &service).map(drop)
}

async fn credentials_stay(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    let (page, login) = login_page(cx, &mut browser).await?;
    ensure!(
        login.form.method == Method::POST,
        "the form puts the password into the address"
    );
    let reply = submitted(&mut browser, &page, &filled(cx, &login)).await?;
    let entered = cx.entered(reply, &service)?;
    let target = entered.reply.redirect().context("no redirect")?;
    for (name, value) in target.query_pairs() {
        let secret = value == cx.options.password.0.as_str();
        ensure!(
            !secret && name != "password" && name != "username",
            "the address tells `{name}`"
        );
    }
    // The page that the redirect came from is what a Referer would name.
    let from = entered.reply.url.query().unwrap_or_default();
    ensure!(
        !from.contains("password="),
        "the page before has the password in its address"
    );
    Ok(())
}

async fn one_ticket(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let entered = cx.sign_in(&mut browser, &service).await?;
    let target = entered.reply.redirect().context("no redirect")?;
    let count = target
        .query_pairs()
        .filter(|(name, _)| name == "ticket")
        .count();
    ensure!(count == 1, "{count} tickets: {target}");
    cx.p3(&service, &entered.ticket).await?.success().map(drop)
}

async fn ticket_after_path(cx: &mut Context) -> Outcome {
    let service = cx.service();
    if service.contains('?') {
        return Err(missing("--service has a query of its own"));
    }
    appended(cx, &service, &format!("{service}?ticket="), "").await
}

async fn ticket_after_query(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let joint = if service.contains('?') { '&' } else { '?' };
    let service = format!("{service}{joint}page=7");
    appended(cx, &service, &format!("{service}&ticket="), "").await
}

async fn ticket_before_fragment(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let joint = if service.contains('?') { '&' } else { '?' };
    appended(
        cx,
        &format!("{service}#part"),
        &format!("{service}{joint}ticket="),
        "#part",
    )
    .await
}

/// The redirect is the service with the ticket where it belongs; a server that doesn't take this
/// spelling of the service can't show it.
async fn appended(cx: &Context, service: &str, before: &str, after: &str) -> Outcome {
    let mut browser = cx.browser()?;
    let page = browser.open(cx.login(service)?).await?;
    if cx.login_form(&page).is_none() {
        return Err(missing(format!("the server doesn't take {service}")));
    }
    let reply = cx.pass_login(&mut browser, cx.login(service)?, &[]).await?;
    let location = expect::redirect(&reply)?;
    let ticket = location
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    let ticket = ticket.with_context(|| format!("expected {before}…{after}, got {location}"))?;
    ensure!(
        !ticket.is_empty() && !ticket.contains(['&', '#']),
        "the ticket is «{ticket}»"
    );
    Ok(())
}

async fn begun(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let reply = cx.sign_in_alone(&mut browser).await?;
    expect::page_with_text(&reply)?;
    cx.sso(&mut browser, &cx.service()).await.map(drop)
}

async fn form_not_cached(cx: &mut Context) -> Outcome {
    let (page, _) = login_page(cx, &mut cx.browser()?).await?;
    not_cached(&page)
}

async fn ticket_not_cached(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let entered = cx.sign_in(&mut browser, &cx.service()).await?;
    not_cached(&entered.reply)
}

fn not_cached(reply: &Reply) -> Outcome {
    let control = reply.header("cache-control").to_ascii_lowercase();
    ensure!(
        control.contains("no-store"),
        "Cache-Control is «{control}»: {}",
        reply.summary()
    );
    Ok(())
}

async fn renewed_ticket(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let url = expect::login_with(cx, &service, &[("renew", "true")])?;
    let reply = cx.pass_login(&mut browser, url, &[]).await?;
    let ticket = cx.entered(reply, &service)?.ticket;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    cx.validate("p3/serviceValidate", &parameters)
        .await?
        .success()
        .map(drop)
}
