//! A. /login asks for credentials (1 to 25). What `service` has to survive is in `a_service`, the
//! parameter `method` in `a_method`.

use anyhow::ensure;

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;
use crate::suite::html;

pub const CASES: &[Case] = &[
    case!(
        1,
        Must,
        "CAS 3.0.3 §2",
        "The endpoints of the protocol are there",
        endpoints
    ),
    case!(
        2,
        "a",
        Must,
        "CAS 3.0.3 §2.1.1",
        "A parameter `Service` is not `service`",
        service_in_capitals
    ),
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
        3,
        Must,
        "CAS 3.0.3 §2.1.1",
        "None of the four parameters is an error by being there",
        parameters
    ),
    case!(
        4,
        Should,
        "CAS 3.0.3 §2.1.1",
        "Without service and session the form is shown",
        form_alone
    ),
    case!(
        5,
        Should,
        "CAS 3.0.3 §2.1.1",
        "Without service, with a session, a page says so",
        already_in
    ),
    case!(
        7,
        Should,
        "CAS 3.0.3 §2.1.1",
        "A service nobody registered is refused before a password is asked",
        unregistered
    ),
    case!(
        8,
        Should,
        "CAS 3.0.3 §2.1.1",
        "The http twin of an https service gets no ticket",
        plain_http
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
        19,
        "a",
        Must,
        "CAS 3.0.3 §2.1.3",
        "The form has fields `username` and `password`",
        field_names
    ),
    case!(
        19,
        "b",
        Must,
        "CAS 3.0.3 §2.1.3",
        "A login ticket in the form has a value",
        login_ticket
    ),
    case!(
        20,
        Must,
        "CAS 3.0.3 §2.1.3",
        "The form is posted to /login",
        form_target
    ),
    case!(
        22,
        May,
        "CAS 3.0.3 §2.1.3",
        "A form that offers `warn` takes it",
        warn_offered
    ),
    case!(
        24,
        Must,
        "CAS 3.0.3 §2.1.5",
        "With a session a service is entered without a form",
        single_sign_on
    ),
    case!(
        25,
        Must,
        "CAS 3.0.3 §2.1.5",
        "With a session and `renew` the credentials count anew",
        renewed
    ),
];

async fn endpoints(cx: &mut Context) -> Outcome {
    const PATHS: [&str; 8] = [
        "login",
        "validate",
        "serviceValidate",
        "proxyValidate",
        "proxy",
        "p3/serviceValidate",
        "p3/proxyValidate",
        "logout",
    ];
    let mut browser = cx.browser()?;
    let mut absent = Vec::new();
    for path in PATHS {
        let reply = browser.get(cx.url(path, &[])?).await?;
        if reply.status == 404 || reply.status == 405 || reply.status >= 500 {
            absent.push(format!("/{path}: {}", reply.status));
        }
    }
    ensure!(absent.is_empty(), "not there: {}", absent.join(", "));
    Ok(())
}

async fn service_in_capitals(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let url = cx.url("login", &[("Service", &cx.service())])?;
    let reply = cx.pass_login(&mut browser, url, &[]).await?;
    ensure!(
        reply.ticket().is_none(),
        "`Service` was taken for `service`: {}",
        reply.summary()
    );
    expect::no_form(cx, &reply)
}

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

async fn parameters(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let each = [("renew", "true"), ("gateway", "true"), ("method", "GET")];
    for parameter in each {
        for parameters in [
            vec![parameter],
            vec![("service", service.as_str()), parameter],
        ] {
            let reply = cx.browser()?.open(cx.url("login", &parameters)?).await?;
            ensure!(
                reply.status < 400,
                "`{}` is an error: {}",
                parameter.0,
                reply.summary()
            );
        }
    }
    Ok(())
}

async fn form_alone(cx: &mut Context) -> Outcome {
    let reply = cx.browser()?.open(cx.url("login", &[])?).await?;
    expect::form(cx, &reply).map(drop)
}

async fn already_in(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &cx.service()).await?;
    let reply = browser.open(cx.url("login", &[])?).await?;
    expect::no_form(cx, &reply)?;
    expect::page_with_text(&reply)
}

async fn unregistered(cx: &mut Context) -> Outcome {
    let reply = cx
        .browser()?
        .open(cx.login(&cx.options.unregistered)?)
        .await?;
    expect::no_form(cx, &reply)
}

async fn plain_http(cx: &mut Context) -> Outcome {
    let https = cx.https_service()?;
    let Some(rest) = https.strip_prefix("https://") else {
        return Err(missing("--https-service is no https address"));
    };
    let http = format!("http://{rest}");
    let mut browser = cx.browser()?;
    let mut reply = browser.open(cx.login(&http)?).await?;
    // Whether the form may be shown is another case.
    if cx.login_form(&reply).is_some() {
        reply = cx.pass_login(&mut browser, cx.login(&http)?, &[]).await?;
    }
    expect::not_sent_to(&reply, &http)
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

async fn field_names(cx: &mut Context) -> Outcome {
    let url = cx.login(&cx.service())?;
    let (_, form) = cx.open_form(&mut cx.browser()?, url).await?;
    ensure!(
        form.username_field == "username",
        "the user's field is `{}`",
        form.username_field
    );
    ensure!(
        form.password_field == "password",
        "the password's field is `{}`",
        form.password_field
    );
    Ok(())
}

async fn login_ticket(cx: &mut Context) -> Outcome {
    let url = cx.login(&cx.service())?;
    let (_, form) = cx.open_form(&mut cx.browser()?, url).await?;
    let ticket = form
        .form
        .field("lt")
        .ok_or_else(|| missing("the form has no login ticket"))?;
    ensure!(!ticket.is_empty(), "the field `lt` is empty");
    Ok(())
}

async fn form_target(cx: &mut Context) -> Outcome {
    let url = cx.login(&cx.service())?;
    let (_, form) = cx.open_form(&mut cx.browser()?, url).await?;
    let (form, login) = (form.form, cx.url("login", &[])?);
    ensure!(
        form.method == reqwest::Method::POST,
        "the form's method is {}",
        form.method
    );
    ensure!(
        form.action.origin() == login.origin() && form.action.path() == login.path(),
        "the form goes to {}, not to {login}",
        form.action
    );
    Ok(())
}

async fn warn_offered(cx: &mut Context) -> Outcome {
    let url = cx.login(&cx.service())?;
    let reply = cx.pass_login(&mut cx.browser()?, url, &["warn"]).await?;
    expect::no_form(cx, &reply)?;
    ensure!(
        reply.status < 400,
        "`warn` is an error: {}",
        reply.summary()
    );
    ensure!(
        reply.redirect().is_some() || !html::visible_text(&reply).is_empty(),
        "an empty page: {}",
        reply.summary()
    );
    Ok(())
}

async fn single_sign_on(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let first = cx.service();
    cx.sign_in(&mut browser, &first).await?;
    let service = cx.other_service().unwrap_or(first);
    let entered = cx.sso(&mut browser, &service).await?;
    cx.p3(&service, &entered.ticket).await?.success().map(drop)
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
