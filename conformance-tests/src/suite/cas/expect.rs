//! Expectations that many cases share.

use anyhow::{Context as _, Result, ensure};
use url::Url;

use crate::suite::case::Outcome;
use crate::suite::client::Reply;
use crate::suite::context::Context;
use crate::suite::html;
use crate::suite::login_form::LoginForm;

/// The page asks for credentials.
pub fn form(cx: &Context, reply: &Reply) -> Result<LoginForm> {
    let form = cx.login_form(reply);
    form.with_context(|| format!("expected the login form: {}", reply.summary()))
}

/// Nobody is asked for credentials.
pub fn no_form(cx: &Context, reply: &Reply) -> Outcome {
    ensure!(
        cx.login_form(reply).is_none(),
        "the login form is shown: {}",
        reply.summary()
    );
    Ok(())
}

/// A redirect; its `Location` as it was sent.
pub fn redirect(reply: &Reply) -> Result<String> {
    let location = reply.redirect().and_then(|_| reply.location());
    location.with_context(|| format!("expected a redirect: {}", reply.summary()))
}

/// A page that says something, and no error.
pub fn page_with_text(reply: &Reply) -> Outcome {
    ensure!(reply.status == 200, "expected a page: {}", reply.summary());
    ensure!(
        !html::visible_text(reply).is_empty(),
        "the page says nothing: {}",
        reply.summary()
    );
    Ok(())
}

/// Neither a redirect nor a page that goes on by itself leads to an address's host, and no ticket
/// goes anywhere.
pub fn not_sent_to(reply: &Reply, address: &str) -> Outcome {
    let target = Url::parse(address)?;
    let ways = reply.redirect().into_iter().chain(html::refresh(reply));
    for way in ways {
        ensure!(way.origin() != target.origin(), "sent to {way}");
    }
    ensure!(
        reply.ticket().is_none(),
        "a ticket was given: {}",
        reply.summary()
    );
    Ok(())
}

/// `/login` with the service and further parameters.
pub fn login_with(cx: &Context, service: &str, more: &[(&str, &str)]) -> Result<Url> {
    let mut parameters = vec![("service", service)];
    parameters.extend_from_slice(more);
    cx.url("login", &parameters)
}
