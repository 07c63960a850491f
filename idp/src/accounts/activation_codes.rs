//! Codes that a school prints for those who have neither a phone on file nor a password.

use std::collections::HashSet;

use idp_domain::Timestamp;
use idp_domain::accounts::ActivationCode;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId};
use idp_domain::secrets::Keyring;
use idp_storage::activation_codes::{self, Waiting};
use idp_storage::audit::{self, Entry};
use idp_storage::{Db, DbError};
use rand::CryptoRng;

/// People of one transaction: short enough for sign-ins to come between.
const BATCH: i64 = 200;

/// A code and whom to hand it to.
#[derive(Clone, Debug)]
pub struct PrintedCode {
    /// As the school prints it.
    pub number: String,
    pub name: String,
    pub org_path: Option<String>,
    pub code: ActivationCode,
}

/// Makes codes in batches. Each batch is committed before it is given away, so that a code that
/// was seen is good.
#[derive(Debug)]
pub struct CodePrinter<'a> {
    db: &'a Db,
    keys: &'a Keyring,
    org: &'a str,
    expires_at: Timestamp,
    after: String,
    /// A person with two numbers gets one code.
    printed: HashSet<PersonId>,
}

impl<'a> CodePrinter<'a> {
    /// For everybody of the org unit `org` and below (all: `""`) who hasn't activated the account.
    pub fn new(db: &'a Db, keys: &'a Keyring, org: &'a str, expires_at: Timestamp) -> Self {
        Self {
            db,
            keys,
            org,
            expires_at,
            after: String::new(),
            printed: HashSet::new(),
        }
    }

    /// The codes of the next people by number; the ones they had before are worthless from now
    /// on. None when everybody was served.
    ///
    /// # Errors
    /// [`DbError`]; the batch was not made then.
    pub async fn next_batch(
        &mut self,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Option<Vec<PrintedCode>>, DbError> {
        let mut conn = self.db.read().await?;
        let people =
            activation_codes::waiting(&mut conn, &self.after, self.org, now, BATCH).await?;
        drop(conn);
        let Some(last) = people.last() else {
            return Ok(None);
        };
        let after = last.number.clone();
        let new: Vec<Waiting> = people
            .into_iter()
            .filter(|who| self.printed.insert(PersonId(who.person_id)))
            .collect();
        let codes = self.make(new, now, rng).await?;
        self.after = after;
        Ok(Some(codes))
    }

    async fn make(
        &self,
        people: Vec<Waiting>,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<PrintedCode>, DbError> {
        let mut tx = self.db.write().await?;
        let mut codes = Vec::with_capacity(people.len());
        for who in people {
            let person = PersonId(who.person_id);
            let code = ActivationCode::generate(rng);
            activation_codes::set(
                &mut tx,
                person,
                &code.mac(self.keys, person),
                now,
                self.expires_at,
            )
            .await?;
            let row = Entry::new(
                AuditId::new(now, rng),
                now,
                Event::ActivationCodePrinted,
                Outcome::Success,
            );
            audit::record(&mut tx, &row.of(person)).await?;
            codes.push(PrintedCode {
                number: who.display_number,
                name: who.name,
                org_path: who.org_path,
                code,
            });
        }
        tx.commit().await?;
        Ok(codes)
    }
}
