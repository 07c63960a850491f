//! A. /login asks for credentials (1 to 25).

use anyhow::ensure;

use crate::case;
use crate::suite::case::{Case, Outcome};
use crate::suite::context::Context;

pub const CASES: &[Case] = &[case!(
    1,
    Must,
    "CAS 3.0.3 §2",
    "The endpoints of the protocol are there",
    endpoints
)];

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
