//! One try of a notice by our server, and what comes of it.

use idp_domain::applications::OutboundUrl;
use idp_domain::ids::GrantId;
use idp_storage::DbError;
use idp_storage::logouts::{self, Notice, NoticeState};
use idp_storage::outbox::{self, Leased};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

use super::{Channel, channel, words};
use crate::app::App;
use crate::egress::{Answer, EgressError};

/// After the first, the second and the third try in vain, give or take a fifth; then it is given
/// up (XML-06).
const RETRY_AFTER: [SignedDuration; 3] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
];

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
        Some(notice) => attempt(app, &notice).await,
        None => Verdict::skipped("swept"),
    };
    settle(app, leased, grant, verdict).await
}

async fn attempt(app: &App, notice: &Notice) -> Verdict {
    let registry = app.applications.current();
    let channel = channel(app, &registry, notice);
    let to = match &channel {
        Channel::Back(to) => to,
        Channel::Front(_) => return Verdict::skipped("no_browser"),
        Channel::None(reason) => return Verdict::skipped(reason),
    };
    let Some(words) = words(app, &registry, notice, &channel, app.clock.now()) else {
        tracing::error!(grant = %notice.grant, "a logout notice can't be made");
        return Verdict::failed("unreadable");
    };
    let form: Vec<(&str, &str)> = words.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let outcome = app.egress.post_form(to, &form).await;
    if let Err(error) = &outcome {
        tracing::info!(application = %notice.application, %error, "a logout notice");
    }
    judge(app, &notice.protocol, to, outcome)
}

/// A 2xx is an answer of who signs out (CAS 3.0.3 §2.3.3.2, Back-Channel Logout 1.0 §2.8). Another
/// redirect or a refusal would be the same next time; anything else may pass.
fn judge(
    app: &App,
    protocol: &str,
    to: &OutboundUrl,
    outcome: Result<Answer, EgressError>,
) -> Verdict {
    let issuer = app.config.server.issuer.url();
    let is_told = |answer: &Answer| {
        (app.protocols)(protocol).is_some_and(|protocol| (protocol.is_told)(to, answer, issuer))
    };
    match outcome {
        Ok(answer) => match answer.status {
            200..=299 => Verdict::Settled(NoticeState::Delivered, None),
            status if is_told(&answer) => {
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
