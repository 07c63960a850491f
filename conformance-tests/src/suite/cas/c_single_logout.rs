//! C. Single logout (50 to 55): the suite's own services hear of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jiff::{Timestamp, ToSpan as _};
use roxmltree::{Document, Node};

use super::expect;
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::clock;
use crate::suite::context::Context;
use crate::suite::listeners::LogoutPost;

pub const CASES: &[Case] = &[
    case!(
        50,
        "a",
        Must,
        "CAS 3.0.3 §2.3.3",
        "A service hears once of the logout",
        heard_once
    ),
    case!(
        50,
        "b",
        Must,
        "CAS 3.0.3 §2.3.3",
        "Each service of the session hears of its own ticket",
        heard_by_each
    ),
    case!(
        51,
        May,
        "CAS 3.0.3 §2.3.3",
        "A service may hear of a session that nobody used any more",
        heard_of_idleness
    ),
    case!(
        52,
        "a",
        Must,
        "CAS 3.0.3 §2.3.3.1",
        "A service that answers 500 doesn't spoil the logout",
        failing_service
    ),
    case!(
        52,
        "b",
        Must,
        "CAS 3.0.3 §2.3.3.1",
        "A service that hangs doesn't delay the logout",
        hanging_service
    ),
    case!(
        53,
        "a",
        Must,
        "CAS 3.0.3 Appendix C",
        "The document is a SAML 2.0 LogoutRequest of now",
        document
    ),
    case!(
        53,
        "b",
        Must,
        "CAS 3.0.3 Appendix C",
        "The document names the ticket of that service",
        session_index
    ),
    case!(
        53,
        "c",
        Must,
        "CAS 3.0.3 Appendix C",
        "Each document has an ID of its own",
        unique_ids
    ),
    case!(
        53,
        "d",
        DeFacto,
        "De facto: CAS 3.0.3 Appendix C",
        "The document's NameID says something",
        name_id
    ),
    case!(
        54,
        DeFacto,
        "De facto D6: CAS 3.0.3 §2.3.3",
        "The document comes as the form field `logoutRequest`",
        form_field
    ),
    case!(
        55,
        Client,
        "CAS 3.0.3 §2.3.3.2",
        "A service that answers 200 is left alone afterwards",
        left_alone
    ),
];

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// How long a notice may take; servers send from a queue.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a second notice is waited for.
const QUIET: Duration = Duration::from_secs(3);
/// A logout that waits for a service takes at least the service's half minute or a timeout.
const PROMPT: Duration = Duration::from_secs(2);
/// How long after its end a session may be found to have ended: servers look now and then.
const SWEEP: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Enters services in one session, validates each ticket, and logs out. The tickets, in order.
async fn signed_out(cx: &Context, services: &[String]) -> Result<(Vec<String>, Duration)> {
    let mut browser = cx.browser()?;
    let mut tickets = Vec::new();
    for service in services {
        let entered = if tickets.is_empty() {
            cx.sign_in(&mut browser, service).await?
        } else {
            cx.sso(&mut browser, service).await?
        };
        // A service that never saw its ticket through has no session to end.
        cx.p3(service, &entered.ticket).await?.success()?;
        tickets.push(entered.ticket);
    }
    let reply = browser.open(cx.url("logout", &[])?).await?;
    expect::page_with_text(&reply).context("the logout page")?;
    let took = reply.took;
    let after = browser.open(cx.login(&services[0])?).await?;
    expect::form(cx, &after).context("after logout")?;
    Ok((tickets, took))
}

/// The documents that name a ticket, once there is one.
async fn heard(cx: &Context, ticket: &str) -> Result<Vec<LogoutPost>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = naming(cx, ticket)?;
        if !found.is_empty() {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!(
                "no document that names {ticket} within {} s of the logout",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn naming(cx: &Context, ticket: &str) -> Result<Vec<LogoutPost>> {
    let mut all = cx.listener()?.received_logouts();
    all.retain(|post| document_of(post).contains(ticket));
    Ok(all)
}

/// The document, whichever way it came.
fn document_of(post: &LogoutPost) -> String {
    post.field("logoutRequest")
        .unwrap_or_else(|| post.body.clone())
}

/// Signs in to the suite's service and out; the ticket, and the document about it.
async fn one_logout(cx: &Context) -> Result<(String, LogoutPost)> {
    let service = cx.listener()?.service_url();
    let (tickets, _) = signed_out(cx, &[service]).await?;
    let ticket = tickets.into_iter().next().context("no ticket")?;
    let post = heard(cx, &ticket)
        .await?
        .into_iter()
        .next()
        .context("no document")?;
    Ok((ticket, post))
}

async fn heard_once(cx: &mut Context) -> Outcome {
    let (ticket, _) = one_logout(cx).await?;
    tokio::time::sleep(QUIET).await;
    let count = naming(cx, &ticket)?.len();
    ensure!(count == 1, "{count} documents for one ticket");
    Ok(())
}

async fn heard_by_each(cx: &mut Context) -> Outcome {
    let listener = cx.listener()?;
    let services = [listener.service_url(), listener.other_url()];
    let (tickets, _) = signed_out(cx, &services).await?;
    for (service, ticket) in services.iter().zip(&tickets) {
        let path = url::Url::parse(service)?.path().to_owned();
        let posts = heard(cx, ticket).await.with_context(|| service.clone())?;
        let strays = posts.iter().filter(|post| post.path != path).count();
        ensure!(strays == 0, "the ticket of {service} was told elsewhere");
    }
    Ok(())
}

async fn heard_of_idleness(cx: &mut Context) -> Outcome {
    let service = cx.listener()?.service_url();
    let idle = cx.options.idle_timeout.ok_or_else(|| {
        missing("how long an unused session lives isn't known: give --idle-timeout")
    })?;
    let mut browser = cx.browser()?;
    let ticket = cx.sign_in(&mut browser, &service).await?.ticket;
    let used = Instant::now();
    cx.p3(&service, &ticket).await?.success()?;
    let idle = Duration::from_secs(idle);
    tokio::time::sleep(idle).await;
    while used.elapsed() < idle + SWEEP && naming(cx, &ticket)?.is_empty() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let posts = naming(cx, &ticket)?;
    // Only now: to ask is to use the session.
    let after = browser.open(cx.login(&service)?).await?;
    expect::form(cx, &after).context("after the idle time")?;
    let Some(post) = posts.first() else {
        return Err(missing("the session ended, and no service was told"));
    };
    ensure!(
        post.at.saturating_duration_since(used) + QUIET >= idle,
        "told {:.0} s after the sign-in",
        post.at.saturating_duration_since(used).as_secs_f64()
    );
    ensure!(posts.len() == 1, "told {} times", posts.len());
    Ok(())
}

async fn failing_service(cx: &mut Context) -> Outcome {
    let service = cx.listener()?.failing_url();
    let (tickets, _) = signed_out(cx, &[service]).await?;
    heard(cx, &tickets[0]).await.map(drop)
}

async fn hanging_service(cx: &mut Context) -> Outcome {
    let listener = cx.listener()?;
    let services = [listener.service_url(), listener.hanging_url()];
    let (tickets, took) = signed_out(cx, &services).await?;
    ensure!(took < PROMPT, "the logout took {:.1} s", took.as_secs_f64());
    heard(cx, &tickets[0])
        .await
        .context("the service beside the one that hangs")
        .map(drop)
}

fn in_namespace<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Result<Node<'a, 'i>> {
    let found = node
        .children()
        .find(|child| child.has_tag_name((namespace, name)));
    found.with_context(|| format!("no {name} in the document"))
}

fn attribute<'a>(root: Node<'a, '_>, name: &str) -> Result<&'a str> {
    root.attribute(name)
        .with_context(|| format!("the document has no {name}"))
}

async fn document(cx: &mut Context) -> Outcome {
    let (_, post) = one_logout(cx).await?;
    let text = document_of(&post);
    let document = Document::parse(&text).context("the document is no XML")?;
    let root = document.root_element();
    ensure!(
        root.has_tag_name((PROTOCOL, "LogoutRequest")),
        "the root is {:?}",
        root.tag_name()
    );
    ensure!(!attribute(root, "ID")?.is_empty(), "an empty ID");
    let version = attribute(root, "Version")?;
    ensure!(version == "2.0", "the version is {version}");
    let issued: Timestamp = attribute(root, "IssueInstant")?
        .parse()
        .context("IssueInstant")?;
    let now = clock::now();
    let near = now - 5.minutes()..now + 5.minutes();
    ensure!(
        near.contains(&issued),
        "issued at {issued}, and it is {now}"
    );
    in_namespace(root, ASSERTION, "NameID").map(drop)
}

async fn name_id(cx: &mut Context) -> Outcome {
    let (_, post) = one_logout(cx).await?;
    let text = document_of(&post);
    let document = Document::parse(&text).context("the document is no XML")?;
    let name = in_namespace(document.root_element(), ASSERTION, "NameID")?;
    ensure!(
        name.text().is_some_and(|name| !name.trim().is_empty()),
        "an empty NameID"
    );
    Ok(())
}

async fn session_index(cx: &mut Context) -> Outcome {
    let (ticket, post) = one_logout(cx).await?;
    let text = document_of(&post);
    let document = Document::parse(&text).context("the document is no XML")?;
    let index = in_namespace(document.root_element(), PROTOCOL, "SessionIndex")?;
    let index = index.text().unwrap_or_default().trim();
    ensure!(
        index == ticket,
        "the SessionIndex is {index}, the ticket was {ticket}"
    );
    Ok(())
}

async fn unique_ids(cx: &mut Context) -> Outcome {
    let (_, first) = one_logout(cx).await?;
    let (_, second) = one_logout(cx).await?;
    let (first, second) = (id_of(&first)?, id_of(&second)?);
    ensure!(first != second, "two documents with the ID {first}");
    Ok(())
}

fn id_of(post: &LogoutPost) -> Result<String> {
    let text = document_of(post);
    let document = Document::parse(&text).context("the document is no XML")?;
    Ok(attribute(document.root_element(), "ID")?.to_owned())
}

async fn form_field(cx: &mut Context) -> Outcome {
    let (_, post) = one_logout(cx).await?;
    let kind = post
        .content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    ensure!(
        kind == "application/x-www-form-urlencoded",
        "the content type is «{kind}»"
    );
    ensure!(
        post.field("logoutRequest").is_some(),
        "no field logoutRequest"
    );
    Ok(())
}

async fn left_alone(cx: &mut Context) -> Outcome {
    let (ticket, post) = one_logout(cx).await?;
    ensure!(!post.body.is_empty(), "an empty document");
    tokio::time::sleep(QUIET).await;
    let posts = naming(cx, &ticket)?;
    ensure!(
        posts.len() == 1,
        "told {} times though it answered 200",
        posts.len()
    );
    Ok(())
}
