//! What an import would do: every good line against what is published.

use std::collections::HashMap;

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, IdNumber, InitialRule};
use idp_domain::ids::PersonId;
use idp_domain::secrets::{Keyring, Tag};
use idp_storage::roster::{self, IdHolder, Known};
use idp_storage::{Conn, DbError, imports};
use rand::CryptoRng;

use super::Progress;
use super::column::Column;
use super::line::Record;
use super::report::{BadLine, Counts, Warning};

/// Lines looked up before the connection is given back for a moment.
const LOOKUP_LINES: usize = 500;

/// A line that changes something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    /// Index of the record.
    pub(super) record: usize,
    pub(super) person: PersonId,
    /// The person has to be made first.
    pub(super) first: bool,
    pub(super) digest: Tag,
}

/// What would be written on top of the import `basis`.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) basis: i64,
    /// In the order of the file, but a line that makes a person before the others of that person.
    pub(super) changes: Vec<Change>,
    pub(super) counts: Counts,
    pub(super) bad: Vec<BadLine>,
    pub(super) warnings: Vec<Warning>,
}

/// What is published of the numbers and id numbers of the file.
#[derive(Debug, Default)]
pub(super) struct Published {
    known: HashMap<AccountNumber, Known>,
    holders: HashMap<Tag, Vec<IdHolder>>,
}

/// Looks up every line.
pub(super) async fn look_up(
    db: &idp_storage::Db,
    keys: &Keyring,
    records: &[Record],
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(i64, Published), DbError> {
    let mut published = Published::default();
    let basis = imports::latest(&mut db.read().await?).await?;
    // Before the first import there is nothing to find.
    if basis == 0 {
        return Ok((basis, published));
    }
    let total = records.len() as u64;
    for (batch, lines) in records.chunks(LOOKUP_LINES).enumerate() {
        progress(Progress::Planning {
            done: (batch * LOOKUP_LINES) as u64,
            total,
        });
        let mut conn = db.read().await?;
        for record in lines {
            published.look_up(&mut conn, keys, record).await?;
        }
    }
    Ok((basis, published))
}

impl Published {
    async fn look_up(
        &mut self,
        conn: &mut Conn,
        keys: &Keyring,
        record: &Record,
    ) -> Result<(), DbError> {
        let known = roster::known(conn, &record.number).await?;
        let id_number = record.id_number.as_ref().map(|n| n.index(keys));
        let same = known
            .as_ref()
            .is_some_and(|known| known.id_number_index() == id_number);
        if let Some(known) = known {
            self.known.insert(record.number.clone(), known);
        }
        if let Some(id_number) = id_number
            && !same
            && !self.holders.contains_key(&id_number)
        {
            self.holders
                .insert(id_number, roster::id_holders(conn, &id_number).await?);
        }
        Ok(())
    }
}

/// The terms of a plan.
pub(super) struct Terms<'a> {
    pub(super) keys: &'a Keyring,
    pub(super) rule: InitialRule,
    pub(super) reassign: bool,
    pub(super) now: Timestamp,
}

/// Decides on every line. `rng` makes the ids of new persons.
pub(super) fn plan(
    terms: &Terms<'_>,
    records: &[Record],
    basis: i64,
    published: &Published,
    rng: &mut impl CryptoRng,
) -> Plan {
    let mut planner = Planner {
        terms,
        published,
        in_file: HashMap::new(),
        plan: Plan {
            basis,
            ..Plan::default()
        },
    };
    // A known number may bring the id number of its holder for the first time, and then decides
    // whose it is for the lines around it.
    let (known, unknown): (Vec<usize>, Vec<usize>) =
        (0..records.len()).partition(|i| published.known.contains_key(&records[*i].number));
    for index in known.into_iter().chain(unknown) {
        planner.decide(index, &records[index], rng);
    }
    let mut plan = planner.plan;
    plan.changes
        .sort_by_key(|change| (!change.first, change.record));
    plan.warnings = warnings(terms.keys, records, &plan);
    plan.counts.refused = plan.bad.len() as u64;
    plan
}

struct Planner<'a> {
    terms: &'a Terms<'a>,
    published: &'a Published,
    /// Whose an id number is, by an earlier line.
    in_file: HashMap<Tag, PersonId>,
    plan: Plan,
}

/// Whose an id number is.
enum Owner {
    Nobody,
    Person(PersonId),
    Administrator,
    Several,
}

enum Verdict {
    Unchanged,
    Changed(PersonId),
    Alias(PersonId),
    New,
    Reassigned(Option<PersonId>),
    Bad(Column, &'static str),
}

const ADMINISTRATOR: &str = "belongs to an administrator, whom no import changes";
const SEVERAL: &str = "is the id number of several people in the database";

impl Planner<'_> {
    fn decide(&mut self, index: usize, record: &Record, rng: &mut impl CryptoRng) {
        let digest = record.digest(self.terms.keys, self.terms.rule);
        let id_number = record.id_number.as_ref().map(|n| n.index(self.terms.keys));
        let verdict = match self.published.known.get(&record.number) {
            Some(known) => self.of_known(known, id_number, digest),
            None => self.of_unknown(id_number),
        };
        let counts = &mut self.plan.counts;
        let (person, count) = match verdict {
            Verdict::Unchanged => {
                counts.unchanged += 1;
                return;
            }
            Verdict::Bad(column, reason) => {
                self.plan.bad.push(BadLine {
                    line: record.line,
                    column: Some(column),
                    reason: reason.to_owned(),
                });
                return;
            }
            Verdict::Changed(person) => (Some(person), &mut counts.changed),
            Verdict::Alias(person) => (Some(person), &mut counts.aliases),
            Verdict::New => (None, &mut counts.new),
            Verdict::Reassigned(person) => (person, &mut counts.reassigned),
        };
        *count += 1;
        let first = person.is_none();
        let person = person.unwrap_or_else(|| PersonId::new(self.terms.now, rng));
        if let Some(id_number) = id_number {
            self.in_file.insert(id_number, person);
        }
        self.plan.changes.push(Change {
            record: index,
            person,
            first,
            digest,
        });
    }

    fn of_known(&self, known: &Known, id_number: Option<Tag>, digest: Tag) -> Verdict {
        let holder = known.person();
        if known.digest() == digest {
            return Verdict::Unchanged;
        }
        if known.administrator {
            return Verdict::Bad(Column::Number, ADMINISTRATOR);
        }
        let before = known.id_number_index();
        if before == id_number {
            return Verdict::Changed(holder);
        }
        let Some(id_number) = id_number else {
            return Verdict::Bad(
                Column::IdNumber,
                "is empty, but this number is known with one",
            );
        };
        match self.owner(id_number) {
            Owner::Several => Verdict::Bad(Column::IdNumber, SEVERAL),
            Owner::Administrator => Verdict::Bad(Column::IdNumber, ADMINISTRATOR),
            Owner::Person(owner) if owner == holder => Verdict::Changed(holder),
            Owner::Nobody if before.is_none() => Verdict::Changed(holder),
            _ if !self.terms.reassign => Verdict::Bad(
                Column::IdNumber,
                "isn't the id number that this number is known with; to give the number to \
                 another person, import with --reassign",
            ),
            Owner::Person(owner) => Verdict::Reassigned(Some(owner)),
            Owner::Nobody => Verdict::Reassigned(None),
        }
    }

    fn of_unknown(&self, id_number: Option<Tag>) -> Verdict {
        match id_number.map_or(Owner::Nobody, |n| self.owner(n)) {
            Owner::Nobody => Verdict::New,
            Owner::Person(person) => Verdict::Alias(person),
            Owner::Administrator => Verdict::Bad(Column::IdNumber, ADMINISTRATOR),
            Owner::Several => Verdict::Bad(Column::IdNumber, SEVERAL),
        }
    }

    fn owner(&self, id_number: Tag) -> Owner {
        match self.published.holders.get(&id_number).map(Vec::as_slice) {
            Some([_, _, ..]) => Owner::Several,
            Some([holder]) if holder.administrator => Owner::Administrator,
            Some([holder]) => Owner::Person(holder.person()),
            _ => self
                .in_file
                .get(&id_number)
                .map_or(Owner::Nobody, |p| Owner::Person(*p)),
        }
    }
}

fn warnings(keys: &Keyring, records: &[Record], plan: &Plan) -> Vec<Warning> {
    let mut phones: HashMap<&str, Vec<&Change>> = HashMap::new();
    let mut names: HashMap<Tag, &Record> = HashMap::new();
    let mut warnings = Vec::new();
    for change in &plan.changes {
        let record = &records[change.record];
        if let Some(phone) = &record.phone {
            phones.entry(phone.as_str()).or_default().push(change);
        }
        if let Some(id_number) = record.id_number.as_ref().map(|n: &IdNumber| n.index(keys)) {
            let first = names.entry(id_number).or_insert(record);
            if first.name != record.name {
                warnings.push(Warning::OtherName {
                    line: record.line,
                    first: first.line,
                });
            }
        }
    }
    for changes in phones.into_values() {
        if changes
            .iter()
            .all(|change| change.person == changes[0].person)
        {
            continue;
        }
        let phone = records[changes[0].record].phone.as_ref();
        warnings.push(Warning::SharedPhone {
            masked: phone
                .map(idp_domain::accounts::PhoneNumber::masked)
                .unwrap_or_default(),
            lines: changes
                .iter()
                .map(|change| records[change.record].line)
                .collect(),
        });
    }
    warnings.sort_by_key(|warning| match warning {
        Warning::SharedPhone { lines, .. } => lines.first().copied().unwrap_or(0),
        Warning::OtherName { line, .. } => *line,
    });
    warnings
}
