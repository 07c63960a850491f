//! What the cases of proxying share: getting a proxy-granting ticket, spending it, reading `/proxy`.

use anyhow::{Context as _, Result, bail, ensure};
use url::Url;

use crate::suite::answer::{Answer, Validation, find, is, text};
use crate::suite::case::missing;
use crate::suite::client::Browser;
use crate::suite::context::Context;
use crate::suite::listeners::callback::Granted;

/// What `/proxy` answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyAnswer {
    Ticket(String),
    Failure { code: String, text: String },
}

/// The callback that the server is set up for, as it was given.
pub fn callback_url(cx: &Context) -> Result<String> {
    // Without a listener nobody would hear of the ticket.
    cx.callback()?;
    let url = cx.options.callback.as_ref();
    url.map(Url::to_string)
        .ok_or_else(|| missing("no proxy callback: give --callback"))
}

/// The service that the first one may get proxy tickets for.
pub fn target(cx: &Context) -> Result<String> {
    let target = cx.options.proxy_target.clone();
    target.ok_or_else(|| missing("no service to proxy to: give --proxy-target"))
}

/// Signs in with the service and validates with a callback.
pub async fn proxy(cx: &Context, browser: &mut Browser) -> Result<Granted> {
    let callback = callback_url(cx)?;
    let service = cx.service();
    let ticket = cx.sign_in(browser, &service).await?.ticket;
    grant(cx, "serviceValidate", &service, &ticket, &callback).await
}

/// Validates a ticket with a callback and finds what the callback brought.
pub async fn grant(
    cx: &Context,
    endpoint: &str,
    service: &str,
    ticket: &str,
    callback: &str,
) -> Result<Granted> {
    let mark = cx.callback()?.mark();
    let parameters = [
        ("service", service),
        ("ticket", ticket),
        ("pgtUrl", callback),
    ];
    let answer = cx.validate(endpoint, &parameters).await?;
    let success = answer.success().with_context(|| heard(cx, mark))?;
    let iou = success.pgt_iou;
    let iou = iou.with_context(|| format!("no proxyGrantingTicket; {}", heard(cx, mark)))?;
    let granted = cx.callback()?.granted(mark, &iou);
    granted.with_context(|| format!("no callback brought {iou}; {}", heard(cx, mark)))
}

/// What the callback listener heard since a mark, for the message of a failed case.
fn heard(cx: &Context, mark: usize) -> String {
    let Ok(callback) = cx.callback() else {
        return String::new();
    };
    let requests = callback.since(mark).len();
    let broken = callback.take_broken().join("; ");
    match (requests, broken.as_str()) {
        (0, "") => "the callback was not asked".to_owned(),
        (0, broken) => format!("the callback was not asked: {broken}"),
        (count, _) => format!("the callback was asked {count} times"),
    }
}

/// Asks `/proxy`.
pub async fn ask(cx: &Context, parameters: &[(&str, &str)]) -> Result<ProxyAnswer> {
    read(&cx.validate("proxy", parameters).await?)
}

/// A proxy ticket for a service.
pub async fn proxy_ticket(cx: &Context, pgt: &str, target: &str) -> Result<String> {
    match ask(cx, &[("pgt", pgt), ("targetService", target)]).await? {
        ProxyAnswer::Ticket(ticket) => Ok(ticket),
        ProxyAnswer::Failure { code, text } => bail!("/proxy refused {target}: {code} {text}"),
    }
}

/// A proxy ticket of a fresh sign-in, for the target.
pub async fn fresh_proxy_ticket(cx: &Context) -> Result<String> {
    let target = target(cx)?;
    let mut browser = cx.browser()?;
    let proxy = proxy(cx, &mut browser).await?;
    proxy_ticket(cx, &proxy.pgt_id, &target).await
}

/// Reads an answer of `/proxy`: `proxySuccess` or `proxyFailure`, and nothing else.
pub fn read(answer: &Answer) -> Result<ProxyAnswer> {
    let document = answer.xml()?;
    let root = document.root_element();
    ensure!(
        is(root, "serviceResponse"),
        "the root is no cas:serviceResponse: {}",
        answer.shown()
    );
    if let Some(success) = find(root, "proxySuccess") {
        let ticket = find(success, "proxyTicket").context("a proxySuccess without proxyTicket")?;
        return Ok(ProxyAnswer::Ticket(text(ticket)));
    }
    let failure = find(root, "proxyFailure");
    let failure =
        failure.with_context(|| format!("no proxySuccess, no proxyFailure: {}", answer.shown()))?;
    let code = failure
        .attribute("code")
        .context("a proxyFailure without a code")?;
    Ok(ProxyAnswer::Failure {
        code: code.to_owned(),
        text: text(failure),
    })
}

/// The code of a refusal by `/proxy`, in whichever element it stands.
pub fn refused(answer: &Answer) -> Result<String> {
    if let Ok(Validation::Failure { code, .. }) = answer.read() {
        return Ok(code);
    }
    match read(answer)? {
        ProxyAnswer::Failure { code, .. } => Ok(code),
        ProxyAnswer::Ticket(ticket) => bail!("a proxy ticket was given: {ticket}"),
    }
}

/// A browser with a live session, which tickets come from without a form.
pub async fn signed_in(cx: &Context) -> Result<Browser> {
    let mut browser = cx.browser()?;
    cx.sign_in(&mut browser, &cx.service()).await?;
    Ok(browser)
}

/// Validates a ticket of the session with a `pgtUrl`.
pub async fn validated(cx: &Context, browser: &mut Browser, pgt_url: &str) -> Result<Answer> {
    let service = cx.service();
    let ticket = cx.sso(browser, &service).await?.ticket;
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &ticket),
        ("pgtUrl", pgt_url),
    ];
    cx.validate("serviceValidate", &parameters).await
}

/// The path that the callback is staged by.
pub fn callback_path(cx: &Context) -> Result<String> {
    Ok(Url::parse(&callback_url(cx)?)?.path().to_owned())
}

/// Expects no ticket in the answer: a failure with one of these codes, or a success without
/// `proxyGrantingTicket`. True for the failure.
pub fn no_ticket(answer: &Answer) -> Result<bool> {
    match answer.read()? {
        Validation::Success(success) => {
            ensure!(
                success.pgt_iou.is_none(),
                "there is a proxyGrantingTicket: {}",
                answer.shown()
            );
            Ok(false)
        }
        Validation::Failure { code, .. } => {
            ensure!(
                code == "INVALID_PROXY_CALLBACK",
                "not INVALID_PROXY_CALLBACK but {code}"
            );
            Ok(true)
        }
    }
}

/// A refusal proves something only where the same callback is accepted otherwise.
pub async fn works_otherwise(cx: &Context, browser: &mut Browser) -> Result<()> {
    let answer = validated(cx, browser, &callback_url(cx)?).await?;
    let works = answer
        .success()
        .is_ok_and(|success| success.pgt_iou.is_some());
    let why = "the callback isn't accepted with a good certificate either: see 81";
    if works { Ok(()) } else { Err(missing(why)) }
}
