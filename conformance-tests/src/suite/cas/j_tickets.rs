//! J. Tickets (105 to 111, 119). Those of proxying: `j_proxy_tickets`; the cookie: `j_cookie`.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::join_all;
use url::Url;

use super::cookies_of::ticket_granting;
use super::proxying::{proxy, proxy_ticket};
use super::randomness;
use crate::case;
use crate::suite::answer::Answer;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Browser;
use crate::suite::context::Context;

const ST: &str = "CAS 3.0.3 §3.1.1";

pub const CASES: &[Case] = &[
    case!(105, Must, ST, "Service tickets begin with ST-", st_prefix),
    case!(106, "a", Must, ST, "A service ticket passes once", st_once),
    case!(
        106,
        "b",
        Must,
        ST,
        "A validation for another service uses the ticket up",
        mismatch_consumes
    ),
    case!(
        106,
        "c",
        Must,
        ST,
        "So it does at /validate",
        mismatch_at_validate_consumes
    ),
    case!(
        106,
        "d",
        Must,
        ST,
        "A validation that renew refuses uses the ticket up",
        renew_consumes
    ),
    case!(
        107,
        Must,
        ST,
        "Of many validations at once exactly one succeeds",
        st_race
    ),
    case!(108, Must, ST, "A service ticket ends by itself", st_expires),
    case!(
        109,
        Should,
        ST,
        "The service is no part of its ticket",
        st_holds_no_service
    ),
    case!(110, "a", Must, ST, "Service tickets are random", st_random),
    case!(
        110,
        "d",
        Must,
        "CAS 3.0.3 §3.6.1",
        "Ticket-granting cookies are random",
        tgc_random
    ),
    case!(
        111,
        "a",
        Client,
        ST,
        "No ticket is longer than the 256 characters that services should take",
        lengths
    ),
    case!(
        111,
        "b",
        Client,
        ST,
        "No ticket is longer than the 32 (PGT, PGTIOU: 64) that services must take",
        portable_lengths
    ),
    case!(
        119,
        "a",
        Must,
        "CAS 3.0.3 §3.7",
        "Tickets have letters, digits and hyphens only",
        ticket_alphabet
    ),
    case!(
        119,
        "b",
        Must,
        "CAS 3.0.3 §3.7",
        "The cookie's value has letters, digits and hyphens only",
        cookie_alphabet
    ),
];

/// Rounds and rivals of a race. A server that reads before it writes was seen to lose one round of
/// four on an idle machine, fewer on a busy one.
pub const ROUNDS: usize = 16;
const RIVALS: usize = 16;
/// Proxy-granting tickets and cookies need a sign-in each.
pub const FEW: usize = 12;

async fn serviced(cx: &Context, service: &str, ticket: &str) -> Result<Answer> {
    cx.validate(
        "serviceValidate",
        &[("service", service), ("ticket", ticket)],
    )
    .await
}

pub fn begins(ticket: &str, prefix: &str) -> Outcome {
    ensure!(ticket.starts_with(prefix), "it is {ticket}");
    Ok(())
}

async fn st_prefix(cx: &mut Context) -> Outcome {
    begins(&cx.ticket(&cx.service()).await?, "ST-")
}

async fn st_once(cx: &mut Context) -> Outcome {
    let service = cx.service();
    for (first, second) in [
        ("serviceValidate", "serviceValidate"),
        ("p3/serviceValidate", "proxyValidate"),
        ("validate", "serviceValidate"),
    ] {
        let ticket = cx.ticket(&service).await?;
        let parameters = [("service", service.as_str()), ("ticket", &ticket)];
        let answer = cx.validate(first, &parameters).await?;
        let passed = answer.is_success() || answer.reply.body.starts_with("yes\n");
        ensure!(
            passed,
            "/{first} refused a fresh ticket: {}",
            answer.shown()
        );
        let again = cx.validate(second, &parameters).await?;
        ensure!(
            !again.is_success(),
            "/{second} took it again after /{first}"
        );
    }
    Ok(())
}

/// Expects that a ticket of a live session is of no use after a validation that fails.
async fn is_dead_after(cx: &Context, endpoint: &str, service: &str, renew: bool) -> Outcome {
    let own = cx.service();
    let ticket = cx.sso_ticket(&own).await?;
    let mut parameters = vec![("service", service), ("ticket", ticket.as_str())];
    if renew {
        parameters.push(("renew", "true"));
    }
    cx.validate(endpoint, &parameters).await?;
    let again = serviced(cx, &own, &ticket).await?;
    ensure!(
        !again.is_success(),
        "after a failure at /{endpoint} the ticket passes"
    );
    Ok(())
}

async fn mismatch_consumes(cx: &mut Context) -> Outcome {
    let other = format!("{}x", cx.service());
    for endpoint in ["serviceValidate", "p3/proxyValidate"] {
        is_dead_after(cx, endpoint, &other, false).await?;
    }
    Ok(())
}

async fn mismatch_at_validate_consumes(cx: &mut Context) -> Outcome {
    let other = format!("{}x", cx.service());
    is_dead_after(cx, "validate", &other, false).await
}

async fn renew_consumes(cx: &mut Context) -> Outcome {
    let service = cx.service();
    is_dead_after(cx, "serviceValidate", &service, true).await
}

async fn st_race(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    let mut rivals = rivals(cx).await?;
    for round in 1..=ROUNDS {
        let ticket = cx.sso(&mut browser, &service).await?.ticket;
        let parameters = [("service", service.as_str()), ("ticket", &ticket)];
        let url = cx.url("serviceValidate", &parameters)?;
        let winners = race(&mut rivals, &url).await?;
        ensure!(
            winners == 1,
            "in round {round}, {winners} of {RIVALS} succeeded"
        );
    }
    Ok(())
}

/// Applications whose connections stand already, so that nothing but the question is left.
pub async fn rivals(cx: &Context) -> Result<Vec<Browser>> {
    let mut rivals = Vec::new();
    for _ in 0..RIVALS {
        let mut rival = cx.application()?;
        rival.get(cx.url("serviceValidate", &[])?).await?;
        rivals.push(rival);
    }
    Ok(rivals)
}

/// All ask at once; how many succeeded.
pub async fn race(rivals: &mut [Browser], url: &Url) -> Result<usize> {
    let mut winners = 0;
    let questions = rivals.iter_mut().map(|rival| rival.get(url.clone()));
    for reply in join_all(questions).await {
        winners += usize::from(Answer { reply: reply? }.is_success());
    }
    Ok(winners)
}

/// Waits as long as a ticket lives, if the call says how long that is.
pub async fn outlive(cx: &Context) -> Outcome {
    let Some(lifetime) = cx.options.ticket_lifetime else {
        return Err(missing(
            "how long tickets live isn't known: give --ticket-lifetime",
        ));
    };
    tokio::time::sleep(Duration::from_secs(lifetime + 2)).await;
    Ok(())
}

async fn st_expires(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    outlive(cx).await?;
    let code = serviced(cx, &service, &ticket).await?.failure()?;
    ensure!(code == "INVALID_TICKET", "the code is {code}");
    Ok(())
}

async fn st_holds_no_service(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let folded = ticket.to_ascii_lowercase();
    // Shorter words may stand in a random text by chance.
    let words = service.split(|it: char| !it.is_ascii_alphanumeric());
    for word in words.filter(|word| word.len() >= 6) {
        ensure!(
            !folded.contains(&word.to_ascii_lowercase()),
            "{ticket} has {word} in it"
        );
    }
    Ok(())
}

async fn st_random(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let mut sample = vec![cx.sign_in(&mut browser, &service).await?.ticket];
    while sample.len() < cx.options.samples {
        sample.push(cx.sso(&mut browser, &service).await?.ticket);
    }
    randomness::check("ST-", &sample)
}

async fn tgc_random(cx: &mut Context) -> Outcome {
    let (first, cookie) = ticket_granting(cx).await?;
    drop(first);
    let mut sample = vec![cookie.value().to_owned()];
    while sample.len() < FEW {
        let mut browser = cx.browser()?;
        cx.sign_in(&mut browser, &cx.service()).await?;
        let value = browser
            .jar
            .get(cookie.name())
            .map(|it| it.value().to_owned());
        sample.extend(value);
    }
    let common = if sample.iter().all(|it| it.starts_with("TGT-")) {
        "TGT-"
    } else {
        ""
    };
    randomness::check(common, &sample)
}

/// One ticket of each type that the call allows.
async fn one_of_each(cx: &Context) -> Result<Vec<(&'static str, String)>> {
    let service = cx.service();
    let mut tickets = vec![("ST", cx.ticket(&service).await?)];
    if cx.callback().is_ok() && cx.options.callback.is_some() {
        let mut browser = cx.browser()?;
        let granted = proxy(cx, &mut browser).await?;
        if let Some(target) = &cx.options.proxy_target {
            tickets.push(("PT", proxy_ticket(cx, &granted.pgt_id, target).await?));
        }
        tickets.push(("PGT", granted.pgt_id));
        tickets.push(("PGTIOU", granted.pgt_iou));
    }
    Ok(tickets)
}

async fn lengths(cx: &mut Context) -> Outcome {
    for (kind, ticket) in one_of_each(cx).await? {
        ensure!(
            ticket.len() <= 256,
            "{kind} has {} characters",
            ticket.len()
        );
    }
    Ok(())
}

async fn portable_lengths(cx: &mut Context) -> Outcome {
    for (kind, ticket) in one_of_each(cx).await? {
        let most = if kind.starts_with("PGT") { 64 } else { 32 };
        ensure!(
            ticket.len() <= most,
            "{kind} has {} characters",
            ticket.len()
        );
    }
    Ok(())
}

async fn ticket_alphabet(cx: &mut Context) -> Outcome {
    for (kind, ticket) in one_of_each(cx).await? {
        ensure!(is_plain(&ticket), "{kind} is {ticket}");
    }
    Ok(())
}

async fn cookie_alphabet(cx: &mut Context) -> Outcome {
    let (_, cookie) = ticket_granting(cx).await?;
    ensure!(
        is_plain(cookie.value()),
        "{} is {}",
        cookie.name(),
        cookie.value()
    );
    Ok(())
}

fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || it == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_of_letters_digits_and_hyphens() {
        assert!(is_plain("ST-aZ9") && !is_plain("a.b") && !is_plain("a_b") && !is_plain(""));
    }
}
