//! E. /serviceValidate: the documents it answers with (67, 68, 73, 74, 76, 77).

use anyhow::{Context as _, Result, bail, ensure};
use roxmltree::Node;
use serde_json::Value;

use super::appendix;
use super::e_service_validate::UNKNOWN;
use super::proxying::{fresh_proxy_ticket, target};
use crate::case;
use crate::suite::answer::{Answer, find, is};
use crate::suite::case::{Case, Outcome, missing};
use crate::suite::context::Context;

const APPENDIX: &str = "CAS 3.0.3 Appendix A";

pub const CASES: &[Case] = &[
    case!(
        67,
        "a",
        Must,
        "CAS 3.0.3 §2.5.1",
        "format=XML and no format give XML",
        format_xml
    ),
    case!(
        67,
        "b",
        Must,
        "CAS 3.0.3 §2.5.1",
        "format=JSON gives JSON, for success and failure",
        format_json
    ),
    case!(
        68,
        Must,
        "CAS 3.0.3 §2.5.1",
        "Any other format is answered by an error code",
        format_other
    ),
    case!(
        73,
        "a",
        Must,
        APPENDIX,
        "The success at /serviceValidate follows the schema",
        schema_success
    ),
    case!(
        73,
        "b",
        Must,
        APPENDIX,
        "The success at /p3/serviceValidate follows the schema",
        schema_p3
    ),
    case!(
        73,
        "c",
        Must,
        APPENDIX,
        "Failures follow the schema",
        schema_failure
    ),
    case!(
        73,
        "d",
        Must,
        APPENDIX,
        "A success with proxies follows the schema",
        schema_proxies
    ),
    case!(
        74,
        "a",
        Must,
        "CAS 3.0.3 §2.5.2",
        "The answer is XML by its media type, in UTF-8",
        media_type
    ),
    case!(
        74,
        "b",
        Must,
        APPENDIX,
        "What a request says can't become markup of the answer",
        escapes
    ),
    case!(
        76,
        May,
        "CAS 3.0.3 §2.5.5",
        "Attributes at /serviceValidate stand where the schema has them",
        attributes
    ),
    case!(
        77,
        "a",
        Must,
        "CAS 3.0.3 §2.5.2",
        "The JSON of a success has its shape",
        json_success
    ),
    case!(
        77,
        "b",
        Must,
        "CAS 3.0.3 §2.5.2",
        "The JSON of a failure has its shape",
        json_failure
    ),
];

const ENDPOINT: &str = "serviceValidate";
const CODES: [&str; 7] = [
    "INVALID_REQUEST",
    "INVALID_TICKET_SPEC",
    "UNAUTHORIZED_SERVICE_PROXY",
    "INVALID_PROXY_CALLBACK",
    "INVALID_TICKET",
    "INVALID_SERVICE",
    "INTERNAL_ERROR",
];

/// Validates a fresh ticket at an endpoint, with a `format`.
async fn valid(cx: &Context, endpoint: &str, format: Option<&str>) -> Result<Answer> {
    let service = cx.service();
    let ticket = cx.ticket(&service).await?;
    asked(cx, endpoint, &service, &ticket, format).await
}

async fn asked(
    cx: &Context,
    endpoint: &str,
    service: &str,
    ticket: &str,
    format: Option<&str>,
) -> Result<Answer> {
    let mut parameters = vec![("service", service), ("ticket", ticket)];
    parameters.extend(format.map(|format| ("format", format)));
    cx.validate(endpoint, &parameters).await
}

async fn format_xml(cx: &mut Context) -> Outcome {
    let service = cx.service();
    for format in [None, Some("XML")] {
        valid(cx, ENDPOINT, format).await?.success()?;
        asked(cx, ENDPOINT, &service, UNKNOWN, format)
            .await?
            .failure()?;
    }
    Ok(())
}

async fn format_json(cx: &mut Context) -> Outcome {
    let service = cx.service();
    for endpoint in [ENDPOINT, "p3/serviceValidate"] {
        valid(cx, endpoint, Some("JSON")).await?.json()?;
        let failed = asked(cx, endpoint, &service, UNKNOWN, Some("JSON")).await?;
        failed.json()?;
    }
    Ok(())
}

async fn format_other(cx: &mut Context) -> Outcome {
    let answer = valid(cx, ENDPOINT, Some("YAML")).await?;
    let code = match answer.json() {
        Ok(json) => {
            let code = &json["serviceResponse"]["authenticationFailure"]["code"];
            code.as_str().context("JSON without a code")?.to_owned()
        }
        Err(_) => answer.failure()?,
    };
    ensure!(
        CODES.contains(&code.as_str()),
        "no code of the list: {code}"
    );
    Ok(())
}

fn follows(answer: &Answer) -> Outcome {
    appendix::check(answer.xml()?.root_element())
}

async fn schema_success(cx: &mut Context) -> Outcome {
    let answer = valid(cx, ENDPOINT, None).await?;
    answer.success()?;
    follows(&answer)
}

async fn schema_p3(cx: &mut Context) -> Outcome {
    let answer = valid(cx, "p3/serviceValidate", None).await?;
    answer.success()?;
    follows(&answer)
}

async fn schema_failure(cx: &mut Context) -> Outcome {
    let service = cx.service();
    for parameters in [
        vec![],
        vec![("service", service.as_str()), ("ticket", UNKNOWN)],
    ] {
        for endpoint in [
            ENDPOINT,
            "proxyValidate",
            "p3/serviceValidate",
            "p3/proxyValidate",
        ] {
            let answer = cx.validate(endpoint, &parameters).await?;
            answer.failure()?;
            follows(&answer).with_context(|| endpoint.to_owned())?;
        }
    }
    Ok(())
}

async fn schema_proxies(cx: &mut Context) -> Outcome {
    let target = target(cx)?;
    let ticket = fresh_proxy_ticket(cx).await?;
    let answer = asked(cx, "p3/proxyValidate", &target, &ticket, None).await?;
    let success = answer.success()?;
    ensure!(!success.proxies.is_empty(), "there are no proxies");
    follows(&answer)
}

async fn media_type(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let success = valid(cx, ENDPOINT, None).await?;
    let failure = asked(cx, ENDPOINT, &service, UNKNOWN, None).await?;
    for answer in [success, failure] {
        let kind = answer.reply.header("content-type").to_ascii_lowercase();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        ensure!(
            ["application/xml", "text/xml"].contains(&essence),
            "the media type is {kind:?}"
        );
        let charset = kind
            .split_once("charset=")
            .map(|(_, name)| name.trim_matches('"').trim());
        // RFC 7303 §3: without a charset the document says it, and UTF-8 is the default.
        ensure!(
            charset.is_none_or(|name| name == "utf-8"),
            "not UTF-8: {kind:?}"
        );
        ensure!(
            !answer.reply.body.contains('\u{fffd}'),
            "the body is not UTF-8"
        );
    }
    Ok(())
}

async fn escapes(cx: &mut Context) -> Outcome {
    const HOSTILE: &str = "<script>alert(1)</script></cas:authenticationFailure>\
        <cas:authenticationSuccess><cas:user>admin</cas:user></cas:authenticationSuccess>]]>&\"'";
    let service = cx.service();
    let ticket = format!("ST-{HOSTILE}");
    let address = format!("{service}?x={HOSTILE}");
    for (service, ticket) in [
        (service.as_str(), ticket.as_str()),
        (&address, UNKNOWN),
        (&address, &ticket),
    ] {
        for endpoint in [ENDPOINT, "proxyValidate", "p3/serviceValidate"] {
            let answer = asked(cx, endpoint, service, ticket, None).await?;
            let document = answer.xml()?;
            let root = document.root_element();
            // `read` also sees that there is one child of the root.
            answer.failure()?;
            let elements = root.descendants().filter(Node::is_element).count();
            ensure!(
                elements == 2,
                "{endpoint} answers with {elements} elements: {}",
                answer.shown()
            );
        }
    }
    Ok(())
}

async fn attributes(cx: &mut Context) -> Outcome {
    let answer = valid(cx, ENDPOINT, None).await?;
    if answer.success()?.attributes.is_empty() {
        return Err(missing("/serviceValidate tells no attributes"));
    }
    let document = answer.xml()?;
    let success = find(document.root_element(), "authenticationSuccess");
    let success = success.context("no authenticationSuccess")?;
    let parts: Vec<Node> = success.children().filter(Node::is_element).collect();
    let second = parts.get(1).filter(|part| is(**part, "attributes"));
    appendix::attributes(*second.context("attributes don't follow the user")?)
}

async fn json_success(cx: &mut Context) -> Outcome {
    let answer = valid(cx, "p3/serviceValidate", Some("JSON")).await?;
    let json = answer.json()?;
    let success = only_key(&json, "serviceResponse")?;
    let success = only_key(success, "authenticationSuccess")?;
    let members = success
        .as_object()
        .context("authenticationSuccess is no object")?;
    let user = members.get("user").and_then(Value::as_str);
    ensure!(user.is_some_and(|user| !user.is_empty()), "no user: {json}");
    for (name, value) in members {
        let fits = match name.as_str() {
            "user" | "proxyGrantingTicket" => value.is_string() || value.is_null(),
            "proxies" => value.is_array() || value.is_null(),
            "attributes" => value.is_object() || value.is_null(),
            _ => bail!("a member {name} that is none of the text's"),
        };
        ensure!(fits, "{name} is {value}");
    }
    Ok(())
}

async fn json_failure(cx: &mut Context) -> Outcome {
    let service = cx.service();
    let answer = asked(cx, ENDPOINT, &service, UNKNOWN, Some("JSON")).await?;
    let json = answer.json()?;
    let failure = only_key(&json, "serviceResponse")?;
    let failure = only_key(failure, "authenticationFailure")?;
    ensure!(
        failure["code"] == "INVALID_TICKET",
        "the code is {}",
        failure["code"]
    );
    let description = failure["description"].as_str();
    ensure!(
        description.is_some_and(|text| !text.is_empty()),
        "no description: {json}"
    );
    Ok(())
}

/// The value of a member that has no siblings with a value.
fn only_key<'a>(json: &'a Value, name: &str) -> Result<&'a Value> {
    let members = json
        .as_object()
        .with_context(|| format!("no object: {json}"))?;
    let others = members
        .iter()
        .find(|(key, value)| *key != name && !value.is_null());
    ensure!(others.is_none(), "more beside {name}: {json}");
    members
        .get(name)
        .with_context(|| format!("no {name}: {json}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_null_beside_a_member_is_nothing() {
        assert!(only_key(&json!({"a": 1, "b": null}), "a").is_ok());
        assert!(only_key(&json!({"a": 1, "b": 2}), "a").is_err());
        assert!(only_key(&json!([]), "a").is_err());
    }
}
