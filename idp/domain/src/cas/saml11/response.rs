use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use super::super::response::{
    Attributes, FailureCode, FailureReason, Rendered, Success, date, facts, listed,
};
use super::super::xml::Writer;
use super::{ASSERTION, BadSamlQuery, BadSamlRequest, PROTOCOL, SOAP};
use crate::secrets::random_base62;

/// The media type of SOAP 1.1.
pub const SAML: &str = "text/xml;charset=UTF-8";

/// How far a client's clock may be off, either way: the Java client compares `NotBefore` and
/// `NotOnOrAfter` with its own. The assertion is read at once and is worth nothing to anyone else.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Clients compare it with nothing, some print it; it is the one that Apereo's server says.
const ATTRIBUTE_NAMESPACE: &str = "http://www.ja-sig.org/products/cas/";
const CONFIRMED_BY_ARTIFACT: &str = "urn:oasis:names:tc:SAML:1.0:cm:artifact";
const BY_PASSWORD: &str = "urn:oasis:names:tc:SAML:1.0:am:password";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.0:am:unspecified";

/// The prefixes are Apereo's: there are clients that look for them with regular expressions.
const VALUE_TYPE: [(&str, &str); 3] = [
    ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ("xsi:type", "xsd:string"),
];

/// What an answer says of itself.
#[derive(Clone, Copy, Debug)]
pub struct SamlAnswer<'a> {
    /// Our own base address.
    pub issuer: &'a str,
    /// From [`saml_id`].
    pub response_id: &'a str,
    /// `RequestID` of the request, when it could be read.
    pub in_response_to: Option<&'a str>,
    /// The service (`TARGET`), when it is a registered one.
    pub recipient: Option<&'a str>,
    pub now: Timestamp,
}

/// Why there is no assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamlFailure {
    Query(BadSamlQuery),
    Request(BadSamlRequest),
    /// §4.2.1: `TARGET` must be https.
    PlainHttp,
    Ticket(FailureReason),
}

impl SamlFailure {
    /// The codes of saml-core-1.1 §3.4.3.1: the first says whose fault it is, the second what.
    fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Request(BadSamlRequest::Version) => ("saml1p:VersionMismatch", None),
            Self::Ticket(FailureReason::Internal) => ("saml1p:Responder", None),
            _ => ("saml1p:Requester", Some("saml1p:RequestDenied")),
        }
    }

    /// For the application's log, in English only: CAS's own code and a sentence.
    pub fn message(self) -> String {
        let (code, text) = match self {
            Self::Query(bad) => (FailureCode::InvalidRequest, bad.to_string()),
            Self::Request(bad) => (FailureCode::InvalidRequest, bad.to_string()),
            Self::PlainHttp => (
                FailureCode::InvalidService,
                "the parameter 'TARGET' must be an https address".to_owned(),
            ),
            Self::Ticket(FailureReason::ProxyTicket) => (
                FailureCode::InvalidTicketSpec,
                "a proxy ticket was given to samlValidate; proxyValidate takes those".to_owned(),
            ),
            Self::Ticket(reason) => (reason.code(), reason.description().to_owned()),
        };
        format!("{}: {text}", code.as_str())
    }
}

/// An id for a response or an assertion: an XML name of 172 random bits (saml-core-1.1 §1.2.3 asks
/// for 128).
pub fn saml_id(rng: &mut impl CryptoRng) -> String {
    format!("_{}", random_base62(29, rng))
}

/// The response to a ticket that was found good. A person's factors decide the authentication
/// method; attributes go out only as far as `success` has them.
pub fn render_saml_success(
    answer: &SamlAnswer<'_>,
    assertion_id: &str,
    success: &Success,
) -> Rendered {
    let mut xml = open_response(answer);
    xml.open("saml1p:Status", &[]);
    xml.empty("saml1p:StatusCode", &[("Value", "saml1p:Success")]);
    xml.close();
    xml.open(
        "saml1:Assertion",
        &[
            ("xmlns:saml1", ASSERTION),
            ("AssertionID", assertion_id),
            ("IssueInstant", &date(answer.now)),
            ("Issuer", answer.issuer),
            ("MajorVersion", "1"),
            ("MinorVersion", "1"),
        ],
    );
    conditions(&mut xml, answer);
    authentication(&mut xml, answer, success);
    if let Some(attributes) = &success.attributes {
        attribute_statement(&mut xml, &success.user, attributes);
    }
    rendered(xml)
}

/// The response to anything else. The request's own texts are not said back, save its id.
pub fn render_saml_failure(answer: &SamlAnswer<'_>, failure: SamlFailure) -> Rendered {
    let mut xml = open_response(answer);
    let (first, second) = failure.codes();
    xml.open("saml1p:Status", &[]);
    match second {
        None => xml.empty("saml1p:StatusCode", &[("Value", first)]),
        Some(second) => {
            xml.open("saml1p:StatusCode", &[("Value", first)]);
            xml.empty("saml1p:StatusCode", &[("Value", second)]);
            xml.close();
        }
    }
    xml.text("saml1p:StatusMessage", &[], &failure.message());
    xml.close();
    rendered(xml)
}

fn rendered(xml: Writer) -> Rendered {
    Rendered {
        media_type: SAML,
        body: xml.finish(),
    }
}

/// Envelope, body and response, all open.
fn open_response(answer: &SamlAnswer<'_>) -> Writer {
    let mut xml = Writer::new();
    xml.open("SOAP-ENV:Envelope", &[("xmlns:SOAP-ENV", SOAP)]);
    xml.open("SOAP-ENV:Body", &[]);
    let issued = date(answer.now);
    let mut attributes = vec![("xmlns:saml1p", PROTOCOL)];
    attributes.extend(answer.in_response_to.map(|id| ("InResponseTo", id)));
    attributes.extend([
        ("IssueInstant", issued.as_str()),
        ("MajorVersion", "1"),
        ("MinorVersion", "1"),
    ]);
    attributes.extend(answer.recipient.map(|service| ("Recipient", service)));
    attributes.push(("ResponseID", answer.response_id));
    xml.open("saml1p:Response", &attributes);
    xml
}

fn conditions(xml: &mut Writer, answer: &SamlAnswer<'_>) {
    let shifted = |by| date(answer.now.saturating_add(by).unwrap_or(answer.now));
    xml.open(
        "saml1:Conditions",
        &[
            ("NotBefore", &shifted(-CLOCK_SKEW)),
            ("NotOnOrAfter", &shifted(CLOCK_SKEW)),
        ],
    );
    if let Some(service) = answer.recipient {
        xml.open("saml1:AudienceRestrictionCondition", &[]);
        xml.text("saml1:Audience", &[], service);
        xml.close();
    }
    xml.close();
}

fn authentication(xml: &mut Writer, answer: &SamlAnswer<'_>, success: &Success) {
    let attributes = success.attributes.as_ref();
    let shown_at = attributes.map_or(answer.now, |a| a.authentication_date);
    let by_password = attributes.is_some_and(|a| {
        a.factors
            .iter()
            .any(|factor| matches!(factor.as_str(), "password" | "new_password"))
    });
    xml.open(
        "saml1:AuthenticationStatement",
        &[
            ("AuthenticationInstant", &date(shown_at)),
            (
                "AuthenticationMethod",
                if by_password {
                    BY_PASSWORD
                } else {
                    UNSPECIFIED
                },
            ),
        ],
    );
    subject(xml, &success.user);
    xml.close();
}

/// In each statement, as the schema demands; `mod_auth_cas` takes the first that it meets.
fn subject(xml: &mut Writer, user: &str) {
    xml.open("saml1:Subject", &[]);
    xml.text("saml1:NameIdentifier", &[], user);
    xml.open("saml1:SubjectConfirmation", &[]);
    xml.text("saml1:ConfirmationMethod", &[], CONFIRMED_BY_ARTIFACT);
    xml.close();
    xml.close();
}

fn attribute_statement(xml: &mut Writer, user: &str, attributes: &Attributes) {
    xml.open("saml1:AttributeStatement", &[]);
    subject(xml, user);
    for (name, value) in facts(attributes) {
        attribute(xml, name, &[value]);
    }
    for (name, values) in listed(attributes) {
        attribute(xml, name, values);
    }
    xml.close();
}

fn attribute(xml: &mut Writer, name: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    xml.open(
        "saml1:Attribute",
        &[
            ("AttributeName", name),
            ("AttributeNamespace", ATTRIBUTE_NAMESPACE),
        ],
    );
    for value in values {
        xml.text("saml1:AttributeValue", &VALUE_TYPE, value);
    }
    xml.close();
}
