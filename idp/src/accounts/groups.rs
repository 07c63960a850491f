//! Who belongs to which group. Access policies name groups; nothing else hangs on them.

use std::collections::BTreeSet;

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, GroupName};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId};
use idp_storage::audit::{self, Entry};
use idp_storage::{Conn, Db, DbError, groups, persons};
use rand::CryptoRng;

pub use idp_storage::groups::{Group, Member, list, members};

/// Changes of one transaction: the writer is everybody's, and sign-ins go on beside it.
const AT_ONCE: usize = 200;

/// What is to become of the people that a command names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// They belong to the group; others stay.
    Add,
    /// They don't.
    Remove,
    /// They belong to it, and nobody else.
    Replace,
}

/// What a wish comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub add: Vec<PersonId>,
    pub remove: Vec<PersonId>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("{}", nobody(.0))]
    Unknown(Vec<AccountNumber>),
    #[error(transparent)]
    Db(#[from] DbError),
}

fn nobody(numbers: &[AccountNumber]) -> String {
    let lines: Vec<String> = numbers
        .iter()
        .map(|number| format!("nobody has the number {number}"))
        .collect();
    lines.join("\n")
}

/// What has to change. Two numbers of one person are one member.
///
/// # Errors
/// [`PlanError::Unknown`] with every number that nobody has.
pub async fn plan(
    conn: &mut Conn,
    group: &GroupName,
    numbers: &[AccountNumber],
    wish: Wish,
) -> Result<Plan, PlanError> {
    let mut named = BTreeSet::new();
    let mut unknown = Vec::new();
    for number in numbers {
        match persons::id_of_number(conn, number.as_str()).await? {
            Some(person) => _ = named.insert(person),
            None => unknown.push(number.clone()),
        }
    }
    if !unknown.is_empty() {
        return Err(PlanError::Unknown(unknown));
    }
    let present: BTreeSet<PersonId> = groups::persons(conn, group).await?.into_iter().collect();
    let both =
        |a: &BTreeSet<PersonId>, b: &BTreeSet<PersonId>| a.intersection(b).copied().collect();
    let without =
        |a: &BTreeSet<PersonId>, b: &BTreeSet<PersonId>| a.difference(b).copied().collect();
    Ok(match wish {
        Wish::Add => Plan {
            add: without(&named, &present),
            remove: Vec::new(),
        },
        Wish::Remove => Plan {
            add: Vec::new(),
            remove: both(&named, &present),
        },
        Wish::Replace => Plan {
            add: without(&named, &present),
            remove: without(&present, &named),
        },
    })
}

/// Carries a plan out, with an audit row for each change. What another command did in the meantime
/// is no change; after an error the same wish finishes the rest.
///
/// # Errors
/// [`DbError`]
pub async fn apply(
    db: &Db,
    group: &GroupName,
    plan: &Plan,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<(), DbError> {
    let removals = plan.remove.iter().map(|person| (*person, false));
    let additions = plan.add.iter().map(|person| (*person, true));
    // Who has to go goes first: an error on the way leaves too few, not too many.
    let changes: Vec<_> = removals.chain(additions).collect();
    for some in changes.chunks(AT_ONCE) {
        let mut tx = db.write().await?;
        for (person, belongs) in some {
            let changed = if *belongs {
                groups::add(&mut tx, group, *person, now).await?
            } else {
                groups::remove(&mut tx, group, *person).await?
            };
            if changed {
                let id = AuditId::new(now, rng);
                let row = Entry::new(id, now, Event::GroupChanged, Outcome::Success)
                    .of(*person)
                    .with("group", group.as_str())
                    .with("member", *belongs);
                audit::record(&mut tx, &row).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(())
}
