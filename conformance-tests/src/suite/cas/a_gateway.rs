//! A. `renew` and `gateway` at /login (2, 9 to 15, 25).

use anyhow::ensure;

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome};
use crate::suite::context::Context;

pub const CASES: &[Case] = &[
    case!(
        2,
        "b",
        Must,
        "CAS 3.0.3 §2.1.1",
        "A parameter `RENEW` is not `renew`",
        renew_in_capitals
    ),
    case!(
        2,
        "c",
        Must,
        "CAS 3.0.3 §2.1.1",
        "A parameter `Gateway` is not `gateway`",
        gateway_in_capitals
    ),
    case!(
        9,
        Must,
        "CAS 3.0.3 §2.1.1",
        "With a session and `renew=true` the form is shown",
        renew
    ),
    case!(
        10,
        "a",
        Should,
        "CAS 3.0.3 §2.1.1",
        "`renew` beats `gateway`: the form without a session",
        renew_and_gateway
    ),
    case!(
        10,
        "b",
        Should,
        "CAS 3.0.3 §2.1.1",
        "`renew` beats `gateway`: the form with a session",
        renew_and_gateway_session
    ),
    case!(
        11,
        "a",
        DeFacto,
        "De facto D3: CAS 3.0.3 §2.1.1",
        "`renew=false` leaves a session in use",
        renew_false
    ),
    case!(
        11,
        "b",
        May,
        "CAS 3.0.3 §2.1.1",
        "An empty `renew` is no error",
        renew_empty
    ),
    case!(
        12,
        Must,
        "CAS 3.0.3 §2.1.1",
        "`gateway` without a session leads back without a ticket",
        gateway
    ),
    case!(
        13,
        May,
        "CAS 3.0.3 §2.1.1",
        "`gateway` with a session leads back with a good ticket",
        gateway_session
    ),
    case!(
        14,
        Should,
        "CAS 3.0.3 §2.1.1",
        "`gateway` without a service shows the form",
        gateway_alone
    ),
    case!(
        15,
        Must,
        "CAS 3.0.3 §2.1.1, §2.2.1",
        "`gateway` leads to no service that nobody registered",
        gateway_unregistered
    ),
    case!(
        25,
        Must,
        "CAS 3.0.3 §2.1.5",
        "With a session and `renew` the credentials count anew",
        renewed
    ),
];

async fn renew_in_capitals(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let url = cx.url("login", &[("service", &service), ("RENEW", "true")])?;
    let reply = browser.open(url).await?;
    cx.entered(reply, &service).map(drop)
}

async fn gateway_in_capitals(cx: &mut Context) -> Outcome {
    let url = cx.url("login", &[("service", &cx.service()), ("Gateway", "true")])?;
    let reply = cx.browser()?.open(url).await?;
    expect::form(cx, &reply).map(drop)
}

async fn renew(cx: &mut Context) -> Outcome {
    asked_in_session(cx, &[("renew", "true")]).await
}

async fn renew_and_gateway_session(cx: &mut Context) -> Outcome {
    asked_in_session(cx, &[("renew", "true"), ("gateway", "true")]).await
}

/// With a session, these parameters bring the form.
async fn asked_in_session(cx: &mut Context, more: &[(&str, &str)]) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let reply = browser
        .open(expect::login_with(cx, &service, more)?)
        .await?;
    expect::form(cx, &reply).map(drop)
}

async fn renew_and_gateway(cx: &mut Context) -> Outcome {
    let more = [("renew", "true"), ("gateway", "true")];
    let reply = cx
        .browser()?
        .open(expect::login_with(cx, &cx.service(), &more)?)
        .await?;
    expect::form(cx, &reply).map(drop)
}

async fn renew_false(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let url = expect::login_with(cx, &service, &[("renew", "false")])?;
    let reply = browser.open(url).await?;
    cx.entered(reply, &service).map(drop)
}

async fn renew_empty(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let reply = browser
        .open(expect::login_with(cx, &service, &[("renew", "")])?)
        .await?;
    if cx.login_form(&reply).is_none() {
        cx.entered(reply, &service)?;
    }
    Ok(())
}

async fn gateway(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let url = expect::login_with(cx, &service, &[("gateway", "true")])?;
    let reply = cx.browser()?.open(url).await?;
    let location = expect::redirect(&reply)?;
    ensure!(
        location == service,
        "expected a redirect to {service}: {}",
        reply.summary()
    );
    Ok(())
}

async fn gateway_session(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let url = expect::login_with(cx, &service, &[("gateway", "true")])?;
    let reply = browser.open(url).await?;
    // A page in between that says who enters what is allowed.
    if reply.redirect().is_none() {
        expect::no_form(cx, &reply)?;
        return expect::page_with_text(&reply);
    }
    let ticket = cx.entered(reply, &service)?.ticket;
    cx.p3(&service, &ticket).await?.success().map(drop)
}

async fn gateway_alone(cx: &mut Context) -> Outcome {
    let reply = cx
        .browser()?
        .open(cx.url("login", &[("gateway", "true")])?)
        .await?;
    expect::form(cx, &reply).map(drop)
}

async fn gateway_unregistered(cx: &mut Context) -> Outcome {
    let foreign = cx.options.unregistered.clone();
    let url = expect::login_with(cx, &foreign, &[("gateway", "true")])?;
    let reply = cx.browser()?.open(url).await?;
    expect::not_sent_to(&reply, &foreign)
}

async fn renewed(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let service = cx.service();
    cx.sign_in(&mut browser, &service).await?;
    let url = expect::login_with(cx, &service, &[("renew", "true")])?;
    let reply = cx.pass_login(&mut browser, url, &[]).await?;
    let ticket = cx.entered(reply, &service)?.ticket;
    cx.p3(&service, &ticket).await?.success().map(drop)
}
