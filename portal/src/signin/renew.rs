//! Tokens that run out are renewed by the server while somebody uses the hall. By that the hall
//! also learns that the session at the provider is over, within an access token's life.
//!
//! A refresh token is good once (RFC 9700 §4.14.2): who comes with it again is a thief, but for the
//! few seconds in which a lost answer is asked for again. So a renewal is finished whoever leaves,
//! its answer is kept before anything else is asked, and a token that may have been used for longer
//! than those seconds is not sent: the session ends here, and a click begins another.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::session::{Inside, Person, Session, renew_at};
use crate::app::App;
use crate::provider::{BadAnswer, Kept};
use crate::refusal::Refusal;
use crate::store::sessions::{self, Row};

/// Longer than an answer is waited for ([`crate::Config::PATIENCE`]).
const CLAIM: SignedDuration = SignedDuration::from_secs(5);
/// After it was first sent, a refresh token may be sent again for so long. Our provider gives the
/// same answer for ten seconds after it got it; this leaves two for the way.
const AGAIN_WITHIN: SignedDuration = SignedDuration::from_secs(8);
/// While the provider is away, a session goes on with what it has, and tries again after this.
const LATER: SignedDuration = SignedDuration::from_secs(30);
/// The same where an answer was lost.
const SOON: SignedDuration = SignedDuration::from_secs(1);
/// So long a page waits for a renewal; then it is shown with what there is.
const PAGE_WAITS: Duration = Duration::from_secs(2);

/// The session with renewed tokens where they run out; none when it is over at the provider.
pub(super) async fn if_due(
    app: &Arc<App>,
    session: Session,
    now: Timestamp,
) -> Result<Option<Session>, Refusal> {
    if session.row.renew_at().is_none_or(|at| at > now) {
        return Ok(Some(session));
    }
    let renewal = Renewal {
        app: Arc::clone(app),
        session: session.clone(),
    };
    // A browser that goes away takes its request with it, not this.
    let renewed = tokio::spawn(renewal.run());
    match tokio::time::timeout(PAGE_WAITS, renewed).await {
        Ok(Ok(Ok(Outcome::Renewed(renewed)))) => Ok(Some(*renewed)),
        Ok(Ok(Ok(Outcome::Over))) => Ok(None),
        Ok(Ok(Ok(Outcome::Unchanged))) | Err(_) => Ok(Some(session)),
        Ok(Ok(Err(refusal))) => Err(refusal),
        Ok(Err(panicked)) => {
            tracing::error!(%panicked, "a renewal");
            Err(Refusal::INTERNAL)
        }
    }
}

/// What came of a renewal.
enum Outcome {
    Renewed(Box<Session>),
    /// The session is over at the provider, or might as well be.
    Over,
    /// Somebody else renews, or nobody can now: what there is serves.
    Unchanged,
}

/// What a claim gives.
struct Claim {
    until: Timestamp,
    /// When the token was first sent.
    sent_at: Timestamp,
    /// It may have been used, by a renewal before this one or by one whose answer didn't come.
    in_doubt: bool,
}

struct Renewal {
    app: Arc<App>,
    session: Session,
}

impl Renewal {
    async fn run(self) -> Result<Outcome, Refusal> {
        let _under_way = Arc::clone(&self.app.renewals).read_owned().await;
        let Some(mut claim) = self.claim().await? else {
            return Ok(Outcome::Unchanged);
        };
        if claim.in_doubt && self.is_too_late(&claim) {
            tracing::warn!("a renewal was lost: whether its refresh token was used isn't known");
            return self.end("lost").await;
        }
        match self.ask(&mut claim).await? {
            Ok((tokens, until)) => self.keep(tokens, until).await,
            Err(BadAnswer::Lost(reason)) => {
                tracing::warn!(reason, "the answer to a renewal is lost");
                self.put_off(&claim, SOON).await
            }
            Err(BadAnswer::Away(reason) | BadAnswer::Refused(reason)) => {
                tracing::warn!(reason, "tokens can't be renewed now");
                let pause = if claim.in_doubt { SOON } else { LATER };
                self.put_off(&claim, pause).await
            }
            // The provider's session is over, or somebody else speaks for it.
            Err(BadAnswer::Ended) => self.end("ended").await,
            Err(BadAnswer::Untrusted(reason)) => {
                tracing::warn!(reason, "renewed tokens are not believed");
                self.end("ended").await
            }
        }
    }

    /// None: somebody else has it.
    async fn claim(&self) -> Result<Option<Claim>, Refusal> {
        let row = &self.session.row;
        let now = self.app.ambient.now();
        let until = after(now, CLAIM);
        let mut tx = self.app.db.write().await?;
        let sent_at = sessions::claim(&mut tx, row.id, row.version, until, now).await?;
        tx.commit().await?;
        Ok(sent_at.map(|sent_at| Claim {
            until,
            sent_at,
            in_doubt: sent_at.as_microsecond() != now.as_microsecond(),
        }))
    }

    fn is_too_late(&self, claim: &Claim) -> bool {
        self.app.ambient.now() > after(claim.sent_at, AGAIN_WITHIN)
    }

    /// Asks, and once more at once where the answer was lost.
    async fn ask(
        &self,
        claim: &mut Claim,
    ) -> Result<Result<(Kept, Timestamp), BadAnswer>, Refusal> {
        let answer = self.refresh().await;
        let Err(BadAnswer::Lost(reason)) = &answer else {
            return Ok(answer);
        };
        tracing::info!(
            reason,
            "the answer to a renewal is lost and asked for again"
        );
        claim.in_doubt = true;
        if self.is_too_late(claim) || !self.prolong(claim).await? {
            return Ok(answer);
        }
        Ok(self.refresh().await)
    }

    async fn refresh(&self) -> Result<(Kept, Timestamp), BadAnswer> {
        let Session { row, inside } = &self.session;
        let (provider, now) = (&self.app.provider, self.app.ambient.now());
        let config = &self.app.config;
        provider
            .refresh(config, &row.subject, &inside.tokens, now)
            .await
    }

    async fn prolong(&self, claim: &mut Claim) -> Result<bool, Refusal> {
        let row = &self.session.row;
        let until = after(self.app.ambient.now(), CLAIM);
        let mut tx = self.app.db.write().await?;
        let ours = sessions::prolong(&mut tx, row.id, row.version, claim.until, until).await?;
        tx.commit().await?;
        claim.until = until;
        Ok(ours)
    }

    /// Keeps the tokens, and only then asks what there is to tell of the person.
    async fn keep(self, tokens: Kept, until: Timestamp) -> Result<Outcome, Refusal> {
        let Session { mut row, inside } = self.session;
        let (app, at) = (&self.app, renew_at(&tokens, until));
        let person = inside.person;
        let mut inside = Inside { person, tokens };
        let sealed = inside.seal(app, row.id);
        let mut tx = app.db.write().await?;
        let kept = sessions::renewed(&mut tx, row.id, row.version, &sealed, at).await?;
        tx.commit().await?;
        if !kept {
            return still_there(app, row).await;
        }
        row.version += 1;
        metrics::counter!("hall_renewals_total", "outcome" => "renewed").increment(1);
        let (access, now) = (&inside.tokens.access, app.ambient.now());
        let told = app
            .provider
            .userinfo(&app.config, &row.subject, access, now);
        match told.await.map(|told| Person::of(&told)) {
            Ok(person) if person != inside.person => {
                inside.person = person;
                let sealed = inside.seal(app, row.id);
                let mut tx = app.db.write().await?;
                let kept = sessions::told(&mut tx, row.id, row.version, &sealed).await?;
                tx.commit().await?;
                if !kept {
                    return still_there(app, row).await;
                }
                row.version += 1;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "userinfo"),
        }
        Ok(Outcome::Renewed(Box::new(Session { row, inside })))
    }

    async fn put_off(self, claim: &Claim, pause: SignedDuration) -> Result<Outcome, Refusal> {
        let row = self.session.row;
        let again = after(self.app.ambient.now(), pause);
        let sent_at = claim.in_doubt.then_some(claim.sent_at);
        let mut tx = self.app.db.write().await?;
        let (id, version) = (row.id, row.version);
        let ours = sessions::put_off(&mut tx, id, version, claim.until, again, sent_at).await?;
        tx.commit().await?;
        metrics::counter!("hall_renewals_total", "outcome" => "put_off").increment(1);
        if ours {
            Ok(Outcome::Unchanged)
        } else {
            still_there(&self.app, row).await
        }
    }

    async fn end(self, word: &'static str) -> Result<Outcome, Refusal> {
        let row = self.session.row;
        let mut tx = self.app.db.write().await?;
        let ended = sessions::end_version(&mut tx, row.id, row.version).await?;
        tx.commit().await?;
        metrics::counter!("hall_renewals_total", "outcome" => word).increment(1);
        if ended {
            Ok(Outcome::Over)
        } else {
            still_there(&self.app, row).await
        }
    }
}

/// Somebody was quicker: renewed the session, or ended it.
async fn still_there(app: &App, row: Row) -> Result<Outcome, Refusal> {
    let mut conn = app.db.read().await?;
    let found = sessions::exists(&mut conn, row.id).await?;
    Ok(if found {
        Outcome::Unchanged
    } else {
        Outcome::Over
    })
}

fn after(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}
