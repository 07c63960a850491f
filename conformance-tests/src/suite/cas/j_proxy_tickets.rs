//! J. The tickets of proxying (110, 112 to 114).

use anyhow::{Result, ensure};

use super::j_tickets::{FEW, ROUNDS, begins, outlive, race, rivals};
use super::proxying::{ProxyAnswer, ask, fresh_proxy_ticket, proxy, proxy_ticket, refused, target};
use super::randomness;
use crate::case;
use crate::suite::answer::Answer;
use crate::suite::case::{Case, Outcome};
use crate::suite::context::Context;

const PT: &str = "CAS 3.0.3 §3.2.1";
const PGT: &str = "CAS 3.0.3 §3.3.1";
const IOU: &str = "CAS 3.0.3 §3.4.1";

pub const CASES: &[Case] = &[
    case!(110, "b", Must, PT, "Proxy tickets are random", pt_random),
    case!(
        110,
        "c",
        Must,
        PGT,
        "Proxy-granting tickets and their IOUs are random",
        pgt_random
    ),
    case!(
        112,
        "a",
        Should,
        PT,
        "Proxy tickets begin with PT-",
        pt_prefix
    ),
    case!(112, "b", Must, PT, "A proxy ticket passes once", pt_once),
    case!(
        112,
        "c",
        Must,
        PT,
        "A proxy ticket ends by itself",
        pt_expires
    ),
    case!(
        112,
        "d",
        Must,
        PT,
        "Of many validations of a proxy ticket at once exactly one succeeds",
        pt_race
    ),
    case!(
        113,
        "a",
        Should,
        PGT,
        "Proxy-granting tickets begin with PGT-",
        pgt_prefix
    ),
    case!(
        113,
        "b",
        Must,
        PGT,
        "A proxy-granting ticket can be used more than once",
        pgt_reusable
    ),
    case!(
        113,
        "c",
        Must,
        PGT,
        "A proxy-granting ticket ends with the logout",
        pgt_dies
    ),
    case!(
        114,
        "a",
        Should,
        IOU,
        "The IOU begins with PGTIOU-",
        iou_prefix
    ),
    case!(
        114,
        "b",
        Must,
        IOU,
        "The IOU shares nothing with its ticket",
        iou_unrelated
    ),
];

async fn proxied(cx: &Context, service: &str, ticket: &str) -> Result<Answer> {
    cx.validate("proxyValidate", &[("service", service), ("ticket", ticket)])
        .await
}

async fn pt_expires(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    outlive(cx).await?;
    let code = proxied(cx, &target, &ticket).await?.failure()?;
    ensure!(code == "INVALID_TICKET", "the code is {code}");
    Ok(())
}

async fn pt_random(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    let mut sample = Vec::new();
    while sample.len() < cx.options.samples {
        sample.push(proxy_ticket(cx, &pgt, &target).await?);
    }
    randomness::check("PT-", &sample)
}

async fn pgt_random(cx: &mut Context) -> Outcome {
    let (mut pgts, mut ious) = (Vec::new(), Vec::new());
    for _ in 0..FEW {
        let mut browser = cx.browser()?;
        let granted = proxy(cx, &mut browser).await?;
        pgts.push(granted.pgt_id);
        ious.push(granted.pgt_iou);
    }
    randomness::check("PGT-", &pgts)?;
    randomness::check("PGTIOU-", &ious)
}

async fn pt_prefix(cx: &mut Context) -> Outcome {
    begins(&fresh_proxy_ticket(cx).await?, "PT-")
}

async fn pt_once(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    let ticket = proxy_ticket(cx, &pgt, &target).await?;
    proxied(cx, &target, &ticket).await?.success()?;
    proxied(cx, &target, &ticket).await?.failure().map(drop)
}

async fn pt_race(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    let mut rivals = rivals(cx).await?;
    for round in 1..=ROUNDS {
        let ticket = proxy_ticket(cx, &pgt, &target).await?;
        let parameters = [("service", target.as_str()), ("ticket", &ticket)];
        let winners = race(&mut rivals, &cx.url("proxyValidate", &parameters)?).await?;
        ensure!(winners == 1, "in round {round}, {winners} succeeded");
    }
    Ok(())
}

async fn pgt_prefix(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    begins(&proxy(cx, &mut browser).await?.pgt_id, "PGT-")
}

async fn pgt_reusable(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    let first = proxy_ticket(cx, &pgt, &target).await?;
    let second = proxy_ticket(cx, &pgt, &target).await?;
    ensure!(first != second, "the same ticket twice");
    // Validated after the other was made: both live.
    proxied(cx, &target, &first).await?.success()?;
    proxied(cx, &target, &second).await?.success().map(drop)
}

async fn pgt_dies(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let pgt = proxy(cx, &mut browser).await?.pgt_id;
    proxy_ticket(cx, &pgt, &target).await?;
    browser.open(cx.url("logout", &[])?).await?;
    let parameters = [("pgt", pgt.as_str()), ("targetService", &target)];
    let answer = cx.validate("proxy", &parameters).await?;
    refused(&answer).map(drop)
}

async fn iou_prefix(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    begins(&proxy(cx, &mut browser).await?.pgt_iou, "PGTIOU-")
}

async fn iou_unrelated(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let granted = proxy(cx, &mut browser).await?;
    let shared = longest_shared(secret(&granted.pgt_id), secret(&granted.pgt_iou));
    ensure!(shared < 8, "they share {shared} characters on end");
    // Nor does it do for the ticket.
    let iou = [
        ("pgt", granted.pgt_iou.as_str()),
        ("targetService", &target),
    ];
    let refused = !matches!(ask(cx, &iou).await, Ok(ProxyAnswer::Ticket(_)));
    ensure!(refused, "the IOU is taken for the ticket");
    Ok(())
}

/// Without the type.
fn secret(ticket: &str) -> &str {
    ticket.split_once('-').map_or(ticket, |(_, secret)| secret)
}

/// The length of the longest text that stands in both.
fn longest_shared(one: &str, other: &str) -> usize {
    let starts = one.char_indices().map(|(at, _)| &one[at..]);
    starts
        .map(|rest| {
            let ends = rest.char_indices().map(|(at, it)| at + it.len_utf8());
            ends.take_while(|end| other.contains(&rest[..*end])).count()
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_tickets_share_is_found() {
        assert_eq!(longest_shared("abcXYZdef", "..XYZ.."), 3);
        assert_eq!(longest_shared("", "x"), 0);
        assert_eq!(secret("PGTIOU-1-a"), "1-a");
    }
}
