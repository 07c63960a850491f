//! L. /samlValidate (124 to 128).

use anyhow::{Context as _, Result, bail, ensure};

use super::saml::{Query, SamlAnswer, post, read, validate};
use crate::case;
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::client::Reply;
use crate::suite::context::Context;

const PARAMETERS: &str = "CAS 3.0.3 §4.2.1";
const REQUEST: &str = "CAS 3.0.3 §4.2.2";
const VALUES: &str = "CAS 3.0.3 §4.2.3";
const RESPONSE: &str = "CAS 3.0.3 §4.2.5";

pub const CASES: &[Case] = &[
    case!(
        124,
        "a",
        Must,
        REQUEST,
        "A request with the ticket is answered with the user",
        takes_a_request
    ),
    case!(
        124,
        "b",
        Must,
        REQUEST,
        "A GET validates nothing",
        get_validates_nothing
    ),
    case!(
        124,
        "c",
        Must,
        PARAMETERS,
        "TARGET is needed, and its name counts with its case",
        needs_target
    ),
    case!(
        124,
        "d",
        Must,
        PARAMETERS,
        "TARGET must be the service of the ticket",
        target_is_the_service
    ),
    case!(
        125,
        "a",
        Must,
        VALUES,
        "A request without RequestID is refused",
        needs_request_id
    ),
    case!(
        125,
        "b",
        Must,
        VALUES,
        "A request without IssueInstant is refused",
        needs_issue_instant
    ),
    case!(
        125,
        "c",
        Must,
        VALUES,
        "A request without AssertionArtifact is refused",
        needs_artifact
    ),
    case!(
        126,
        "a",
        Must,
        RESPONSE,
        "The answer to an unknown ticket is a SAML 1.1 response",
        failure_is_saml
    ),
    case!(
        126,
        "b",
        Must,
        "CAS 3.0.3 §3.1.1",
        "A ticket passes once",
        once
    ),
    case!(
        126,
        "c",
        Must,
        "CAS 3.0.3 §3.1.1",
        "A failed validation uses the ticket up",
        failure_consumes
    ),
    case!(
        127,
        Must,
        PARAMETERS,
        "A service over plain http is told no attributes",
        no_attributes_in_clear
    ),
    case!(
        128,
        Must,
        "CAS 3.0.3 §4.1.3",
        "A remembered login is told as such",
        remembered
    ),
];

const UNKNOWN: &str = "ST-0000000000000000000000000000a";

/// A service over https, as `TARGET` has to be, with a fresh ticket.
async fn fresh(cx: &Context) -> Result<(String, String)> {
    let service = secure_service(cx)?;
    let ticket = cx.ticket(&service).await?;
    Ok((service, ticket))
}

fn secure_service(cx: &Context) -> Result<String> {
    let service = cx.service();
    if service.starts_with("https:") {
        Ok(service)
    } else {
        cx.https_service()
    }
}

/// Expects a refusal: a response that says so, or no answer of success at all.
fn refused(reply: &Reply) -> Outcome {
    let accepted = read(reply).is_ok_and(|answer| answer.is_success);
    ensure!(!accepted, "the ticket was accepted");
    // Even where the answer can't be read it may name nobody.
    ensure!(
        !reply.body.contains("NameIdentifier>"),
        "a subject is named"
    );
    ensure!(
        reply.status < 500 || reply.body.contains("Fault"),
        "the server broke: {}",
        reply.status
    );
    Ok(())
}

/// Expects success.
fn accepted(reply: &Reply) -> Result<SamlAnswer> {
    let answer = read(reply)?;
    ensure!(answer.is_success, "the ticket was refused");
    Ok(answer)
}

async fn takes_a_request(cx: &mut Context) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    let reply = validate(cx, &service, &ticket).await?;
    let answer = accepted(&reply)?;
    ensure!(
        answer.user.is_some_and(|user| !user.is_empty()),
        "NameIdentifier is empty"
    );
    let kind = reply.header("content-type");
    ensure!(kind.starts_with("text/xml"), "the media type is {kind:?}");
    Ok(())
}

async fn get_validates_nothing(cx: &mut Context) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    // Says whether there is an endpoint at all.
    validate(cx, &service, UNKNOWN).await?;
    let parameters = [
        ("TARGET", service.as_str()),
        ("ticket", &ticket),
        ("SAMLart", &ticket),
    ];
    refused(&cx.validate("samlValidate", &parameters).await?.reply)
}

async fn needs_target(cx: &mut Context) -> Outcome {
    for name in ["", "target", "Target", "service"] {
        let (service, ticket) = fresh(cx).await?;
        let with = [(name, service.as_str())];
        let parameters = if name.is_empty() { &[][..] } else { &with[..] };
        let reply = post(cx, parameters, &Query::new(&ticket)).await?;
        refused(&reply).with_context(|| format!("with the parameter {name:?}"))?;
    }
    Ok(())
}

async fn target_is_the_service(cx: &mut Context) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    refused(&validate(cx, &format!("{service}x"), &ticket).await?)
}

/// Posts a request that lacks something.
async fn lacking(cx: &Context, cut: fn(&mut Query)) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    let mut query = Query::new(&ticket);
    cut(&mut query);
    refused(&post(cx, &[("TARGET", &service)], &query).await?)
}

async fn needs_request_id(cx: &mut Context) -> Outcome {
    lacking(cx, |query| query.request_id = None).await
}

async fn needs_issue_instant(cx: &mut Context) -> Outcome {
    lacking(cx, |query| query.issue_instant = None).await
}

async fn needs_artifact(cx: &mut Context) -> Outcome {
    lacking(cx, |query| query.artifact = None).await
}

async fn failure_is_saml(cx: &mut Context) -> Outcome {
    let service = secure_service(cx)?;
    for ticket in [UNKNOWN, "x", "ST-&lt;script&gt;"] {
        let reply = validate(cx, &service, ticket).await?;
        let answer = read(&reply)?;
        ensure!(!answer.is_success, "{ticket} was accepted");
    }
    Ok(())
}

async fn once(cx: &mut Context) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    accepted(&validate(cx, &service, &ticket).await?)?;
    refused(&validate(cx, &service, &ticket).await?)?;
    let again = cx.p3(&service, &ticket).await?;
    ensure!(
        !again.is_success(),
        "/p3/serviceValidate takes it afterwards"
    );
    Ok(())
}

async fn failure_consumes(cx: &mut Context) -> Outcome {
    let (service, ticket) = fresh(cx).await?;
    refused(&validate(cx, &format!("{service}x"), &ticket).await?)?;
    refused(&validate(cx, &service, &ticket).await?)
}

async fn no_attributes_in_clear(cx: &mut Context) -> Outcome {
    let service = cx.service();
    if !service.starts_with("http:") {
        return Err(missing(
            "no registered service over plain http: give one as --service",
        ));
    }
    let ticket = cx.ticket(&service).await?;
    let reply = validate(cx, &service, &ticket).await?;
    match read(&reply) {
        Ok(answer) if answer.is_success => {
            let told = answer.attributes.len();
            ensure!(
                told == 0,
                "{told} attributes are told to a service over http"
            );
            bail!("the ticket of a service over http is accepted");
        }
        _ => refused(&reply),
    }
}

async fn remembered(cx: &mut Context) -> Outcome {
    let service = secure_service(cx)?;
    let mut browser = cx.browser()?;
    let login = cx.login(&service)?;
    let reply = cx.pass_login(&mut browser, login, &["rememberMe"]).await?;
    let ticket = cx.entered(reply, &service)?.ticket;
    let answer = accepted(&validate(cx, &service, &ticket).await?)?;
    let name = "longTermAuthenticationRequestTokenUsed";
    let told = answer.attributes.iter().find(|(known, _)| known == name);
    let value = told.map(|(_, value)| value.as_str());
    ensure!(matches!(value, Some("true" | "1")), "{name} is {value:?}");
    Ok(())
}
