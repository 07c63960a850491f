//! E. /serviceValidate (63 to 77): tickets, services, failures. Documents: `e_documents`.

use anyhow::{Context as _, Result, ensure};

use super::proxying::{fresh_proxy_ticket, target};
use crate::case;
use crate::suite::answer::Validation;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;

const SECTION_PARAMETERS: &str = "CAS 3.0.3 §2.5.1";
const SECTION_CODES: &str = "CAS 3.0.3 §2.5.3";

pub const CASES: &[Case] = &[
    case!(
        63,
        Must,
        "CAS 3.0.3 §2.5.2",
        "A valid ticket gives authenticationSuccess with the user",
        success
    ),
    case!(
        64,
        "a",
        Must,
        "CAS 3.0.3 §2.5",
        "A proxy ticket never passes",
        refuses_proxy_tickets
    ),
    case!(
        64,
        "b",
        Should,
        "CAS 3.0.3 §2.5",
        "The refusal says that a proxy ticket was given",
        explains_proxy_tickets
    ),
    case!(
        65,
        Must,
        SECTION_PARAMETERS,
        "A missing service or ticket is INVALID_REQUEST",
        needs_both
    ),
    case!(
        66,
        "a",
        Must,
        SECTION_PARAMETERS,
        "With renew, a ticket of freshly shown credentials passes",
        renew_fresh
    ),
    case!(
        66,
        "b",
        Must,
        SECTION_CODES,
        "With renew, a ticket of a live session is INVALID_TICKET",
        renew_sso
    ),
    case!(
        69,
        "a",
        Must,
        SECTION_CODES,
        "Each kind of failure has its code",
        codes
    ),
    case!(
        69,
        "b",
        Must,
        SECTION_CODES,
        "A callback that fails is told by no code but the callback's",
        callback_code
    ),
    case!(
        70,
        "a",
        Must,
        SECTION_CODES,
        "Another service than the ticket's is INVALID_SERVICE",
        mismatch
    ),
    case!(
        70,
        "b",
        Must,
        SECTION_CODES,
        "After that the ticket is dead for its own service too",
        mismatch_kills
    ),
    case!(
        71,
        "a",
        Should,
        SECTION_CODES,
        "Each failure has a text",
        descriptions
    ),
    case!(
        71,
        "b",
        Should,
        SECTION_CODES,
        "INVALID_TICKET says what was wrong with the ticket",
        describes_the_ticket
    ),
    case!(
        72,
        "a",
        Must,
        SECTION_CODES,
        "An unknown ticket is INVALID_TICKET, whatever it looks like",
        unknown
    ),
    case!(
        72,
        "b",
        Must,
        SECTION_CODES,
        "A used ticket is INVALID_TICKET",
        used
    ),
    case!(
        75,
        Must,
        "CAS 3.0.3 §2.5",
        "With pgtUrl a proxy-granting ticket is made and delivered",
        grants
    ),
];

/// Of the form of a ticket, and nobody's.
pub const UNKNOWN: &str = "ST-0000000000000000000000000000a";
const ENDPOINT: &str = "serviceValidate";

/// The code and the text of a failure at `/serviceValidate`.
async fn failure(cx: &Context, parameters: &[(&str, &str)]) -> Result<(String, String)> {
    failure_at(cx, ENDPOINT, parameters).await
}

/// The code and the text of a failure.
pub async fn failure_at(
    cx: &Context,
    endpoint: &str,
    parameters: &[(&str, &str)],
) -> Result<(String, String)> {
    match cx.validate(endpoint, parameters).await?.read()? {
        Validation::Failure { code, text } => Ok((code, text)),
        Validation::Success(success) => {
            anyhow::bail!("the ticket was accepted for {}", success.user)
        }
    }
}

/// Expects a failure of that code at `/serviceValidate`.
async fn refused(cx: &Context, parameters: &[(&str, &str)], expected: &str) -> Outcome {
    let (code, text) = failure(cx, parameters).await?;
    ensure!(code == expected, "not {expected} but {code}: {text}");
    Ok(())
}

async fn success(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let parameters = [("service", service.as_str()), ("ticket", &ticket)];
    let success = cx.validate(ENDPOINT, &parameters).await?.success()?;
    ensure!(!success.user.is_empty(), "cas:user is empty");
    Ok(())
}

async fn proxy_ticket_refused(cx: &Context) -> Result<(String, String)> {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    failure(cx, &[("service", &target), ("ticket", &ticket)]).await
}

async fn refuses_proxy_tickets(cx: &mut Context) -> Outcome {
    proxy_ticket_refused(cx).await.map(drop)
}

async fn explains_proxy_tickets(cx: &mut Context) -> Outcome {
    let (code, text) = proxy_ticket_refused(cx).await?;
    // In words, or by a word of another language that keeps the term.
    ensure!(
        text.to_lowercase().contains("prox") || text.contains("代理"),
        "the text of {code} does not mention proxy tickets: {text:?}"
    );
    Ok(())
}

async fn needs_both(cx: &mut Context) -> Outcome {
    let service = cx.service();
    refused(cx, &[], "INVALID_REQUEST").await?;
    refused(cx, &[("service", &service)], "INVALID_REQUEST").await?;
    refused(cx, &[("ticket", UNKNOWN)], "INVALID_REQUEST").await?;
    // The names are case-sensitive, so this is none of them.
    refused(
        cx,
        &[("service", &service), ("Ticket", UNKNOWN)],
        "INVALID_REQUEST",
    )
    .await?;
    refused(
        cx,
        &[("SERVICE", &service), ("ticket", UNKNOWN)],
        "INVALID_REQUEST",
    )
    .await
}

async fn renew_fresh(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    cx.validate(ENDPOINT, &parameters)
        .await?
        .success()
        .map(drop)
}

async fn renew_sso(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.sso_ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    refused(cx, &parameters, "INVALID_TICKET").await
}

async fn codes(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let other = another_service(cx);
    refused(cx, &[("service", &service)], "INVALID_REQUEST").await?;
    refused(
        cx,
        &[("service", &service), ("ticket", UNKNOWN)],
        "INVALID_TICKET",
    )
    .await?;
    refused(
        cx,
        &[("service", &other), ("ticket", &ticket)],
        "INVALID_SERVICE",
    )
    .await
}

async fn callback_code(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    // RFC 6761 §6.4: no such host exists anywhere.
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("pgtUrl", "https://callback.invalid/pgt"),
    ];
    let answer = cx.validate(ENDPOINT, &parameters).await?;
    match answer.read()? {
        Validation::Success(success) if success.pgt_iou.is_none() => Err(missing(
            "the validation succeeds without a proxy-granting ticket",
        )),
        Validation::Success(_) => anyhow::bail!("a proxyGrantingTicket for a host that is none"),
        Validation::Failure { code, text } => {
            ensure!(
                ["INVALID_PROXY_CALLBACK", "UNAUTHORIZED_SERVICE_PROXY"].contains(&code.as_str()),
                "neither INVALID_PROXY_CALLBACK nor UNAUTHORIZED_SERVICE_PROXY but {code}: {text}"
            );
            Ok(())
        }
    }
}

/// A service that isn't the ticket's: a registered one where there is another.
pub fn another_service(cx: &Context) -> String {
    let other = cx.options.other_service.clone();
    other.unwrap_or_else(|| cx.options.unregistered.clone())
}

async fn mismatch(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    for other in [another_service(cx), format!("{service}x")] {
        let ticket = cx.sso(&mut browser, &service).await?.ticket;
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
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let other = another_service(cx);
    failure(cx, &[("service", &other), ("ticket", &ticket)]).await?;
    refused(
        cx,
        &[("service", &service), ("ticket", &ticket)],
        "INVALID_TICKET",
    )
    .await
}

async fn descriptions(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let other = another_service(cx);
    let requests: [&[(&str, &str)]; 3] = [
        &[("service", &service)],
        &[("service", &service), ("ticket", UNKNOWN)],
        &[("service", &other), ("ticket", &ticket)],
    ];
    for parameters in requests {
        let (code, text) = failure(cx, parameters).await?;
        ensure!(!text.is_empty(), "{code} has no text");
    }
    Ok(())
}

async fn describes_the_ticket(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let parameters = [("service", service.as_str()), ("ticket", UNKNOWN)];
    let (code, text) = failure(cx, &parameters).await?;
    let says = text.replace(UNKNOWN, "");
    ensure!(
        says.chars().filter(|it| it.is_alphabetic()).count() >= 3,
        "{code} says nothing but {text:?}"
    );
    Ok(())
}

async fn unknown(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let long = format!("ST-{}", "a".repeat(500));
    let strange = [
        "x",
        "ST-",
        UNKNOWN,
        "PT-1",
        "PGT-1",
        "ST-1 2",
        "ST-\u{e9}",
        "ST-%00",
        &long,
    ];
    for ticket in strange {
        let parameters = [("service", service.as_str()), ("ticket", ticket)];
        let judged = refused(cx, &parameters, "INVALID_TICKET").await;
        judged.with_context(|| format!("ticket {ticket:?}"))?;
    }
    Ok(())
}

async fn used(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let parameters = [("service", service.as_str()), ("ticket", &ticket)];
    cx.validate(ENDPOINT, &parameters).await?.success()?;
    refused(cx, &parameters, "INVALID_TICKET").await
}

async fn grants(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    super::proxying::proxy(cx, &mut browser).await.map(drop)
}
