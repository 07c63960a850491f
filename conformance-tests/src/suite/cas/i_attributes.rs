//! I. /p3 and attributes (99 to 104).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use roxmltree::Node;
use serde_json::Value;

use super::appendix;
use super::proxying::{fresh_proxy_ticket, target};
use crate::case;
use crate::suite::answer::{Answer, NAMESPACE, Success, find};
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;

const APPENDIX: &str = "CAS 3.0.3 Appendix A";

pub const CASES: &[Case] = &[
    case!(
        99,
        "a",
        Must,
        "CAS 3.0.3 §2.8",
        "/p3/serviceValidate tells attributes",
        p3_tells_attributes
    ),
    case!(
        99,
        "b",
        Must,
        "CAS 3.0.3 §2.8",
        "/p3/serviceValidate refuses a proxy ticket",
        p3_refuses_proxy_tickets
    ),
    case!(
        99,
        "c",
        Must,
        "CAS 3.0.3 §2.8",
        "/p3/serviceValidate refuses what /serviceValidate does",
        p3_refuses
    ),
    case!(
        100,
        "a",
        Must,
        "CAS 3.0.3 §2.9",
        "/p3/proxyValidate tells attributes for a service ticket",
        proxy_p3_service_ticket
    ),
    case!(
        100,
        "b",
        Must,
        "CAS 3.0.3 §2.9",
        "/p3/proxyValidate tells attributes for a proxy ticket",
        proxy_p3_proxy_ticket
    ),
    case!(
        101,
        Must,
        APPENDIX,
        "Attributes begin with the three of the sign-in, each once",
        lead
    ),
    case!(
        102,
        "a",
        Must,
        APPENDIX,
        "isFromNewLogin is true after credentials",
        new_login
    ),
    case!(
        102,
        "b",
        Must,
        APPENDIX,
        "isFromNewLogin is false or left out for a live session",
        old_login
    ),
    case!(
        103,
        "a",
        Should,
        APPENDIX,
        "Attributes of the person are elements of text in the namespace of CAS",
        elements
    ),
    case!(
        103,
        "b",
        Should,
        "CAS 3.0.3 §2.5.7",
        "The JSON tells the same attributes, several values as an array",
        json_agrees
    ),
    case!(
        104,
        Must,
        "CAS 3.0.3 §2.5.7",
        "An attribute whose name is no XML name can't break the document",
        awkward_name
    ),
];

const P3: &str = "p3/serviceValidate";
const LEAD: [&str; 3] = [
    "authenticationDate",
    "longTermAuthenticationRequestTokenUsed",
    "isFromNewLogin",
];

async fn fresh(cx: &Context, endpoint: &str) -> Result<Answer> {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    let parameters = [("service", service.as_str()), ("ticket", &ticket)];
    cx.validate(endpoint, &parameters).await
}

fn has_attributes(success: &Success) -> Outcome {
    ensure!(!success.attributes.is_empty(), "there are no attributes");
    Ok(())
}

async fn p3_tells_attributes(cx: &mut Context) -> Outcome {
    has_attributes(&fresh(cx, P3).await?.success()?)
}

async fn p3_refuses_proxy_tickets(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    cx.p3(&target, &ticket).await?.failure().map(drop)
}

async fn p3_refuses(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let other = super::e_service_validate::another_service(cx);
    let ticket = cx.ticket(&service).await?;
    let code = cx.p3(&other, &ticket).await?.failure()?;
    ensure!(code == "INVALID_SERVICE", "another service is {code}");
    let code = cx.p3(&service, &ticket).await?.failure()?;
    ensure!(code == "INVALID_TICKET", "a used ticket is {code}");
    let code = cx.validate(P3, &[("service", &service)]).await?.failure()?;
    ensure!(code == "INVALID_REQUEST", "a missing ticket is {code}");
    Ok(())
}

async fn proxy_p3_service_ticket(cx: &mut Context) -> Outcome {
    has_attributes(&fresh(cx, "p3/proxyValidate").await?.success()?)
}

async fn proxy_p3_proxy_ticket(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    let parameters = [("service", target.as_str()), ("ticket", &ticket)];
    has_attributes(
        &cx.validate("p3/proxyValidate", &parameters)
            .await?
            .success()?,
    )
}

/// The element `attributes` of a success.
fn attributes_of<'a, 'i>(root: Node<'a, 'i>) -> Result<Node<'a, 'i>> {
    let success = find(root, "authenticationSuccess").context("no authenticationSuccess")?;
    find(success, "attributes").context("no attributes")
}

async fn lead(cx: &mut Context) -> Outcome {
    for endpoint in [P3, "p3/proxyValidate"] {
        let answer = fresh(cx, endpoint).await?;
        let document = answer.xml()?;
        let attributes = attributes_of(document.root_element());
        appendix::attributes(attributes.with_context(|| answer.shown())?)?;
    }
    Ok(())
}

async fn new_login(cx: &mut Context) -> Outcome {
    let success = fresh(cx, P3).await?.success()?;
    let value = success.attribute("isFromNewLogin");
    ensure!(
        matches!(value, Some("true" | "1")),
        "isFromNewLogin is {value:?}"
    );
    Ok(())
}

async fn old_login(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let ticket = cx.sso_ticket(&service).await?;
    let success = cx.p3(&service, &ticket).await?.success()?;
    let value = success.attribute("isFromNewLogin");
    ensure!(
        matches!(value, None | Some("false" | "0")),
        "isFromNewLogin is {value:?}"
    );
    Ok(())
}

async fn elements(cx: &mut Context) -> Outcome {
    let answer = fresh(cx, P3).await?;
    let document = answer.xml()?;
    let attributes = attributes_of(document.root_element())?;
    let own: Vec<Node> = attributes
        .children()
        .filter(|child| child.is_element() && !LEAD.contains(&child.tag_name().name()))
        .collect();
    if own.is_empty() {
        return Err(missing("the service is told no attribute of the person"));
    }
    for element in own {
        let name = element.tag_name().name();
        ensure!(
            element.tag_name().namespace() == Some(NAMESPACE),
            "{name} is of no CAS"
        );
        appendix::simple(element)?;
    }
    Ok(())
}

async fn json_agrees(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let mut browser = cx.browser()?;
    let first = cx.sign_in(&mut browser, &service).await?.ticket;
    let second = cx.sso(&mut browser, &service).await?.ticket;
    let xml = grouped(&cx.p3(&service, &first).await?.success()?);
    let parameters = [
        ("service", service.as_str()),
        ("ticket", &second),
        ("format", "JSON"),
    ];
    let answer = cx.validate(P3, &parameters).await?;
    let json = answer.json()?;
    let attributes = &json["serviceResponse"]["authenticationSuccess"]["attributes"];
    for (name, values) in xml {
        let told = texts(&attributes[&name]);
        ensure!(
            told == values,
            "{name} is {values:?} in XML, {told:?} in JSON"
        );
        ensure!(
            values.len() == 1 || attributes[&name].is_array(),
            "{name} has several values and is no array"
        );
    }
    Ok(())
}

/// The attributes of the person: those of the sign-in differ from ticket to ticket.
fn grouped(success: &Success) -> BTreeMap<String, BTreeSet<String>> {
    let mut grouped = BTreeMap::<String, BTreeSet<String>>::new();
    for (name, value) in &success.attributes {
        if !LEAD.contains(&name.as_str()) {
            grouped
                .entry(name.clone())
                .or_default()
                .insert(value.clone());
        }
    }
    grouped
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => BTreeSet::from([text.trim().to_owned()]),
        Value::Null => BTreeSet::new(),
        other => BTreeSet::from([other.to_string()]),
    }
}

async fn awkward_name(cx: &mut Context) -> Outcome {
    let service = cx.options.awkward_service.clone();
    let service = service.ok_or_else(|| {
        missing("no service that is told an attribute with an awkward name: give --awkward-service")
    })?;
    let ticket = cx.ticket(&service).await?;
    let answer = cx.p3(&service, &ticket).await?;
    let success = answer.success()?;
    ensure!(!success.user.is_empty(), "cas:user is empty");
    let document = answer.xml()?;
    let users = document
        .descendants()
        .filter(|it| it.has_tag_name((NAMESPACE, "user")));
    ensure!(users.count() == 1, "there is more than one cas:user");
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_compared_as_a_set_of_texts() {
        assert_eq!(texts(&json!(["b", "a"])), texts(&json!(["a", "b"])));
        assert_eq!(texts(&json!("a")), texts(&json!(["a"])));
        assert_eq!(texts(&json!(true)), BTreeSet::from(["true".to_owned()]));
        assert!(texts(&Value::Null).is_empty());
    }
}
