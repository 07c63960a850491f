//! D. /validate, CAS 1.0 (56 to 62).

use anyhow::{Result, ensure};

use super::proxying::{fresh_proxy_ticket, target};
use crate::case;
use crate::suite::case::{Case, Outcome};
use crate::suite::client::Reply;
use crate::suite::context::Context;

pub const CASES: &[Case] = &[
    case!(
        56,
        "a",
        Must,
        "CAS 3.0.3 §2.4.2",
        "A valid ticket is answered by a line that says yes",
        says_yes
    ),
    case!(
        56,
        "b",
        DeFacto,
        "De facto: every CAS 1.0 client",
        "The second line is the user, and there is no third",
        names_the_user
    ),
    case!(
        57,
        "a",
        Must,
        "CAS 3.0.3 §2.4.2",
        "An invalid ticket is answered by a line that says no",
        says_no
    ),
    case!(
        57,
        "b",
        DeFacto,
        "De facto: every CAS 1.0 client",
        "The refusal is text/plain with status 200",
        says_no_in_plain_text
    ),
    case!(
        58,
        Must,
        "CAS 3.0.3 §2.4",
        "A proxy ticket is refused",
        refuses_proxy_tickets
    ),
    case!(
        59,
        "a",
        Must,
        "CAS 3.0.3 §2.4.1",
        "With renew, a ticket of freshly shown credentials passes",
        renew_fresh
    ),
    case!(
        59,
        "b",
        Must,
        "CAS 3.0.3 §2.4.1",
        "With renew, a ticket of a live session is refused",
        renew_sso
    ),
    case!(
        60,
        Must,
        "CAS 3.0.3 §2.4.1",
        "Without service or without ticket the answer is no",
        needs_both
    ),
    case!(
        61,
        Must,
        "CAS 3.0.3 §2.4.1",
        "A ticket passes for its own service only",
        bound_to_service
    ),
    case!(
        62,
        Must,
        "CAS 3.0.3 §2.4.1",
        "Parameter names count with their case",
        case_sensitive
    ),
];

/// Whether an answer says yes; fails if it says neither.
fn is_yes(reply: &Reply) -> Result<bool> {
    let says_yes = reply.body.starts_with("yes\n");
    ensure!(
        says_yes || reply.body.starts_with("no\n"),
        "neither yes nor no with a line's end: {} {:?}",
        reply.status,
        reply.body.chars().take(80).collect::<String>()
    );
    Ok(says_yes)
}

async fn validate(cx: &Context, parameters: &[(&str, &str)]) -> Result<Reply> {
    Ok(cx.validate("validate", parameters).await?.reply)
}

async fn expect(cx: &Context, parameters: &[(&str, &str)], yes: bool) -> Outcome {
    let reply = validate(cx, parameters).await?;
    let word = if yes { "yes" } else { "no" };
    ensure!(is_yes(&reply)? == yes, "not {word}: {:?}", reply.body);
    Ok(())
}

async fn says_yes(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    expect(cx, &[("service", &service), ("ticket", &ticket)], true).await
}

async fn names_the_user(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let first = cx.sign_in(&mut browser, &service).await?.ticket;
    let second = cx.sso(&mut browser, &service).await?.ticket;
    let parameters = [("service", service.as_str()), ("ticket", &first)];
    let user = cx
        .validate("serviceValidate", &parameters)
        .await?
        .success()?
        .user;
    let reply = validate(cx, &[("service", &service), ("ticket", &second)]).await?;
    let expected = format!("yes\n{user}\n");
    ensure!(
        reply.body == expected,
        "not {expected:?} but {:?}",
        reply.body
    );
    Ok(())
}

async fn refusal(cx: &Context) -> Result<Reply> {
    let service = cx.service();
    validate(cx, &[("service", &service), ("ticket", UNKNOWN)]).await
}

/// Of the form of a ticket, and nobody's.
const UNKNOWN: &str = "ST-0000000000000000000000000000a";

async fn says_no(cx: &mut Context) -> Outcome {
    let reply = refusal(cx).await?;
    // Old clients read one line, some servers send a second, empty one.
    ensure!(
        reply.body == "no\n" || reply.body == "no\n\n",
        "the answer is {:?}",
        reply.body
    );
    Ok(())
}

async fn says_no_in_plain_text(cx: &mut Context) -> Outcome {
    let reply = refusal(cx).await?;
    ensure!(reply.status == 200, "the status is {}", reply.status);
    let kind = reply.header("content-type");
    ensure!(kind.starts_with("text/plain"), "the media type is {kind:?}");
    Ok(())
}

async fn refuses_proxy_tickets(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    expect(cx, &[("service", &target), ("ticket", &ticket)], false).await
}

async fn renew_fresh(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    expect(cx, &parameters, true).await
}

async fn renew_sso(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.sso_ticket(&service).await?;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("renew", "true"),
    ];
    expect(cx, &parameters, false).await
}

async fn needs_both(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    expect(cx, &[("service", &service)], false).await?;
    expect(cx, &[("service", &service), ("ticket", "")], false).await?;
    expect(cx, &[("ticket", &ticket)], false).await?;
    let ticket = cx.ticket(&service).await?;
    expect(cx, &[("service", ""), ("ticket", &ticket)], false).await?;
    expect(cx, &[], false).await
}

async fn bound_to_service(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut others = vec![cx.options.unregistered.clone(), format!("{service}x")];
    others.extend(cx.options.other_service.clone());
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    for other in others {
        let ticket = cx.sso(&mut browser, &service).await?.ticket;
        expect(cx, &[("service", &other), ("ticket", &ticket)], false).await?;
    }
    Ok(())
}

async fn case_sensitive(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &service).await?;
    let ticket = cx.sso(&mut browser, &service).await?.ticket;
    expect(cx, &[("Service", &service), ("ticket", &ticket)], false).await?;
    let ticket = cx.sso(&mut browser, &service).await?.ticket;
    expect(cx, &[("service", &service), ("TICKET", &ticket)], false).await?;
    let ticket = cx.sso(&mut browser, &service).await?.ticket;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("Renew", "true"),
    ];
    expect(cx, &parameters, true).await
}
