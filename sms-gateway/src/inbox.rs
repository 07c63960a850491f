use std::fmt;

use jiff::Timestamp;
use migrations::{Db, DbError, Micros, Tx, run, statements};
use serde::Serialize;
use uuid::Uuid;

use crate::{PhoneNumber, store};

statements! {
    RECEIVE: "INSERT INTO sms_inbox (id, number, body, received_at) VALUES ($1, $2, $3, $4)";
    LIST: "SELECT number, body, received_at FROM sms_inbox
        ORDER BY received_at DESC, id DESC LIMIT $1";
    LIST_OF_NUMBER: "SELECT number, body, received_at FROM sms_inbox WHERE number = $1
        ORDER BY received_at DESC, id DESC LIMIT $2";
    COUNT: "SELECT count(*) FROM sms_inbox";
    PURGE: "DELETE FROM sms_inbox WHERE id IN
        (SELECT id FROM sms_inbox WHERE received_at <= $1 LIMIT $2)";
}

/// The provider that sends nothing and keeps messages to be read here, for demo and tests.
#[derive(Clone, Debug)]
pub struct Inbox {
    db: Db,
}

/// A message as a phone would show it. `Debug` hides the text, which has a code in it (SMS-12).
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct InboxMessage {
    /// E.164
    pub number: String,
    pub body: String,
    pub received_at: Timestamp,
}

impl fmt::Debug for InboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InboxMessage({})", self.received_at)
    }
}

impl Inbox {
    /// The inbox of a database that has the tables of [`migrations::SMS`].
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// The newest messages first, at most `limit`, to one number or to all.
    pub async fn messages(
        &self,
        to: Option<&PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<InboxMessage>, DbError> {
        let mut conn = self.db.read().await?;
        let limit = i64::from(limit);
        let rows: Vec<(String, String, Micros)> = match to {
            Some(number) => run!(conn, c => sqlx::query_as(LIST_OF_NUMBER)
                .bind(number.as_e164())
                .bind(limit)
                .fetch_all(c))?,
            None => run!(conn, c => sqlx::query_as(LIST).bind(limit).fetch_all(c))?,
        };
        let message = |(number, body, received_at): (String, String, Micros)| InboxMessage {
            number,
            body,
            received_at: received_at.into(),
        };
        Ok(rows.into_iter().map(message).collect())
    }

    /// How many messages are kept.
    pub async fn count(&self) -> Result<u64, DbError> {
        let mut conn = self.db.read().await?;
        let count: i64 = run!(conn, c => sqlx::query_scalar(COUNT).fetch_one(c))?;
        Ok(count.try_into().unwrap_or_default())
    }

    pub(crate) async fn receive(
        &self,
        tx: &mut Tx,
        id: Uuid,
        to: &PhoneNumber,
        body: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        run!(tx, c => sqlx::query(RECEIVE)
            .bind(id)
            .bind(to.as_e164())
            .bind(body)
            .bind(Micros::from(now))
            .execute(c))?;
        Ok(())
    }

    pub(crate) async fn purge(&self, now: Timestamp) -> Result<u64, DbError> {
        store::purge_with(&self.db, PURGE, store::before(now, store::DAY)).await
    }
}
