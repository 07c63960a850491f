//! Sessions, and what was given in them.

use idp_domain::applications::ApplicationId;
use idp_domain::ids::{GrantId, PersonId, Sid};
use idp_storage::logouts;
use idp_storage::sessions::{self, EndedSession};
use idp_storage::tickets::{self, LogoutNotice, NewTicket};
use idp_storage::{Db, Tx};

use crate::support::{at, id, session, tag};

pub const LANE: &str = "lib.example.edu:443";

pub const NOTICES: &str = "SELECT count(*) FROM logout_notices";

pub const MESSAGES: &str =
    "SELECT count(*) FROM outbox WHERE kind IN ('cas_logout', 'oidc_logout')";

pub fn grant(seed: usize) -> GrantId {
    GrantId(id(2_000_000 + seed))
}

/// A ticket for the library; `told` at logout, or not.
pub async fn issue(tx: &mut Tx, sid: Sid, seed: usize, told: bool) {
    let ticket = NewTicket {
        hash: tag(seed),
        grant: grant(seed),
        sid,
        application: &ApplicationId::parse("library").unwrap(),
        number: "s1",
        service: "https://lib.example.edu/app",
        logout: told.then(|| LogoutNotice {
            lane: LANE.to_owned(),
            ticket_enc: format!("sealed {seed}").into_bytes(),
        }),
        proxied_by: None,
        from_new_login: true,
        issued_at: at(0),
        expires_at: at(10),
    };
    tickets::issue(tx, &ticket).await.unwrap();
}

/// A session of this seed with tickets of these.
pub async fn session_with(db: &Db, person: PersonId, seed: usize, tickets: &[usize]) -> Sid {
    let mut tx = db.write().await.unwrap();
    let (_, sid) = session(&mut tx, person, seed).await;
    for seed in tickets {
        issue(&mut tx, sid, *seed, true).await;
    }
    tx.commit().await.unwrap();
    sid
}

/// What a client of OpenID Connect has in a session: one grant, however often it asked.
pub async fn enter(tx: &mut Tx, sid: Sid, seed: usize) {
    let sql = "INSERT INTO grants (id, sid, application_id, protocol, created_at, number, subject,
            lane) VALUES ($1, $2, 'mail', 'oidc', $3, 's1', 'subject of s1', $4)";
    migrations::run!(tx, c => sqlx::query(sql)
        .bind(grant(seed).0)
        .bind(sid.0)
        .bind(at(0).as_microsecond())
        .bind("mail.example.edu:443")
        .execute(c))
    .unwrap();
}

/// Ends the session of this seed and opens its ledger, as every caller does.
pub async fn end(db: &Db, seed: usize, second: i64) -> Option<(EndedSession, u64)> {
    let mut tx = db.write().await.unwrap();
    let ended = sessions::end(&mut tx, &tag(seed), "signed_out", at(second))
        .await
        .unwrap()?;
    let notices = logouts::open(&mut tx, &ended, "signed_out", None, at(second))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Some((ended, notices))
}
