//! What a service reads after it asked for a proxy ticket (CAS 3.0.3 §2.7).

use serde_json::json;

use super::params::Format;
use super::response::{Rendered, XML, json_body};
use super::ticket::ProxyTicket;
use super::xml::ServiceResponse;

/// The codes of §2.7.3, and the one that Apereo's server says of a dead proxy-granting ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFailureCode {
    InvalidRequest,
    UnauthorizedService,
    InvalidTicket,
    InternalError,
}

impl ProxyFailureCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "INVALID_REQUEST",
            Self::UnauthorizedService => "UNAUTHORIZED_SERVICE",
            Self::InvalidTicket => "INVALID_TICKET",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}

/// Why there is no proxy ticket, as far as the service may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFailureReason {
    MissingParameter,
    DuplicateParameter,
    UnknownFormat,
    /// Unknown, expired or of an ended session: one answer.
    UnknownTicket,
    /// The service lost its right to act for people, or the person hers to enter.
    NoLongerAllowed,
    /// Not registered, or not for this service: which targets exist is nobody else's affair.
    TargetNotAllowed,
    /// One proxy more than we let act in a row (TKT-11).
    ChainTooLong,
    /// More than one proxy-granting ticket may ask for in a while; what for makes no difference.
    TooMany,
    Internal,
}

impl ProxyFailureReason {
    pub const ALL: [Self; 9] = [
        Self::MissingParameter,
        Self::DuplicateParameter,
        Self::UnknownFormat,
        Self::UnknownTicket,
        Self::NoLongerAllowed,
        Self::TargetNotAllowed,
        Self::ChainTooLong,
        Self::TooMany,
        Self::Internal,
    ];

    pub fn code(self) -> ProxyFailureCode {
        match self {
            Self::MissingParameter | Self::DuplicateParameter | Self::UnknownFormat => {
                ProxyFailureCode::InvalidRequest
            }
            Self::UnknownTicket | Self::NoLongerAllowed => ProxyFailureCode::InvalidTicket,
            Self::TargetNotAllowed | Self::ChainTooLong => ProxyFailureCode::UnauthorizedService,
            // §2.7.3 has no code for this; the text says it.
            Self::TooMany | Self::Internal => ProxyFailureCode::InternalError,
        }
    }

    /// For the service's log, in English only.
    pub fn description(self) -> &'static str {
        match self {
            Self::MissingParameter => "'pgt' and 'targetService' are both required",
            Self::DuplicateParameter => "a parameter was given more than once",
            Self::UnknownFormat => "'format' must be XML or JSON",
            Self::UnknownTicket => "the proxy-granting ticket is unknown or expired",
            Self::NoLongerAllowed => "the proxy-granting ticket was withdrawn",
            Self::TargetNotAllowed => {
                "the service is not allowed to obtain proxy tickets for this target"
            }
            Self::ChainTooLong => "the chain of proxies is too long",
            Self::TooMany => {
                "too many requests with this proxy-granting ticket; try again in some minutes"
            }
            Self::Internal => "an internal error; try again",
        }
    }
}

pub fn render_proxy_success(ticket: &ProxyTicket, format: Format) -> Rendered {
    match format {
        Format::Xml => {
            let mut xml = ServiceResponse::open();
            xml.line(1, "<cas:proxySuccess>");
            xml.element(2, "proxyTicket", "", ticket.as_str());
            xml.line(1, "</cas:proxySuccess>");
            Rendered {
                media_type: XML,
                body: xml.close(),
            }
        }
        Format::Json => json_body(&json!({
            "proxySuccess": { "proxyTicket": ticket.as_str() }
        })),
    }
}

/// The JSON example of §2.7.3 says `authenticationFailure`, against its own XML and the schema of
/// Appendix A: nobody was authenticated. We say `proxyFailure` in both.
pub fn render_proxy_failure(reason: ProxyFailureReason, format: Format) -> Rendered {
    let (code, description) = (reason.code().as_str(), reason.description());
    match format {
        Format::Xml => {
            let mut xml = ServiceResponse::open();
            let attribute = format!(" code=\"{code}\"");
            xml.element(1, "proxyFailure", &attribute, description);
            Rendered {
                media_type: XML,
                body: xml.close(),
            }
        }
        Format::Json => json_body(&json!({
            "proxyFailure": { "code": code, "description": description }
        })),
    }
}
