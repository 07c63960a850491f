//! What the cases of /samlValidate share: the request of SAML 1.1 in its SOAP envelope, and the
//! answer, read.

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use roxmltree::{Document, Node};

use crate::suite::case::missing;
use crate::suite::client::{Reply, Request};
use crate::suite::clock;
use crate::suite::context::Context;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";
const ASSERTION: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

/// A request; what is None is left out of it.
#[derive(Clone, Debug)]
pub struct Query {
    pub request_id: Option<String>,
    pub issue_instant: Option<String>,
    pub artifact: Option<String>,
}

impl Query {
    /// A whole one for a ticket.
    pub fn new(ticket: &str) -> Self {
        Self {
            // No two are sent within one microsecond.
            request_id: Some(format!("_{:x}", clock::now().as_microsecond())),
            issue_instant: Some(format!("{:.3}", clock::now())),
            artifact: Some(ticket.to_owned()),
        }
    }

    /// The envelope.
    pub fn envelope(&self) -> String {
        let attribute = |name: &str, value: &Option<String>| {
            let value = value.as_ref();
            value.map_or(String::new(), |value| format!(" {name}=\"{value}\""))
        };
        let artifact = self.artifact.as_ref().map_or(String::new(), |ticket| {
            format!("<samlp:AssertionArtifact>{ticket}</samlp:AssertionArtifact>")
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <SOAP-ENV:Envelope xmlns:SOAP-ENV=\"{SOAP}\"><SOAP-ENV:Header/><SOAP-ENV:Body>\
             <samlp:Request xmlns:samlp=\"{PROTOCOL}\" MajorVersion=\"1\" MinorVersion=\"1\"{}{}>\
             {artifact}</samlp:Request></SOAP-ENV:Body></SOAP-ENV:Envelope>",
            attribute("RequestID", &self.request_id),
            attribute("IssueInstant", &self.issue_instant),
        )
    }
}

/// Posts a request with these parameters in the query.
pub async fn post(cx: &Context, parameters: &[(&str, &str)], query: &Query) -> Result<Reply> {
    let request = Request {
        method: Method::POST,
        url: cx.url("samlValidate", parameters)?,
        headers: Vec::new(),
        body: Some(query.envelope()),
    };
    let request = request
        .with_header("content-type", "text/xml; charset=utf-8")
        .with_header(
            "soapaction",
            "http://www.oasis-open.org/committees/security",
        );
    let reply = cx.application()?.send(request).await?;
    if [404, 501].contains(&reply.status) {
        return Err(missing(
            "the server has no /samlValidate, which is optional",
        ));
    }
    Ok(reply)
}

/// Validates a ticket for a service.
pub async fn validate(cx: &Context, service: &str, ticket: &str) -> Result<Reply> {
    post(cx, &[("TARGET", service)], &Query::new(ticket)).await
}

/// An answer, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SamlAnswer {
    pub is_success: bool,
    /// The subject of the assertion.
    pub user: Option<String>,
    pub attributes: Vec<(String, String)>,
}

/// Reads an answer, and that it is a SAML 1.1 response in a SOAP envelope.
pub fn read(reply: &Reply) -> Result<SamlAnswer> {
    let shown = || {
        let words: Vec<&str> = reply.body.split_whitespace().collect();
        let short: String = words.join(" ").chars().take(300).collect();
        format!("{} «{short}»", reply.status)
    };
    let document = Document::parse(&reply.body).with_context(|| format!("no XML: {}", shown()))?;
    response(document.root_element()).with_context(shown)
}

fn response(envelope: Node) -> Result<SamlAnswer> {
    ensure!(
        envelope.has_tag_name((SOAP, "Envelope")),
        "no SOAP envelope"
    );
    let body = child(envelope, SOAP, "Body")?;
    let response = child(body, PROTOCOL, "Response")?;
    is_saml11(response)?;
    for name in ["ResponseID", "IssueInstant"] {
        let value = response.attribute(name).unwrap_or_default();
        ensure!(!value.is_empty(), "the response has no {name}");
    }
    let code = child(child(response, PROTOCOL, "Status")?, PROTOCOL, "StatusCode")?;
    let code = code
        .attribute("Value")
        .context("a StatusCode without a Value")?;
    // A QName: what counts is what it means, not its prefix.
    let is_success = code.rsplit(':').next() == Some("Success");
    let assertions: Vec<Node> = children(response, ASSERTION, "Assertion").collect();
    if !is_success {
        ensure!(assertions.is_empty(), "a failure with an assertion");
        return Ok(SamlAnswer::default());
    }
    let assertion = assertions
        .first()
        .context("a success without an assertion")?;
    assertion_of(*assertion)
}

fn assertion_of(assertion: Node) -> Result<SamlAnswer> {
    is_saml11(assertion)?;
    for name in ["AssertionID", "IssueInstant", "Issuer"] {
        let value = assertion.attribute(name).unwrap_or_default();
        ensure!(!value.is_empty(), "the assertion has no {name}");
    }
    let named = |name| {
        assertion
            .descendants()
            .filter(move |it| it.has_tag_name((ASSERTION, name)))
    };
    let user = named("NameIdentifier")
        .next()
        .context("no NameIdentifier")?;
    let mut attributes = Vec::new();
    for attribute in named("Attribute") {
        let name = attribute.attribute("AttributeName");
        let name = name.context("an Attribute without a name")?;
        for value in children(attribute, ASSERTION, "AttributeValue") {
            attributes.push((name.to_owned(), text(value)));
        }
    }
    Ok(SamlAnswer {
        is_success: true,
        user: Some(text(user)),
        attributes,
    })
}

fn is_saml11(node: Node) -> Result<()> {
    let version = (
        node.attribute("MajorVersion"),
        node.attribute("MinorVersion"),
    );
    ensure!(
        version == (Some("1"), Some("1")),
        "no SAML 1.1: {version:?}"
    );
    Ok(())
}

fn children<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |it| it.has_tag_name((namespace, name)))
}

fn child<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Result<Node<'a, 'i>> {
    children(node, namespace, name)
        .next()
        .with_context(|| format!("no {name}"))
}

fn text(node: Node) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, rest: &str) -> Result<SamlAnswer> {
        let text = format!(
            "<s:Envelope xmlns:s='{SOAP}'><s:Header/><s:Body><Response xmlns='{PROTOCOL}' \
             MajorVersion='1' MinorVersion='1' ResponseID='_1' IssueInstant='2026-11-20T08:00:00Z'>\
             <Status><StatusCode Value='samlp:{status}'/></Status>{rest}</Response></s:Body></s:Envelope>"
        );
        response(Document::parse(&text).unwrap().root_element())
    }

    const GOOD: &str = "<Assertion xmlns='urn:oasis:names:tc:SAML:1.0:assertion' MajorVersion='1' \
        MinorVersion='1' AssertionID='_2' IssueInstant='2026-11-20T08:00:00Z' Issuer='x'>\
        <AttributeStatement><Subject><NameIdentifier>a</NameIdentifier></Subject>\
        <Attribute AttributeName='n'><AttributeValue>1</AttributeValue>\
        <AttributeValue>2</AttributeValue></Attribute></AttributeStatement></Assertion>";

    // CAS 126
    #[test]
    fn answers_are_read_and_odd_ones_refused() {
        let good = answer("Success", GOOD).unwrap();
        assert!(good.is_success);
        assert_eq!(good.user.as_deref(), Some("a"));
        assert_eq!(good.attributes.len(), 2);
        assert_eq!(answer("Requester", "").unwrap(), SamlAnswer::default());
        assert!(answer("Requester", GOOD).is_err());
        assert!(answer("Success", "").is_err());
        assert!(answer("Success", &GOOD.replace("Issuer='x'", "")).is_err());
    }

    #[test]
    fn a_request_leaves_out_what_is_none() {
        let mut query = Query::new("ST-1");
        assert!(Document::parse(&query.envelope()).is_ok());
        assert!(query.envelope().contains("<samlp:AssertionArtifact>ST-1<"));
        query.issue_instant = None;
        query.artifact = None;
        let envelope = query.envelope();
        assert!(!envelope.contains("IssueInstant") && !envelope.contains("Artifact"));
    }
}
