//! What only the browser can deliver: notices in frames of a page that the person sees anyway.

use idp_domain::ids::Sid;
use idp_storage::logouts::{self, NoticeState};
use idp_storage::{DbError, Tx};

use super::{Channel, application, channel, words};
use crate::visit::Visit;

/// Leaves to the browser what only the browser can deliver, in the transaction of its sign-out;
/// true when there is something.
pub(super) async fn hand_over(visit: &Visit, tx: &mut Tx, logout: Sid) -> Result<bool, DbError> {
    let app = &visit.app;
    let registry = app.applications.current();
    let mut handed = false;
    let told = logouts::applications(tx, logout).await?;
    let by_browser = |(id, protocol): &(String, String)| {
        let application = application(&registry, id);
        let protocol = (app.protocols)(protocol);
        matches!((application, protocol), (Some(a), Some(p)) if (p.by_browser)(&a))
    };
    if !told.iter().any(by_browser) {
        return Ok(handed);
    }
    for notice in logouts::notices(tx, logout, NoticeState::Waiting).await? {
        if matches!(channel(app, &registry, &notice), Channel::Front(_)) {
            handed |= logouts::hand_over(tx, notice.grant, visit.now).await?;
        }
    }
    Ok(handed)
}

/// A notice that a page has the browser deliver.
#[derive(Debug)]
pub(super) struct Frame {
    pub application: String,
    pub url: String,
    /// For `frame-src`.
    pub origin: String,
}

/// What was left to the browser and isn't on any page yet: each is given once.
pub(super) async fn frames(visit: &Visit, logout: Sid) -> Result<Vec<Frame>, DbError> {
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
        let channel = channel(app, &registry, &notice);
        let words = words(app, &registry, &notice, &channel, visit.now);
        let (Channel::Front(to), Some(words)) = (channel, words) else {
            continue;
        };
        if logouts::show(&mut tx, notice.grant, visit.now).await? {
            metrics::counter!("logout_notices_total", "result" => "shown").increment(1);
            let mut url = to.url().clone();
            if !words.is_empty() {
                url.query_pairs_mut().extend_pairs(words);
            }
            frames.push(Frame {
                application: notice.application,
                origin: to.url().origin().ascii_serialization(),
                url: url.into(),
            });
        }
    }
    tx.commit().await?;
    Ok(frames)
}
