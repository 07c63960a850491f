//! The CAS protocol's own words (CAS Protocol Specification 3.0.3): its tickets, its requests and
//! its answers. What happens in between is the identity provider's.

mod logout;
mod params;
mod proxy;
mod proxy_grant;
mod response;
mod saml11;
#[cfg(test)]
mod tests;
mod ticket;
mod xml;

pub use logout::{LOGOUT_PARAMETER, front_channel_value, logout_request_id, render_logout_request};
pub use params::{
    BadLoginRequest, BadProxyRequest, BadValidateRequest, Endpoint, Format, LoginRequest,
    LogoutRequest, Method, ProxyRequest, ValidateRequest,
};
pub use proxy::{ProxyFailureCode, ProxyFailureReason, render_proxy_failure, render_proxy_success};
pub use proxy_grant::{LONGEST_CHAIN, ProxyGrant, ProxyGranting, chain_holds};
pub use response::{
    AttributeName, Attributes, FailureCode, FailureReason, JSON, PLAIN, Rendered, Success, XML,
    plain_no, plain_yes, render_failure, render_success,
};
pub use saml11::{
    BadSamlQuery, BadSamlRequest, MAX_SAML_REQUEST_BYTES, SAML, SamlAnswer, SamlFailure, SamlQuery,
    SamlRequest, render_saml_failure, render_saml_success, saml_id,
};
pub use ticket::{
    BadTicket, ProxyGrantingIou, ProxyGrantingTicket, ProxyTicket, SECRET_KINDS,
    SERVICE_TICKET_TTL, ServiceTicket, TicketGrantingTicket, TicketKind,
};
