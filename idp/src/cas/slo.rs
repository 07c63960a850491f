//! Single logout (CAS 3.0.3 §2.3.3): who is told of the end of a session, where, and what came of
//! it. The registry of now decides, not the one of the sign-in: nobody is asked who isn't
//! registered any more (TKT-08, XML-06).

use idp_domain::applications::doctor::sends_to_login;
use idp_domain::applications::{ApplicationId, LogoutChannel, OutboundUrl, Registry};
use idp_domain::cas::{LOGOUT_PARAMETER, front_channel_value, render_logout_request};
use idp_domain::ids::{GrantId, Sid};
use idp_domain::secrets::Use;
use idp_storage::logouts::{self, Notice, NoticeState};
use idp_storage::outbox::{self, Leased};
use idp_storage::{DbError, Tx};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use url::Url;

use crate::app::App;
use crate::egress::{Answer, EgressError};
use crate::visit::Visit;

/// After the first, the second and the third try in vain, give or take a fifth; then it is given
/// up (XML-06).
const RETRY_AFTER: [SignedDuration; 3] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
];

/// Who delivers a notice.
enum Channel {
    Back(OutboundUrl),
    Front(OutboundUrl),
    /// Nobody, and why.
    None(&'static str),
}

fn channel(registry: &Registry, application: &str, service: &str) -> Channel {
    let entry = ApplicationId::parse(application)
        .ok()
        .and_then(|id| registry.get(&id).cloned());
    let (Some(entry), Ok((owner, service))) = (entry, registry.resolve(service)) else {
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

/// The document, the same id at each try (XML-09): an XML name made of the grant's.
fn document(app: &App, notice: &Notice, ticket: &[u8], now: Timestamp) -> Option<String> {
    let place = notice.grant.0;
    let ticket = app
        .keys
        .open(Use::LogoutTicket, place.as_bytes(), ticket)
        .ok()?;
    let ticket = String::from_utf8(ticket).ok()?;
    Some(written(notice.grant, &notice.number, &ticket, now))
}

/// The document as every application gets it.
pub(super) fn written(grant: GrantId, number: &str, ticket: &str, now: Timestamp) -> String {
    render_logout_request(&format!("LR-{grant}"), now, number, ticket)
}

/// What came of a try.
enum Verdict {
    Settled(NoticeState, Option<String>),
    Again(String),
}

impl Verdict {
    fn failed(reason: impl Into<String>) -> Self {
        Self::Settled(NoticeState::Failed, Some(reason.into()))
    }

    fn skipped(reason: &str) -> Self {
        Self::Settled(NoticeState::Skipped, Some(reason.to_owned()))
    }
}

/// One try of a notice that this node leased.
///
/// # Errors
/// [`DbError`] when what came of it can't be kept; the lease runs out, and it is tried again.
pub async fn deliver(app: &App, leased: &Leased) -> Result<(), DbError> {
    let grant = GrantId(leased.id.0);
    let notice = logouts::notice(&mut app.db.read().await?, grant).await?;
    let verdict = match notice {
        Some(notice) => attempt(app, leased, &notice).await,
        None => Verdict::skipped("swept"),
    };
    settle(app, leased, grant, verdict).await
}

async fn attempt(app: &App, leased: &Leased, notice: &Notice) -> Verdict {
    let registry = app.applications.current();
    let to = match channel(&registry, &notice.application, &notice.service) {
        Channel::Back(to) => to,
        Channel::Front(_) => return Verdict::skipped("no_browser"),
        Channel::None(reason) => return Verdict::skipped(reason),
    };
    let Some(document) = document(app, notice, &leased.payload_enc, app.clock.now()) else {
        tracing::error!(grant = %notice.grant, "a ticket for a logout notice can't be opened");
        return Verdict::failed("unreadable");
    };
    let form = [(LOGOUT_PARAMETER, document.as_str())];
    let outcome = app.egress.post_form(&to, &form).await;
    if let Err(error) = &outcome {
        tracing::info!(application = %notice.application, %error, "a logout notice");
    }
    judge(&to, outcome, app.config.server.issuer.url())
}

/// A 2xx is an answer of who signs out (CAS 3.0.3 §2.3.3.2). A redirect to our login comes from an
/// application that got the notice and knows nobody in it: because it just ended the session, as
/// `mod_auth_cas` does, or because it reads no notices. Another redirect or a refusal would be the
/// same next time; anything else may pass.
fn judge(to: &OutboundUrl, outcome: Result<Answer, EgressError>, issuer: &Url) -> Verdict {
    match outcome {
        Ok(Answer {
            status, location, ..
        }) => match status {
            200..=299 => Verdict::Settled(NoticeState::Delivered, None),
            _ if sends_to_login(to, status, location.as_deref(), issuer) => {
                Verdict::Settled(NoticeState::Told, Some(format!("status_{status}")))
            }
            status @ (408 | 429) => Verdict::Again(format!("status_{status}")),
            status @ 300..=499 => Verdict::failed(format!("status_{status}")),
            status => Verdict::Again(format!("status_{status}")),
        },
        Err(error @ (EgressError::Forbidden(_) | EgressError::Unwritable)) => {
            Verdict::failed(error.result())
        }
        Err(error) => Verdict::Again(error.result().to_owned()),
    }
}

async fn settle(
    app: &App,
    leased: &Leased,
    grant: GrantId,
    verdict: Verdict,
) -> Result<(), DbError> {
    let now = app.clock.now();
    let attempts = leased.attempts;
    let mut tx = app.db.write().await?;
    let (state, reason) = match verdict {
        Verdict::Settled(state, reason) => (state, reason),
        Verdict::Again(reason) => {
            let next_at = retry_at(app, attempts, now);
            let state = next_at.map_or(NoticeState::Failed, |_| NoticeState::Retrying);
            if let Some(next_at) = next_at
                && outbox::retry(&mut tx, leased, next_at).await?
            {
                logouts::attempted(&mut tx, grant, attempts, &reason).await?;
            }
            (state, Some(reason))
        }
    };
    if state != NoticeState::Retrying {
        logouts::settle(&mut tx, grant, state, attempts, reason.as_deref(), now).await?;
    }
    tx.commit().await?;
    metrics::counter!("logout_notices_total", "result" => state.as_str()).increment(1);
    Ok(())
}

/// When the try after this one is due; nothing after the last.
fn retry_at(app: &App, attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let index = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let after = RETRY_AFTER.get(index)?;
    // So that what failed together doesn't come back together.
    let percent = app.entropy.rng().random_range(80..=120_i64);
    let millis = i64::try_from(after.as_millis()).ok()? * percent / 100;
    now.checked_add(SignedDuration::from_millis(millis)).ok()
}

/// Leaves to the browser what only the browser can deliver, in the transaction of its sign-out;
/// true when there is something.
pub async fn hand_over(visit: &Visit, tx: &mut Tx, logout: Sid) -> Result<bool, DbError> {
    let registry = visit.app.applications.current();
    let mut handed = false;
    let told = logouts::applications(tx, logout).await?;
    if !told.iter().any(|id| is_told_by_browser(&registry, id)) {
        return Ok(handed);
    }
    for notice in logouts::notices(tx, logout, NoticeState::Waiting).await? {
        let channel = channel(&registry, &notice.application, &notice.service);
        if matches!(channel, Channel::Front(_)) {
            handed |= logouts::hand_over(tx, notice.grant, visit.now).await?;
        }
    }
    Ok(handed)
}

fn is_told_by_browser(registry: &Registry, application: &str) -> bool {
    let id = ApplicationId::parse(application).ok();
    let cas = id.and_then(|id| registry.get(&id)?.cas.clone());
    cas.is_some_and(|cas| cas.logout.channel == LogoutChannel::Front)
}

/// A notice that a page has the browser deliver.
#[derive(Debug)]
pub struct Frame {
    pub application: String,
    pub url: String,
    /// For `frame-src`.
    pub origin: String,
}

/// What was left to the browser and isn't on any page yet: each is given once.
pub async fn frames(visit: &Visit, logout: Sid) -> Result<Vec<Frame>, DbError> {
    let app = &visit.app;
    let registry = app.applications.current();
    let state = NoticeState::Handed;
    let handed = logouts::notices(&mut app.db.read().await?, logout, state).await?;
    let mut frames = Vec::new();
    if handed.is_empty() {
        return Ok(frames);
    }
    let mut tx = app.db.write().await?;
    for notice in handed {
        let channel = channel(&registry, &notice.application, &notice.service);
        let document = document(app, &notice, &notice.ticket_enc, visit.now);
        let (Channel::Front(to), Some(document)) = (channel, document) else {
            continue;
        };
        if logouts::show(&mut tx, notice.grant, visit.now).await? {
            metrics::counter!("logout_notices_total", "result" => "shown").increment(1);
            frames.push(Frame {
                application: notice.application,
                origin: to.url().origin().ascii_serialization(),
                url: with_document(&to, &document),
            });
        }
    }
    tx.commit().await?;
    Ok(frames)
}

/// The front-channel address with the document and nothing else about the person (XML-07).
fn with_document(to: &OutboundUrl, document: &str) -> String {
    let mut url = to.url().clone();
    url.query_pairs_mut()
        .append_pair(LOGOUT_PARAMETER, &front_channel_value(document));
    url.into()
}
