//! H. /proxy (93 to 98).

use anyhow::{Result, bail, ensure};

use super::proxying::{ProxyAnswer, ask, proxy, proxy_ticket, refused, target};
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;

pub const CASES: &[Case] = &[
    case!(
        93,
        "a",
        Must,
        "CAS 3.0.3 §2.7.1",
        "Without pgt or targetService the request is INVALID_REQUEST",
        needs_both
    ),
    case!(
        93,
        "b",
        Must,
        "CAS 3.0.3 §2.7.2",
        "A refusal is a proxyFailure",
        is_a_proxy_failure
    ),
    case!(
        93,
        "c",
        Must,
        "CAS 3.0.3 §2.7.1",
        "Parameter names count with their case",
        case_sensitive
    ),
    case!(
        94,
        Must,
        "CAS 3.0.3 §2.7.2",
        "A proxy-granting ticket gives a proxy ticket",
        gives_a_ticket
    ),
    case!(
        95,
        "a",
        Must,
        "CAS 3.0.3 §2.7.3",
        "A target that isn't allowed is UNAUTHORIZED_SERVICE",
        target_not_allowed
    ),
    case!(
        95,
        "b",
        DeFacto,
        "De facto: Apereo CAS, django-cas-server",
        "An unknown proxy-granting ticket is refused by a code for it",
        unknown_pgt
    ),
    case!(
        96,
        Should,
        "CAS 3.0.3 §2.7.3",
        "Each refusal has a text",
        descriptions
    ),
    case!(
        97,
        Must,
        "CAS 3.0.3 §2.7.1",
        "A target that is no web address is matched as it stands",
        opaque_target
    ),
];

const UNKNOWN: &str = "PGT-00000000000000000000000000000000000000000a";

/// Expects a refusal by `/proxy`, whichever element it stands in.
async fn code(cx: &Context, parameters: &[(&str, &str)]) -> Result<String> {
    refused(&cx.validate("proxy", parameters).await?)
}

fn some_target(cx: &Context) -> String {
    cx.options
        .proxy_target
        .clone()
        .unwrap_or_else(|| cx.service())
}

async fn needs_both(cx: &mut Context) -> Outcome {
    let target = some_target(cx);
    let requests: [&[(&str, &str)]; 3] = [&[], &[("pgt", UNKNOWN)], &[("targetService", &target)]];
    for parameters in requests {
        let code = code(cx, parameters).await?;
        ensure!(code == "INVALID_REQUEST", "{parameters:?} is {code}");
    }
    Ok(())
}

async fn is_a_proxy_failure(cx: &mut Context) -> Outcome {
    let target = some_target(cx);
    let requests: [&[(&str, &str)]; 2] = [
        &[("pgt", UNKNOWN)],
        &[("pgt", UNKNOWN), ("targetService", &target)],
    ];
    for parameters in requests {
        if let ProxyAnswer::Ticket(ticket) = ask(cx, parameters).await? {
            bail!("a proxy ticket was given: {ticket}");
        }
    }
    Ok(())
}

async fn case_sensitive(cx: &mut Context) -> Outcome {
    let target = some_target(cx);
    let requests: [&[(&str, &str)]; 3] = [
        &[("PGT", UNKNOWN), ("targetService", &target)],
        &[("pgt", UNKNOWN), ("targetservice", &target)],
        &[("pgt", UNKNOWN), ("TargetService", &target)],
    ];
    for parameters in requests {
        let code = code(cx, parameters).await?;
        ensure!(code == "INVALID_REQUEST", "{parameters:?} is {code}");
    }
    Ok(())
}

async fn gives_a_ticket(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let proxy = proxy(cx, &mut browser).await?;
    let ticket = proxy_ticket(cx, &proxy.pgt_id, &target).await?;
    ensure!(!ticket.is_empty(), "proxyTicket is empty");
    Ok(())
}

async fn target_not_allowed(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let proxy = proxy(cx, &mut browser).await?;
    let target = cx.options.unregistered.clone();
    let parameters = [("pgt", proxy.pgt_id.as_str()), ("targetService", &target)];
    let code = code(cx, &parameters).await?;
    ensure!(code == "UNAUTHORIZED_SERVICE", "the code is {code}");
    Ok(())
}

async fn unknown_pgt(cx: &mut Context) -> Outcome {
    let target = some_target(cx);
    for pgt in [UNKNOWN, "x"] {
        let code = code(cx, &[("pgt", pgt), ("targetService", &target)]).await?;
        ensure!(
            ["BAD_PGT", "INVALID_TICKET", "INVALID_REQUEST"].contains(&code.as_str()),
            "{pgt} is {code}"
        );
    }
    Ok(())
}

async fn descriptions(cx: &mut Context) -> Outcome {
    let target = some_target(cx);
    let requests: [&[(&str, &str)]; 2] = [&[], &[("pgt", UNKNOWN), ("targetService", &target)]];
    for parameters in requests {
        let answer = cx.validate("proxy", parameters).await?;
        let document = answer.xml()?;
        let failure = document.descendants().find(|it| it.has_attribute("code"));
        let text = failure.and_then(|it| it.text()).unwrap_or_default();
        ensure!(!text.trim().is_empty(), "no text: {}", answer.shown());
    }
    Ok(())
}

async fn opaque_target(cx: &mut Context) -> Outcome {
    let target = cx.options.opaque_target.clone();
    let target =
        target.ok_or_else(|| missing("no target that is no web address: give --opaque-target"))?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    let ticket = proxy_ticket(cx, &pgt, &target).await?;
    let parameters = [("service", target.as_str()), ("ticket", &ticket)];
    cx.validate("proxyValidate", &parameters).await?.success()?;
    let ticket = proxy_ticket(cx, &pgt, &target).await?;
    let other = format!("{target}/");
    let parameters = [("service", other.as_str()), ("ticket", &ticket)];
    cx.validate("proxyValidate", &parameters)
        .await?
        .failure()
        .map(drop)
}
