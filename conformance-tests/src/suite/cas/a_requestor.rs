//! A. /login asks for credentials (1 to 25). What `service` has to survive is in `a_service`,
//! `renew` and `gateway` in `a_gateway`, the parameter `method` in `a_method`.

use anyhow::ensure;

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Request;
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
        23,
        Should,
        "CAS 3.0.3 §2.1.4",
        "A browser that can't sign in by itself gets the form or a reason",
        trust_fails
    ),
    case!(
        24,
        Must,
        "CAS 3.0.3 §2.1.5",
        "With a session a service is entered without a form",
        single_sign_on
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

async fn parameters(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let each = [("renew", "true"), ("gateway", "true"), ("method", "GET")];
    for parameter in each {
        for parameters in [
            vec![parameter],
            vec![("service", service.as_str()), parameter],
        ] {
            let reply = cx.browser()?.open(cx.url("login", &parameters)?).await?;
            // A server that would rather have the browser sign in by itself asks so with a 401.
            ensure!(
                reply.status < 400 || reply.status == 401 && cx.login_form(&reply).is_some(),
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

/// Only SPNEGO (RFC 4559) can be seen to be asked for: a client certificate would have to be
/// presented before anything is said.
async fn trust_fails(cx: &mut Context) -> Outcome {
    let mut browser = cx.browser()?;
    let url = cx.login(&cx.service())?;
    let asked = browser.get(url.clone()).await?;
    let challenge = asked.header("www-authenticate").to_ascii_lowercase();
    if !challenge.starts_with("negotiate") {
        return Err(missing(
            "the server doesn't ask browsers to sign in by themselves (WWW-Authenticate: Negotiate)",
        ));
    }
    // A browser without a Kerberos ticket shows the first answer, one with a bad one the second.
    let bad = Request::get(url).with_header("authorization", "Negotiate bm8gdGlja2V0");
    let refused = browser.send(bad).await?;
    for reply in [asked, refused] {
        ensure!(
            reply.ticket().is_none() && reply.status < 500,
            "expected the form or a reason: {}",
            reply.summary()
        );
        ensure!(
            cx.login_form(&reply).is_some() || !html::visible_text(&reply).is_empty(),
            "an empty page: {}",
            reply.summary()
        );
    }
    Ok(())
}
