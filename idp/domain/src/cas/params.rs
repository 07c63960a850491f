//! Requests, read from decoded pairs. Names are case-sensitive (CAS 3.0.3 §2.1.1), unknown ones
//! are ignored: real clients append strays such as `sn=undefined`.

use serde::{Deserialize, Serialize};

use super::proxy::ProxyFailureReason;
use super::response::FailureReason;

/// A pair as the form decoder gives it.
type Pair = (String, String);

/// How a ticket reaches the service (§2.1.1 `method`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// A redirect; also for every word that we don't know.
    #[default]
    Get,
    /// A form that posts itself.
    Post,
    /// Response headers `service` and `ticket`.
    Header,
}

impl Method {
    fn parse(word: Option<&str>) -> Self {
        match word {
            Some(word) if word.eq_ignore_ascii_case("POST") => Self::Post,
            Some(word) if word.eq_ignore_ascii_case("HEADER") => Self::Header,
            _ => Self::Get,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Header => "HEADER",
        }
    }
}

/// `/login`, by GET or POST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four parameters of the protocol, each set or not by itself"
)]
pub struct LoginRequest {
    /// As it came; nothing but [`crate::applications::Registry::resolve`] may read it.
    pub service: Option<String>,
    /// Credentials must be shown now, whatever session there is.
    pub renew: bool,
    /// No page: back to the service at once, with a ticket or without.
    pub gateway: bool,
    /// Ask before each further service is entered: how the form's box stands.
    pub warn: bool,
    /// A session that outlives the browser: how the form's box stands. Means nothing where none is
    /// offered (§2.2.2).
    pub remember: bool,
    pub method: Method,
}

/// Why a sign-in request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLoginRequest {
    /// Two parsers would pick two of them.
    #[error("`service` is there more than once")]
    DuplicateService,
}

impl LoginRequest {
    /// # Errors
    /// [`BadLoginRequest`]
    pub fn parse(pairs: &[Pair]) -> Result<Self, BadLoginRequest> {
        let service = single(pairs, "service").map_err(|()| BadLoginRequest::DuplicateService)?;
        let renew = is_set(pairs, "renew");
        Ok(Self {
            // §2.1.1: with `renew`, and without a service to go back to, gateway means nothing.
            gateway: is_set(pairs, "gateway") && !renew && service.is_some(),
            service: service.map(str::to_owned),
            renew,
            warn: is_set(pairs, "warn"),
            remember: is_set(pairs, "rememberMe"),
            method: Method::parse(first(pairs, "method")),
        })
    }

    /// What a form, or a link to the same page in another language, carries along so that
    /// [`parse`](Self::parse) gives the same again. Without `warn` and `rememberMe`: those are
    /// boxes of the form, ticked in advance when the address says so, and a hidden field beside a
    /// box would make it impossible to clear.
    pub fn to_pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = Vec::new();
        if let Some(service) = &self.service {
            pairs.push(("service", service.as_str()));
        }
        for (name, set) in [("renew", self.renew), ("gateway", self.gateway)] {
            if set {
                pairs.push((name, "true"));
            }
        }
        if self.method != Method::Get {
            pairs.push(("method", self.method.as_str()));
        }
        pairs
    }
}

/// `/logout`. The old `url` parameter is not read: it was an open redirect by design (§2.3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// As it came. One that is there twice leads nowhere.
    pub service: Option<String>,
}

impl LogoutRequest {
    pub fn parse(pairs: &[Pair]) -> Self {
        let service = single(pairs, "service").unwrap_or(None);
        Self {
            service: service.map(str::to_owned),
        }
    }
}

/// The addresses that validate a ticket, and how they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// CAS 1.0: `yes` or `no`.
    Validate,
    ServiceValidate,
    ProxyValidate,
    P3ServiceValidate,
    P3ProxyValidate,
    /// SAML 1.1 (§4.2).
    SamlValidate,
}

impl Endpoint {
    /// Where proxy tickets are valid too (§2.6).
    pub fn takes_proxy_tickets(self) -> bool {
        matches!(self, Self::ProxyValidate | Self::P3ProxyValidate)
    }

    /// Where attributes are told. §2.5.5 permits them at CAS 2.0's addresses, and clients
    /// (`mod_auth_cas` with `CASVersion 2`) look for them there.
    pub fn tells_attributes(self) -> bool {
        self != Self::Validate
    }
}

/// The form of the answer (§2.5.1 `format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Xml,
    Json,
}

impl Format {
    /// XML when nothing is said, nothing for what isn't ours.
    fn parse(pairs: &[Pair]) -> Option<Self> {
        match first(pairs, "format") {
            None => Some(Self::Xml),
            Some(word) if word.eq_ignore_ascii_case("XML") => Some(Self::Xml),
            Some(word) if word.eq_ignore_ascii_case("JSON") => Some(Self::Json),
            Some(_) => None,
        }
    }
}

/// `/validate`, `/serviceValidate`, `/proxyValidate`, with or without `/p3`.
#[derive(Clone, PartialEq, Eq)]
pub struct ValidateRequest {
    /// As it came.
    pub service: String,
    /// As it came, of whatever kind.
    pub ticket: String,
    /// Only a ticket from credentials shown just now is good enough.
    pub renew: bool,
    pub format: Format,
    /// Where a proxy-granting ticket is wanted.
    pub pgt_url: Option<String>,
}

impl std::fmt::Debug for ValidateRequest {
    /// Without the ticket.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ValidateRequest")
            .field("service", &self.service)
            .field("renew", &self.renew)
            .field("format", &self.format)
            .field("pgt_url", &self.pgt_url)
            .finish_non_exhaustive()
    }
}

/// A request that can't be answered by looking at a ticket, and the form to say so in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadValidateRequest {
    pub reason: FailureReason,
    pub format: Format,
}

impl ValidateRequest {
    /// # Errors
    /// [`BadValidateRequest`] without exactly one `service` and one `ticket`, or with a `format`
    /// that isn't ours.
    pub fn parse(endpoint: Endpoint, pairs: &[Pair]) -> Result<Self, BadValidateRequest> {
        let format = match endpoint {
            // CAS 1.0 knows no formats.
            Endpoint::Validate => Format::Xml,
            _ => Format::parse(pairs).ok_or(BadValidateRequest {
                reason: FailureReason::UnknownFormat,
                format: Format::Xml,
            })?,
        };
        let bad = |reason| BadValidateRequest { reason, format };
        let one = |name| {
            single(pairs, name)
                .map_err(|()| bad(FailureReason::DuplicateParameter))?
                .ok_or(bad(FailureReason::MissingParameter))
        };
        Ok(Self {
            service: one("service")?.to_owned(),
            ticket: one("ticket")?.to_owned(),
            renew: is_set(pairs, "renew"),
            format,
            pgt_url: single(pairs, "pgtUrl")
                .map_err(|()| bad(FailureReason::DuplicateParameter))?
                .map(str::to_owned),
        })
    }
}

/// `/proxy` (§2.7.1).
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyRequest {
    /// As it came, of whatever kind.
    pub pgt: String,
    /// As it came: a web address, or any other text that the target is registered by.
    pub target_service: String,
    pub format: Format,
}

impl std::fmt::Debug for ProxyRequest {
    /// Without the ticket.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProxyRequest")
            .field("target_service", &self.target_service)
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

/// A request that names no ticket or no target, and the form to say so in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadProxyRequest {
    pub reason: ProxyFailureReason,
    pub format: Format,
}

impl ProxyRequest {
    /// # Errors
    /// [`BadProxyRequest`] without exactly one `pgt` and one `targetService`, or with a `format`
    /// that isn't ours.
    pub fn parse(pairs: &[Pair]) -> Result<Self, BadProxyRequest> {
        let format = Format::parse(pairs).ok_or(BadProxyRequest {
            reason: ProxyFailureReason::UnknownFormat,
            format: Format::Xml,
        })?;
        let bad = |reason| BadProxyRequest { reason, format };
        let one = |name| {
            single(pairs, name)
                .map_err(|()| bad(ProxyFailureReason::DuplicateParameter))?
                .ok_or(bad(ProxyFailureReason::MissingParameter))
        };
        Ok(Self {
            pgt: one("pgt")?.to_owned(),
            target_service: one("targetService")?.to_owned(),
            format,
        })
    }
}

fn values<'a>(pairs: &'a [Pair], name: &str) -> impl Iterator<Item = &'a str> {
    pairs
        .iter()
        .filter(move |pair| pair.0 == name)
        .map(|pair| pair.1.as_str())
        // An empty value is none: clients send `service=` from an unset variable.
        .filter(|value| !value.is_empty())
}

fn first<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    values(pairs, name).next()
}

/// The value, if there is one, or an error when there are several: a proxy, a client and we may
/// each take another one.
pub(super) fn single<'a>(pairs: &'a [Pair], name: &str) -> Result<Option<&'a str>, ()> {
    let mut found = values(pairs, name);
    let value = found.next();
    match found.next() {
        None => Ok(value),
        Some(_) => Err(()),
    }
}

/// §2.1.1 says “if this parameter is set”, recommends `true`, and clients send `renew=false` on
/// every request. So: set, unless it says no. Whoever writes `renew=1` or `renew=True` gets the
/// stricter behaviour that they asked for.
pub(super) fn is_set(pairs: &[Pair], name: &str) -> bool {
    values(pairs, name).any(|value| {
        !["false", "0", "no", "off"]
            .iter()
            .any(|no| value.eq_ignore_ascii_case(no))
    })
}
