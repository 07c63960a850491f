//! G. /proxyValidate (88 to 92).

use anyhow::{Context as _, Result, ensure};
use url::Url;

use super::e_service_validate::{UNKNOWN, another_service, failure_at};
use super::proxying::{callback_url, fresh_proxy_ticket, grant, proxy, proxy_ticket, target};
use crate::case;
use crate::suite::answer::Success;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;

const SECTION: &str = "CAS 3.0.3 §2.6";

pub const CASES: &[Case] = &[
    case!(
        88,
        "a",
        Must,
        SECTION,
        "A service ticket passes",
        takes_service_tickets
    ),
    case!(
        88,
        "b",
        Must,
        SECTION,
        "A proxy ticket passes",
        takes_proxy_tickets
    ),
    case!(
        88,
        "c",
        Must,
        SECTION,
        "Failures have the codes of /serviceValidate",
        codes
    ),
    case!(
        88,
        "d",
        Must,
        SECTION,
        "renew refuses a ticket of a live session",
        renew
    ),
    case!(
        89,
        "a",
        Must,
        "CAS 3.0.3 §2.6.2",
        "The success of a proxy ticket lists its proxy",
        lists_the_proxy
    ),
    case!(
        89,
        "b",
        Must,
        "CAS 3.0.3 §2.6.2",
        "The success of a service ticket lists no proxy",
        lists_nothing
    ),
    case!(
        90,
        Must,
        "CAS 3.0.3 §2.6.2",
        "In a chain the latest proxy comes first",
        chain_order
    ),
    case!(
        91,
        Must,
        SECTION,
        "pgtUrl works with a proxy ticket",
        proxy_of_a_proxy
    ),
    case!(
        92,
        "a",
        Must,
        "CAS 3.0.3 §2.7.1",
        "A proxy ticket is INVALID_SERVICE for another service",
        bound_to_target
    ),
    case!(
        92,
        "b",
        Must,
        "CAS 3.0.3 §3.2.1",
        "After that it is dead for its own service too",
        mismatch_kills
    ),
];

const ENDPOINT: &str = "proxyValidate";

async fn valid(cx: &Context, service: &str, ticket: &str) -> Result<Success> {
    let parameters = [("service", service), ("ticket", ticket)];
    cx.validate(ENDPOINT, &parameters).await?.success()
}

async fn refused(cx: &Context, parameters: &[(&str, &str)], expected: &str) -> Outcome {
    let (code, text) = failure_at(cx, ENDPOINT, parameters).await?;
    ensure!(code == expected, "not {expected} but {code}: {text}");
    Ok(())
}

async fn takes_service_tickets(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let success = valid(cx, &service, &ticket).await?;
    ensure!(!success.user.is_empty(), "cas:user is empty");
    Ok(())
}

async fn takes_proxy_tickets(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    let success = valid(cx, &target, &ticket).await?;
    ensure!(!success.user.is_empty(), "cas:user is empty");
    Ok(())
}

async fn codes(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let other = another_service(cx);
    refused(cx, &[], "INVALID_REQUEST").await?;
    refused(cx, &[("service", &service)], "INVALID_REQUEST").await?;
    refused(
        cx,
        &[("Service", &service), ("ticket", UNKNOWN)],
        "INVALID_REQUEST",
    )
    .await?;
    refused(
        cx,
        &[("service", &service), ("ticket", UNKNOWN)],
        "INVALID_TICKET",
    )
    .await?;
    refused(
        cx,
        &[("service", &service), ("ticket", "PT-0")],
        "INVALID_TICKET",
    )
    .await?;
    refused(
        cx,
        &[("service", &other), ("ticket", &ticket)],
        "INVALID_SERVICE",
    )
    .await?;
    refused(
        cx,
        &[("service", &service), ("ticket", &ticket)],
        "INVALID_TICKET",
    )
    .await
}

async fn renew(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.sso_ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    refused(cx, &parameters, "INVALID_TICKET").await
}

async fn lists_the_proxy(cx: &mut Context) -> Outcome {
    let (target, callback) = (target(cx)?, callback_url(cx)?);
    let ticket = fresh_proxy_ticket(cx).await?;
    let proxies = valid(cx, &target, &ticket).await?.proxies;
    ensure!(
        proxies == [callback.as_str()],
        "the proxies are {proxies:?}, not {callback}"
    );
    Ok(())
}

async fn lists_nothing(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let proxies = valid(cx, &service, &ticket).await?.proxies;
    ensure!(proxies.is_empty(), "the proxies are {proxies:?}");
    Ok(())
}

/// The callback of the proxy's target, which proxies in its turn.
fn second_callback(cx: &Context) -> Result<String> {
    let second = cx.options.target_callback.as_ref().map(Url::to_string);
    second.ok_or_else(|| missing("no callback of the proxy's target: give --target-callback"))
}

/// A proxy ticket that went through two proxies, and its service.
async fn chained(cx: &Context) -> Result<(String, String)> {
    let (target, second) = (target(cx)?, second_callback(cx)?);
    let end = cx
        .options
        .chain_target
        .clone()
        .unwrap_or_else(|| target.clone());
    let mut browser = cx.browser()?;
    let first = proxy(cx, &mut browser).await?;
    let ticket = proxy_ticket(cx, &first.pgt_id, &target).await?;
    let middle = grant(cx, ENDPOINT, &target, &ticket, &second).await;
    let middle = middle.context("the second proxy")?;
    let ticket = proxy_ticket(cx, &middle.pgt_id, &end).await?;
    Ok((end, ticket))
}

async fn chain_order(cx: &mut Context) -> Outcome {
    let (first, second) = (callback_url(cx)?, second_callback(cx)?);
    let (end, ticket) = chained(cx).await?;
    let proxies = valid(cx, &end, &ticket).await?.proxies;
    ensure!(
        proxies == [second.as_str(), first.as_str()],
        "the proxies are {proxies:?}, not {second}, {first}"
    );
    Ok(())
}

async fn proxy_of_a_proxy(cx: &mut Context) -> Outcome {
    let (end, ticket) = chained(cx).await?;
    valid(cx, &end, &ticket).await.map(drop)
}

async fn bound_to_target(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    for other in [cx.service(), format!("{target}x")] {
        let ticket = proxy_ticket(cx, &pgt, &target).await?;
        refused(
            cx,
            &[("service", &other), ("ticket", &ticket)],
            "INVALID_SERVICE",
        )
        .await?;
    }
    Ok(())
}

async fn mismatch_kills(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    let other = format!("{target}x");
    failure_at(cx, ENDPOINT, &[("service", &other), ("ticket", &ticket)]).await?;
    refused(
        cx,
        &[("service", &target), ("ticket", &ticket)],
        "INVALID_TICKET",
    )
    .await
}
