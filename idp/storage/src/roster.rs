//! What the school says of people, as an import looks it up and writes it. Everybody else reads
//! it through the view `current_roster`.

use idp_domain::Timestamp;
use idp_domain::accounts::{AccountNumber, Affiliation, IdKind, PersonName, Sex};
use idp_domain::ids::{OrgUnitId, PersonId};
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

/// Rows of one INSERT: 23 values each, far below the 32,766 that SQLite takes.
const INSERT_ROWS: usize = 50;

macro_rules! is_administrator {
    () => {
        "EXISTS (SELECT 1 FROM roles o WHERE o.person_id = r.person_id) AS administrator"
    };
}

migrations::statements! {
    BY_NUMBER: concat!("SELECT r.number, r.person_id, r.id_number_index, r.digest, ",
        is_administrator!(), " FROM current_roster r WHERE r.number = $1");
    BY_ID_NUMBER: concat!("SELECT DISTINCT r.person_id, ", is_administrator!(),
        " FROM current_roster r WHERE r.id_number_index = $1");
}

/// A value that is sealed, and found by its blind index.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub sealed: Vec<u8>,
    pub index: Tag,
}

/// What one line of an import says of the holder of a number.
#[derive(Clone, Debug)]
pub struct Row {
    pub number: AccountNumber,
    pub person: PersonId,
    /// As the school prints it.
    pub display_number: String,
    pub name: PersonName,
    pub sex: Option<Sex>,
    pub affiliation: Affiliation,
    pub org_unit: Option<OrgUnitId>,
    pub id_number: Option<(IdKind, Sealed)>,
    pub phone: Option<Sealed>,
    pub email: Option<Sealed>,
    /// Sealed; nobody is looked up by it.
    pub address: Option<Vec<u8>>,
    pub initial_mac: Option<Tag>,
    pub admission_mac: Option<Tag>,
    pub valid_from: Option<Timestamp>,
    /// The first moment that is not valid any more.
    pub valid_until: Option<Timestamp>,
    /// Keyed MAC of all that the line says, to see that nothing changed.
    pub digest: Tag,
}

/// What is published of a number.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Known {
    pub number: String,
    person_id: Uuid,
    id_number_index: Option<Vec<u8>>,
    digest: Vec<u8>,
    pub administrator: bool,
}

impl Known {
    pub fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }

    pub fn id_number_index(&self) -> Option<Tag> {
        self.id_number_index.as_deref().map(Tag::from_column)
    }

    pub fn digest(&self) -> Tag {
        Tag::from_column(&self.digest)
    }
}

/// A person who holds a number with a certain id number.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct IdHolder {
    person_id: Uuid,
    pub administrator: bool,
}

impl IdHolder {
    pub fn person(&self) -> PersonId {
        PersonId(self.person_id)
    }
}

/// What is published of a number.
pub async fn known(conn: &mut Conn, number: &AccountNumber) -> Result<Option<Known>, DbError> {
    run!(conn, c => sqlx::query_as(BY_NUMBER).bind(number.as_str()).fetch_optional(c))
}

/// Who holds a number with this id number: one person, unless a roster was wrong.
pub async fn id_holders(conn: &mut Conn, id_number: &Tag) -> Result<Vec<IdHolder>, DbError> {
    run!(conn, c => sqlx::query_as(BY_ID_NUMBER).bind(id_number.as_bytes()).fetch_all(c))
}

/// Makes persons of this moment.
pub async fn insert_persons(
    tx: &mut Tx,
    persons: &[PersonId],
    now: Timestamp,
) -> Result<(), DbError> {
    let now = Micros::from(now);
    for persons in persons.chunks(INSERT_ROWS) {
        run!(tx, c => async {
            let mut query = QueryBuilder::new("INSERT INTO persons (id, created_at) ");
            query.push_values(persons, |mut row, person| {
                row.push_bind(person.0).push_bind(now);
            });
            query.build().execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Adds rows to the import `seq`, unseen until it is published.
pub async fn insert(tx: &mut Tx, seq: i64, rows: &[Row]) -> Result<(), DbError> {
    for rows in rows.chunks(INSERT_ROWS) {
        run!(tx, c => async {
            let mut query = QueryBuilder::new(
                "INSERT INTO roster (number, import_seq, person_id, display_number, name, sex,
                    affiliation, org_unit_id, id_kind, id_number_enc, id_number_index, phone_enc,
                    phone_index, email_enc, email_index, address_enc, initial_mac, admission_mac, valid_from,
                    valid_until, digest) ",
            );
            query.push_values(rows, |mut values, row| {
                let (id_kind, id_number) = row.id_number.as_ref().map(|(kind, n)| (kind, n)).unzip();
                values
                    .push_bind(row.number.as_str())
                    .push_bind(seq)
                    .push_bind(row.person.0)
                    .push_bind(row.display_number.as_str())
                    .push_bind(row.name.as_str())
                    .push_bind(row.sex.map(Sex::as_str))
                    .push_bind(row.affiliation.as_str())
                    .push_bind(row.org_unit.map(|unit| unit.0))
                    .push_bind(id_kind.map(|kind| kind.as_str()))
                    .push_bind(id_number.map(|n| n.sealed.as_slice()))
                    .push_bind(id_number.map(|n| n.index.as_bytes()))
                    .push_bind(row.phone.as_ref().map(|p| p.sealed.as_slice()))
                    .push_bind(row.phone.as_ref().map(|p| p.index.as_bytes()))
                    .push_bind(row.email.as_ref().map(|e| e.sealed.as_slice()))
                    .push_bind(row.email.as_ref().map(|e| e.index.as_bytes()))
                    .push_bind(row.address.as_deref())
                    .push_bind(row.initial_mac.as_ref().map(Tag::as_bytes))
                    .push_bind(row.admission_mac.as_ref().map(Tag::as_bytes))
                    .push_bind(row.valid_from.map(Micros::from))
                    .push_bind(row.valid_until.map(Micros::from))
                    .push_bind(row.digest.as_bytes());
            });
            query.build().execute(c).await.map(|_| ())
        })?;
    }
    Ok(())
}
