use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::super::{Application, CasSide, LogoutChannel, OutboundUrl, ProvenService, Registry};
use super::{Finding, Trouble};

/// Where our login is, below the issuer.
const LOGIN: &str = "/cas/login";
/// Redirects that are followed before they are taken for a circle.
pub const MOST_REDIRECTS: usize = 5;
/// Of a service that an application sent, as much as is shown.
const SHOWN: usize = 300;

/// Where an answer leads a visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Nowhere: this is what she sees.
    Page(u16),
    /// To our login, with the service that the application named.
    Login { service: Option<String> },
    /// To another address of ours.
    Ours(String),
    /// On, within the application.
    Onward(OutboundUrl),
    /// To another server, by its origin.
    Elsewhere(String),
    /// To what is no address.
    Nowhere(u16),
}

/// Reads an answer to `from`. `issuer` is our own address. Only within the origins of `cas` may be
/// followed.
pub fn landing(
    from: &OutboundUrl,
    status: u16,
    location: Option<&str>,
    issuer: &Url,
    cas: &CasSide,
) -> Landing {
    if !is_redirect(status) {
        return Landing::Page(status);
    }
    let Some(to) = location.and_then(|location| from.url().join(location).ok()) else {
        return Landing::Nowhere(status);
    };
    if is_login(&to, issuer) {
        let named = to.query_pairs().find(|(name, _)| name == "service");
        return Landing::Login {
            service: named.map(|(_, service)| service.into_owned()),
        };
    }
    if let Some(onward) = cas.outbound_within(to.as_str()) {
        return Landing::Onward(onward);
    }
    if to.host_str().is_some() && to.host_str() == issuer.host_str() {
        return Landing::Ours(without_query(&to));
    }
    Landing::Elsewhere(to.origin().ascii_serialization())
}

/// True when an answer to `from` sends its visitor to our login.
pub fn sends_to_login(
    from: &OutboundUrl,
    status: u16,
    location: Option<&str>,
    issuer: &Url,
) -> bool {
    let to = location.and_then(|location| from.url().join(location).ok());
    is_redirect(status) && to.is_some_and(|to| is_login(&to, issuer))
}

fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

fn is_login(url: &Url, issuer: &Url) -> bool {
    url.origin() == issuer.origin() && url.path() == LOGIN
}

fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// What a visitor without a ticket finds, and the service to make a ticket for: the one that the
/// application itself named, where that is its own; `tried` where it has to be tried all the same;
/// nothing where a ticket would lead to nothing.
pub fn login(
    landing: &Landing,
    registry: &Registry,
    application: &Application,
    tried: &ProvenService,
    issuer: &Url,
) -> (Finding, Option<ProvenService>) {
    match landing {
        Landing::Login { service: None } => (Finding::LoginWithoutService, None),
        Landing::Login {
            service: Some(service),
        } => named(service, registry, application),
        Landing::Page(status) => match status {
            404 | 410 => (Finding::NoPage { status: *status }, None),
            500.. => (Finding::Fails { status: *status }, None),
            _ => {
                let finding = Finding::AnswersItself { status: *status };
                (finding, Some(tried.clone()))
            }
        },
        Landing::Ours(address) => {
            let finding = Finding::OtherAddressOfOurs {
                address: shown(address),
                login: format!("{}{LOGIN}", issuer.origin().ascii_serialization()),
            };
            (finding, None)
        }
        Landing::Elsewhere(origin) => {
            let origin = shown(origin);
            (Finding::SendsElsewhere { origin }, None)
        }
        Landing::Nowhere(status) => (Finding::RedirectNowhere { status: *status }, None),
        // The caller followed it until it gave up.
        Landing::Onward(_) => {
            let redirects = MOST_REDIRECTS;
            (Finding::Circles { redirects }, Some(tried.clone()))
        }
    }
}

fn named(
    service: &str,
    registry: &Registry,
    application: &Application,
) -> (Finding, Option<ProvenService>) {
    let finding = match registry.resolve(service) {
        Ok((owner, proven)) if owner.id == application.id => {
            let service = shown(proven.canonical());
            return (Finding::SendsToLogin { service }, Some(proven));
        }
        Ok((owner, _)) => Finding::ServiceOfAnother {
            service: shown(service),
            application: owner.id.clone(),
        },
        Err(refusal) => Finding::ServiceUnregistered {
            service: shown(service),
            refusal: refusal.to_string(),
            twin: twin(service, registry, application),
        },
    };
    (finding, None)
}

/// The service with the other scheme, if that is the application's own: what it is called behind a
/// proxy that it doesn't know of.
fn twin(service: &str, registry: &Registry, application: &Application) -> Option<String> {
    let mut url = Url::parse(service).ok()?;
    let other = if url.scheme() == "http" {
        "https"
    } else {
        "http"
    };
    // Both with a port of its own, and with the one that is the application's behind its proxy.
    let with_port = {
        url.set_scheme(other).ok()?;
        url.clone()
    };
    url.set_port(None).ok()?;
    [with_port, url].into_iter().find_map(|candidate| {
        let (owner, proven) = registry.resolve(candidate.as_str()).ok()?;
        (owner.id == application.id).then(|| shown(proven.canonical()))
    })
}

/// What became of the probe's ticket, as the database says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketSeen {
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    pub consumed_at: Option<Timestamp>,
    /// What the node said that was asked; nothing for a request that it could not judge.
    pub verdict: Option<Verdict>,
}

/// A validation as the audit trail has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Validated,
    /// The service that the application named, where it was noted.
    OtherService(Option<String>),
    /// By its CAS code.
    Refused(String),
}

/// Whether the ticket for `expected` was validated, within `within` of its issue.
pub fn validation(seen: &TicketSeen, expected: &ProvenService, within: SignedDuration) -> Finding {
    let Some(consumed_at) = seen.consumed_at else {
        return Finding::NeverValidated {
            seconds: within.as_secs().unsigned_abs(),
        };
    };
    let took = consumed_at.duration_since(seen.issued_at);
    if consumed_at >= seen.expires_at {
        return Finding::TooLate {
            seconds: took.as_secs(),
        };
    }
    match &seen.verdict {
        Some(Verdict::Validated) => Finding::Validated {
            milliseconds: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        },
        Some(Verdict::OtherService(sent)) => Finding::WrongService {
            sent: sent.as_deref().map(shown),
            expected: shown(expected.canonical()),
        },
        Some(Verdict::Refused(code))
            if matches!(
                code.as_str(),
                "INVALID_PROXY_CALLBACK" | "UNAUTHORIZED_SERVICE_PROXY"
            ) =>
        {
            Finding::ProxyRefused
        }
        Some(Verdict::Refused(code)) => Finding::ValidationRefused { code: code.clone() },
        None => Finding::ValidationUnreadable,
    }
}

/// What the application answered to the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterTicket {
    Landed(Landing),
    NoAnswer(Trouble),
}

/// What its answer says beyond the validation. Where that went wrong, only what may be its cause.
pub fn after_ticket(after: AfterTicket, validated: bool) -> Option<Finding> {
    match after {
        AfterTicket::NoAnswer(trouble) => Some(Finding::NoAnswerToTicket { trouble }),
        AfterTicket::Landed(Landing::Page(status @ 500..)) => {
            Some(Finding::FailsWithTicket { status })
        }
        AfterTicket::Landed(_) if !validated => None,
        AfterTicket::Landed(Landing::Login { .. }) => Some(Finding::SendsBack),
        AfterTicket::Landed(Landing::Page(status @ 400..)) => {
            Some(Finding::RefusesProbe { status })
        }
        AfterTicket::Landed(Landing::Page(status)) => Some(Finding::LetsIn { status }),
        // A page of its own, or of somebody it asks: the login is behind it.
        AfterTicket::Landed(_) => Some(Finding::LetsIn { status: 302 }),
    }
}

/// Why no notice is sent; nothing where our server sends one.
pub fn logout(cas: &CasSide, service: &ProvenService) -> Result<OutboundUrl, Finding> {
    match cas.logout.channel {
        LogoutChannel::None => Err(Finding::LogoutUnwanted),
        LogoutChannel::Front => Err(Finding::LogoutByBrowser),
        LogoutChannel::Back => cas.logout_target(service).ok_or(Finding::LogoutNowhere),
    }
}

/// Other people's text, of bounded length and without what a terminal obeys.
pub fn shown(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect()
}
