//! A. What the parameter `service` has to survive (6, 21).

use anyhow::{Result, ensure};

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::parameter;
use crate::suite::context::Context;

pub const CASES: &[Case] = &[
    case!(
        6,
        "a",
        Must,
        "CAS 3.0.3 §2.1.1",
        "A service's own query with `&` and `=` comes back byte for byte",
        plain
    ),
    case!(
        6,
        "b",
        Must,
        "CAS 3.0.3 §2.1.1",
        "An encoded `&` in a service's query stays encoded",
        ampersand
    ),
    case!(
        6,
        "c",
        Must,
        "CAS 3.0.3 §2.1.1",
        "`+` and `%20` in a service's query stay what they are",
        spaces
    ),
    case!(
        6,
        "d",
        Must,
        "CAS 3.0.3 §2.1.1",
        "An encoded `#` in a service's query stays encoded",
        hash
    ),
    case!(
        6,
        "e",
        Must,
        "CAS 3.0.3 §2.1.1",
        "Encoded Chinese in a service's query comes back byte for byte",
        chinese
    ),
    case!(
        6,
        "f",
        Must,
        "CAS 3.0.3 §2.1.1",
        "A service is decoded once, not twice",
        nested
    ),
    case!(
        21,
        Must,
        "CAS 3.0.3 §2.1.3",
        "The form carries the service unchanged",
        carried
    ),
];

async fn plain(cx: &mut Context) -> Outcome {
    comes_back(cx, "b=2&a=1&a=3&flag").await
}

async fn ampersand(cx: &mut Context) -> Outcome {
    comes_back(cx, "a=x%26b%3Dy").await
}

async fn spaces(cx: &mut Context) -> Outcome {
    comes_back(cx, "a=x+y%20z").await
}

async fn hash(cx: &mut Context) -> Outcome {
    comes_back(cx, "a=%23top").await
}

async fn chinese(cx: &mut Context) -> Outcome {
    comes_back(cx, "a=%E5%9B%BE%e4%b9%a6").await
}

async fn nested(cx: &mut Context) -> Outcome {
    comes_back(cx, "next=http%253A%252F%252Fx%252F%253Fa%253Db").await
}

/// The service with a query; a server that takes the service but none with a query can't show
/// anything here.
async fn with_query(cx: &Context, query: &str) -> Result<String> {
    let service = cx.service();
    let joint = if service.contains('?') { '&' } else { '?' };
    let plain = cx
        .browser()?
        .open(cx.login(&format!("{service}{joint}a=1"))?)
        .await?;
    if cx.login_form(&plain).is_none() {
        return Err(missing("the server takes no query after --service"));
    }
    Ok(format!("{service}{joint}{query}"))
}

async fn comes_back(cx: &mut Context, query: &str) -> Outcome {
    let service = with_query(cx, query).await?;
    let mut browser = cx.browser()?;
    let reply = cx
        .pass_login(&mut browser, cx.login(&service)?, &[])
        .await?;
    let location = expect::redirect(&reply)?;
    let expected = format!("{service}&ticket=");
    ensure!(
        location.starts_with(&expected),
        "expected {expected}…, got {location}"
    );
    Ok(())
}

async fn carried(cx: &mut Context) -> Outcome {
    let service = with_query(cx, "a=%3Cb%3E&c=%22d%22").await?;
    let (_, login) = cx
        .open_form(&mut cx.browser()?, cx.login(&service)?)
        .await?;
    let field = login.form.field("service").map(str::to_owned);
    let carried = field.or_else(|| parameter(&login.form.action, "service"));
    let Some(carried) = carried else {
        anyhow::bail!("the form has no `service`");
    };
    ensure!(
        carried == service,
        "the form's service is {carried}, not {service}"
    );
    Ok(())
}
