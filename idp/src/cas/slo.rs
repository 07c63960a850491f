//! How CAS services are told of a logout (CAS 3.0.3 §2.3.3).

use idp_domain::applications::doctor::sends_to_login;
use idp_domain::applications::{Application, LogoutChannel, OutboundUrl, Registry};
use idp_domain::cas::{LOGOUT_PARAMETER, front_channel_value, render_logout_request};
use idp_domain::ids::GrantId;
use idp_domain::secrets::Use;
use idp_storage::logouts::Notice;
use jiff::Timestamp;
use url::Url;

use crate::app::App;
use crate::egress::Answer;
use crate::logout::{Channel, Protocol, Words, application};

pub const SLO: Protocol = Protocol {
    channel,
    words,
    by_browser,
    is_told,
};

fn channel(registry: &Registry, notice: &Notice) -> Channel {
    let entry = application(registry, &notice.application);
    let (Some(entry), Ok((owner, service))) = (entry, registry.resolve(&notice.service)) else {
        return Channel::None("unregistered");
    };
    let Some(cas) = entry.cas.as_ref().filter(|_| owner.id == entry.id) else {
        return Channel::None("unregistered");
    };
    match (cas.logout_target(&service), cas.logout.channel) {
        (Some(url), LogoutChannel::Back) => Channel::Back(url),
        (Some(url), LogoutChannel::Front) => Channel::Front(url),
        (_, LogoutChannel::None) => Channel::None("channel_none"),
        (None, _) => Channel::None("no_address"),
    }
}

fn by_browser(application: &Application) -> bool {
    let cas = application.cas.as_ref();
    cas.is_some_and(|cas| cas.logout.channel == LogoutChannel::Front)
}

/// The document and nothing else about the person (XML-07).
fn words(
    app: &App,
    _: &Registry,
    notice: &Notice,
    channel: &Channel,
    now: Timestamp,
) -> Option<Words> {
    let document = document(app, notice, now)?;
    let value = match channel {
        Channel::Front(_) => front_channel_value(&document),
        Channel::Back(_) | Channel::None(_) => document,
    };
    Some(vec![(LOGOUT_PARAMETER, value)])
}

/// The document, the same id at each try (XML-09): an XML name made of the grant's.
fn document(app: &App, notice: &Notice, now: Timestamp) -> Option<String> {
    let place = notice.grant.0;
    let sealed = &notice.ticket_enc;
    let ticket = app
        .keys
        .open(Use::LogoutTicket, place.as_bytes(), sealed)
        .ok()?;
    let ticket = String::from_utf8(ticket).ok()?;
    Some(written(notice.grant, &notice.number, &ticket, now))
}

/// The document as every application gets it.
pub(super) fn written(grant: GrantId, number: &str, ticket: &str, now: Timestamp) -> String {
    render_logout_request(&format!("LR-{grant}"), now, number, ticket)
}

/// A redirect to our login comes from an application that got the notice and knows nobody in it:
/// because it just ended the session, as `mod_auth_cas` does, or because it reads no notices.
fn is_told(to: &OutboundUrl, answer: &Answer, issuer: &Url) -> bool {
    sends_to_login(to, answer.status, answer.location.as_deref(), issuer)
}
