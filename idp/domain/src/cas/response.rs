//! What an application reads after it asked for a ticket (CAS 3.0.3 §2.5, Appendix A). Nothing of
//! the request is ever said back: an echoed ticket was read as markup before (XML-01).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::params::Format;
use super::xml::ServiceResponse;

/// Media types of the three forms.
pub const XML: &str = "application/xml;charset=UTF-8";
pub const JSON: &str = "application/json;charset=UTF-8";
pub const PLAIN: &str = "text/plain;charset=UTF-8";

/// A body with its media type. The status is 200, for failures too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub media_type: &'static str,
    pub body: String,
}

/// The codes of §2.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    InvalidRequest,
    InvalidTicketSpec,
    UnauthorizedServiceProxy,
    InvalidProxyCallback,
    InvalidTicket,
    InvalidService,
    InternalError,
}

impl FailureCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::InvalidTicketSpec => "INVALID_TICKET_SPEC",
            Self::UnauthorizedServiceProxy => "UNAUTHORIZED_SERVICE_PROXY",
            Self::InvalidProxyCallback => "INVALID_PROXY_CALLBACK",
            Self::InvalidTicket => "INVALID_TICKET",
            Self::InvalidService => "INVALID_SERVICE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

/// Why a validation failed, as far as the application may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureReason {
    MissingParameter,
    DuplicateParameter,
    UnknownFormat,
    /// Unknown, expired or used: one answer, since the difference helps only who guesses.
    UnknownTicket,
    /// `renew`, and the ticket came from a session.
    NotFresh,
    /// Whoever holds the ticket may not have this any more (locked, lost access).
    NoLongerAllowed,
    /// The ticket was made for another service, and is burnt now.
    OtherService,
    /// The service is none of the registered ones.
    UnknownService,
    ProxyTicket,
    ProxyNotAllowed,
    ProxyCallback,
    Internal,
}

impl FailureReason {
    pub const ALL: [Self; 12] = [
        Self::MissingParameter,
        Self::DuplicateParameter,
        Self::UnknownFormat,
        Self::UnknownTicket,
        Self::NotFresh,
        Self::NoLongerAllowed,
        Self::OtherService,
        Self::UnknownService,
        Self::ProxyTicket,
        Self::ProxyNotAllowed,
        Self::ProxyCallback,
        Self::Internal,
    ];

    pub fn code(self) -> FailureCode {
        match self {
            Self::MissingParameter | Self::DuplicateParameter | Self::UnknownFormat => {
                FailureCode::InvalidRequest
            }
            Self::UnknownTicket | Self::NotFresh | Self::NoLongerAllowed => {
                FailureCode::InvalidTicket
            }
            Self::OtherService | Self::UnknownService => FailureCode::InvalidService,
            Self::ProxyTicket => FailureCode::InvalidTicketSpec,
            Self::ProxyNotAllowed => FailureCode::UnauthorizedServiceProxy,
            Self::ProxyCallback => FailureCode::InvalidProxyCallback,
            Self::Internal => FailureCode::InternalError,
        }
    }

    /// For the application's log; never shown to visitors, so in English only.
    pub fn description(self) -> &'static str {
        match self {
            Self::MissingParameter => "'service' and 'ticket' are both required",
            Self::DuplicateParameter => "a parameter was given more than once",
            Self::UnknownFormat => "'format' must be XML or JSON",
            Self::UnknownTicket => "the ticket is unknown, expired or already used",
            Self::NotFresh => {
                "'renew' was asked for, and the ticket was issued from an existing session"
            }
            Self::NoLongerAllowed => "the ticket was withdrawn",
            Self::OtherService => "the ticket was issued for another service",
            Self::UnknownService => "the service is not registered",
            Self::ProxyTicket => {
                "a proxy ticket was given to serviceValidate; proxyValidate takes those"
            }
            Self::ProxyNotAllowed => "the service is not allowed to obtain proxy tickets",
            Self::ProxyCallback => "the proxy callback failed",
            Self::Internal => "an internal error; try again",
        }
    }
}

/// The name of a told attribute: an XML name of ASCII letters, digits, `_`, `-` and `.`, and none
/// of those that mean something in the answer itself (item “exactly one `cas:user`”, XML-01).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeName(String);

impl AttributeName {
    const RESERVED: [&str; 9] = [
        "user",
        "attributes",
        "proxyGrantingTicket",
        "proxies",
        "proxy",
        "authenticationDate",
        "longTermAuthenticationRequestTokenUsed",
        "isFromNewLogin",
        "authenticationMethod",
    ];

    /// Nothing for a name that would break or confuse the document.
    pub fn parse(text: &str) -> Option<Self> {
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let goes_on = text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        (starts && goes_on && text.len() <= 64 && !Self::RESERVED.contains(&text))
            .then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is told beside the user name (§2.5.7). The first three are mandatory in Appendix A.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// When the credentials were shown.
    pub authentication_date: Timestamp,
    /// The session came from a remembered sign-in.
    pub long_term: bool,
    /// The ticket came from credentials, not from a session.
    pub from_new_login: bool,
    /// What the session rests on, as `authenticationMethod`, once for each factor.
    pub factors: Vec<String>,
    /// In this order; a name without values is left out.
    pub released: Vec<(AttributeName, Vec<String>)>,
}

/// A validated ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    pub user: String,
    pub attributes: Option<Attributes>,
    /// The IOU, never the proxy-granting ticket itself.
    pub proxy_granting_ticket: Option<String>,
    /// The chain, most recent first; empty for a service ticket.
    pub proxies: Vec<String>,
}

/// CAS 1.0, success: `yes`, and the name on a line of its own, as all clients expect.
pub fn plain_yes(user: &str) -> Rendered {
    let line: String = user.chars().filter(|c| !c.is_control()).collect();
    Rendered {
        media_type: PLAIN,
        body: format!("yes\n{line}\n"),
    }
}

/// CAS 1.0, failure.
pub fn plain_no() -> Rendered {
    Rendered {
        media_type: PLAIN,
        body: "no\n\n".to_owned(),
    }
}

pub fn render_success(success: &Success, format: Format) -> Rendered {
    match format {
        Format::Xml => Rendered {
            media_type: XML,
            body: success_xml(success),
        },
        Format::Json => json_body(&json!({ "authenticationSuccess": success_json(success) })),
    }
}

pub fn render_failure(reason: FailureReason, format: Format) -> Rendered {
    let (code, description) = (reason.code().as_str(), reason.description());
    match format {
        Format::Xml => {
            let mut xml = ServiceResponse::open();
            let attribute = format!(" code=\"{code}\"");
            xml.element(1, "authenticationFailure", &attribute, description);
            Rendered {
                media_type: XML,
                body: xml.close(),
            }
        }
        Format::Json => json_body(&json!({
            "authenticationFailure": { "code": code, "description": description }
        })),
    }
}

/// Children in the order of the schema: user, attributes, proxyGrantingTicket, proxies.
fn success_xml(success: &Success) -> String {
    let mut xml = ServiceResponse::open();
    xml.line(1, "<cas:authenticationSuccess>");
    xml.element(2, "user", "", &success.user);
    if let Some(attributes) = &success.attributes {
        xml.line(2, "<cas:attributes>");
        for (name, text) in facts(attributes) {
            xml.element(3, name, "", &text);
        }
        for (name, values) in listed(attributes) {
            for value in values {
                xml.element(3, name, "", value);
            }
        }
        xml.line(2, "</cas:attributes>");
    }
    if let Some(iou) = &success.proxy_granting_ticket {
        xml.element(2, "proxyGrantingTicket", "", iou);
    }
    if !success.proxies.is_empty() {
        xml.line(2, "<cas:proxies>");
        for proxy in &success.proxies {
            xml.element(3, "proxy", "", proxy);
        }
        xml.line(2, "</cas:proxies>");
    }
    xml.line(1, "</cas:authenticationSuccess>");
    xml.close()
}

pub(super) fn facts(attributes: &Attributes) -> [(&'static str, String); 3] {
    [
        ("authenticationDate", date(attributes.authentication_date)),
        (
            "longTermAuthenticationRequestTokenUsed",
            attributes.long_term.to_string(),
        ),
        ("isFromNewLogin", attributes.from_new_login.to_string()),
    ]
}

/// What may have several values, after the three facts of Appendix A.
pub(super) fn listed(attributes: &Attributes) -> impl Iterator<Item = (&str, &[String])> {
    let released = attributes.released.iter();
    std::iter::once(("authenticationMethod", attributes.factors.as_slice()))
        .chain(released.map(|(name, values)| (name.as_str(), values.as_slice())))
}

/// `xs:dateTime` in UTC, to the second: some clients parse no fraction.
pub(super) fn date(at: Timestamp) -> String {
    format!("{at:.0}")
}

fn success_json(success: &Success) -> Value {
    let mut body = Map::new();
    body.insert("user".into(), json!(success.user));
    if let Some(attributes) = &success.attributes {
        body.insert("attributes".into(), attributes_json(attributes));
    }
    if let Some(iou) = &success.proxy_granting_ticket {
        body.insert("proxyGrantingTicket".into(), json!(iou));
    }
    if !success.proxies.is_empty() {
        body.insert("proxies".into(), json!(success.proxies));
    }
    Value::Object(body)
}

fn attributes_json(attributes: &Attributes) -> Value {
    let mut map = Map::new();
    map.insert(
        "authenticationDate".into(),
        json!(date(attributes.authentication_date)),
    );
    map.insert(
        "longTermAuthenticationRequestTokenUsed".into(),
        json!(attributes.long_term),
    );
    map.insert("isFromNewLogin".into(), json!(attributes.from_new_login));
    for (name, values) in listed(attributes) {
        let value = match values {
            [] => continue,
            [one] => json!(one),
            several => json!(several),
        };
        map.insert(name.to_owned(), value);
    }
    Value::Object(map)
}

pub(super) fn json_body(inner: &Value) -> Rendered {
    Rendered {
        media_type: JSON,
        body: json!({ "serviceResponse": inner }).to_string(),
    }
}
