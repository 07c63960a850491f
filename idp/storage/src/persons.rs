//! Persons, as sign-in and issuing see them.

use idp_domain::Timestamp;
use idp_domain::accounts::Affiliation;
use idp_domain::ids::PersonId;
use idp_domain::secrets::Tag;
use idp_domain::signin::{HeldNumber, Holder, PersonState, Standing};
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

/// The columns of [`HolderRow`].
macro_rules! holder_columns {
    () => {
        "p.id AS person_id, p.state, p.activated_at, p.notice_version,
            EXISTS (SELECT 1 FROM passwords w WHERE w.person_id = p.id AND w.must_change)
                AS must_change_password,
            EXISTS (SELECT 1 FROM contacts b WHERE b.person_id = p.id AND b.kind = 'phone')
                AS phone_bound,
            (SELECT string_agg(g.group_name, ',') FROM group_members g WHERE g.person_id = p.id)
                AS group_names,
            r.display_number, r.number, r.name, r.affiliation, u.path AS org_path,
            r.valid_from, r.valid_until, r.import_seq"
    };
}

/// The joins they need, onto `persons p`.
macro_rules! holder_joins {
    () => {
        "JOIN current_roster r ON r.person_id = p.id
        LEFT JOIN org_units u ON u.id = r.org_unit_id"
    };
}

pub(crate) use {holder_columns, holder_joins};

migrations::statements! {
    /// Phone and admission number are the person's: given with one number, they count for each.
    FOR_SIGN_IN: "SELECT p.id AS person_id, p.state, p.activated_at, p.initial_tries,
            r.number, r.display_number, r.name, r.valid_from, r.valid_until, r.initial_mac,
            coalesce(r.admission_mac, (SELECT o.admission_mac FROM current_roster o
                WHERE o.person_id = p.id AND o.admission_mac IS NOT NULL
                ORDER BY o.number LIMIT 1)) AS admission_mac,
            coalesce(r.phone_enc, (SELECT o.phone_enc FROM current_roster o
                WHERE o.person_id = p.id AND o.phone_enc IS NOT NULL
                ORDER BY o.number LIMIT 1)) AS phone_enc,
            coalesce(r.phone_index, (SELECT o.phone_index FROM current_roster o
                WHERE o.person_id = p.id AND o.phone_enc IS NOT NULL
                ORDER BY o.number LIMIT 1)) AS phone_index,
            w.phc, k.code_mac, k.expires_at AS code_expires_at
        FROM current_roster r JOIN persons p ON p.id = r.person_id
        LEFT JOIN passwords w ON w.person_id = p.id
        LEFT JOIN activation_codes k ON k.person_id = p.id AND k.used_at IS NULL
        WHERE r.number = $1";
    STANDING: "SELECT p.activated_at, p.notice_version,
            w.person_id IS NOT NULL AS has_password,
            coalesce(w.must_change, FALSE) AS must_change_password,
            EXISTS (SELECT 1 FROM contacts b WHERE b.person_id = p.id AND b.kind = 'phone')
                AS phone_bound
        FROM persons p LEFT JOIN passwords w ON w.person_id = p.id
        WHERE p.id = $1";
    HOLDER: concat!("SELECT ", holder_columns!(), " FROM persons p ", holder_joins!(),
        " WHERE p.id = $1");
    /// Contact and secrets that the school gave, of every number of a person: the newest first.
    SCHOOL_DATA: "SELECT r.name, r.display_number, r.id_number_enc, r.phone_enc, r.email_enc,
            r.address_enc, r.initial_mac
        FROM current_roster r WHERE r.person_id = $1 ORDER BY r.import_seq DESC, r.number";
    RESERVE_INITIAL: "UPDATE persons SET initial_tries = initial_tries + 1
        WHERE id = $1 AND initial_tries < $2";
    RELEASE_INITIAL: "UPDATE persons SET initial_tries = initial_tries - 1
        WHERE id = $1 AND initial_tries > 0";
    LIFT_INITIAL: "UPDATE persons SET initial_tries = 0 WHERE id = $1 AND initial_tries > 0";
    LIFT_ALL_INITIAL: "UPDATE persons SET initial_tries = 0
        WHERE initial_tries > 0 AND activated_at IS NULL";
    ACCEPT_NOTICE: "UPDATE persons SET notice_version = $2, notice_accepted_at = $3 WHERE id = $1";
    ACTIVATE: "UPDATE persons SET activated_at = $2 WHERE id = $1 AND activated_at IS NULL";
    OVERTAKE: "UPDATE persons SET not_before = $2 WHERE id = $1 AND not_before < $2";
    HOLD: "UPDATE persons SET state = state WHERE id = $1";
    SET_STATE: "UPDATE persons SET state = $2 WHERE id = $1";
    ID_OF_NUMBER: "SELECT person_id FROM current_roster WHERE number = $1";
}

/// What a sign-in with a number needs to know of its account.
#[derive(Clone, Debug)]
pub struct SignInAccount {
    pub person: PersonId,
    pub state: PersonState,
    pub activated: bool,
    /// Wrong initial passwords so far, in a lifetime.
    pub initial_tries: i64,
    pub number: String,
    pub display_number: String,
    pub name: String,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    pub password_phc: Option<String>,
    pub initial_mac: Option<Tag>,
    pub admission_mac: Option<Tag>,
    pub activation_code: Option<(Tag, Timestamp)>,
    /// The phone that the school had, sealed, with its blind index.
    pub school_phone: Option<(Vec<u8>, Tag)>,
}

impl SignInAccount {
    /// The MAC of a printed code that is still good.
    pub fn live_code(&self, now: Timestamp) -> Option<Tag> {
        self.activation_code
            .filter(|(_, expires_at)| now < *expires_at)
            .map(|(mac, _)| mac)
    }
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    person_id: Uuid,
    state: String,
    activated_at: Option<Micros>,
    initial_tries: i64,
    number: String,
    display_number: String,
    name: String,
    valid_from: Option<Micros>,
    valid_until: Option<Micros>,
    initial_mac: Option<Vec<u8>>,
    admission_mac: Option<Vec<u8>>,
    phone_enc: Option<Vec<u8>>,
    phone_index: Option<Vec<u8>>,
    phc: Option<String>,
    code_mac: Option<Vec<u8>>,
    code_expires_at: Option<Micros>,
}

impl From<SignInRow> for SignInAccount {
    fn from(row: SignInRow) -> Self {
        Self {
            person: PersonId(row.person_id),
            state: PersonState::from_column(&row.state),
            activated: row.activated_at.is_some(),
            initial_tries: row.initial_tries,
            number: row.number,
            display_number: row.display_number,
            name: row.name,
            valid_from: row.valid_from.map(Into::into),
            valid_until: row.valid_until.map(Into::into),
            password_phc: row.phc,
            initial_mac: row.initial_mac.as_deref().map(Tag::from_column),
            admission_mac: row.admission_mac.as_deref().map(Tag::from_column),
            activation_code: row
                .code_mac
                .as_deref()
                .map(Tag::from_column)
                .zip(row.code_expires_at.map(Into::into)),
            school_phone: row
                .phone_enc
                .zip(row.phone_index.as_deref().map(Tag::from_column)),
        }
    }
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct HolderRow {
    pub(crate) person_id: Uuid,
    state: String,
    activated_at: Option<Micros>,
    must_change_password: bool,
    phone_bound: bool,
    notice_version: Option<String>,
    /// With commas between, which no name of a group has.
    group_names: Option<String>,
    display_number: String,
    number: String,
    name: String,
    affiliation: String,
    org_path: Option<String>,
    valid_from: Option<Micros>,
    valid_until: Option<Micros>,
    import_seq: i64,
}

/// One holder from the rows of its numbers. A number whose affiliation we can't read is left out.
pub(crate) fn gather(rows: impl Iterator<Item = HolderRow>) -> Option<Holder> {
    let mut holder: Option<Holder> = None;
    for row in rows {
        let holder = holder.get_or_insert_with(|| Holder {
            person: PersonId(row.person_id),
            state: PersonState::from_column(&row.state),
            activated: row.activated_at.is_some(),
            must_change_password: row.must_change_password,
            phone_bound: row.phone_bound,
            notice_version: row.notice_version.clone(),
            numbers: Vec::new(),
            groups: names(row.group_names.as_deref()),
            probes: None,
        });
        if let Ok(affiliation) = Affiliation::parse(&row.affiliation) {
            holder.numbers.push(HeldNumber {
                display: row.display_number,
                number: row.number,
                name: row.name,
                affiliation,
                org: row.org_path,
                valid_from: row.valid_from.map(Into::into),
                valid_until: row.valid_until.map(Into::into),
                import_seq: row.import_seq,
            });
        }
    }
    holder
}

/// In one order on both engines.
fn names(joined: Option<&str>) -> Vec<String> {
    let mut names: Vec<_> = joined
        .iter()
        .flat_map(|j| j.split(','))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}

/// What the school gave for one of a person's numbers.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SchoolData {
    pub name: String,
    pub display_number: String,
    pub id_number_enc: Option<Vec<u8>>,
    pub phone_enc: Option<Vec<u8>>,
    pub email_enc: Option<Vec<u8>>,
    pub address_enc: Option<Vec<u8>>,
    pub initial_mac: Option<Vec<u8>>,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    activated_at: Option<Micros>,
    notice_version: Option<String>,
    has_password: bool,
    must_change_password: bool,
    phone_bound: bool,
}

/// The account of a canonical number.
pub async fn for_sign_in(conn: &mut Conn, number: &str) -> Result<Option<SignInAccount>, DbError> {
    let row: Option<SignInRow> =
        run!(conn, c => sqlx::query_as(FOR_SIGN_IN).bind(number).fetch_optional(c))?;
    Ok(row.map(Into::into))
}

pub async fn id_of_number(conn: &mut Conn, number: &str) -> Result<Option<PersonId>, DbError> {
    let id: Option<Uuid> =
        run!(conn, c => sqlx::query_scalar(ID_OF_NUMBER).bind(number).fetch_optional(c))?;
    Ok(id.map(PersonId))
}

/// What the person already has; `None` for nobody.
pub async fn standing(conn: &mut Conn, person: PersonId) -> Result<Option<Standing>, DbError> {
    let row: Option<StandingRow> =
        run!(conn, c => sqlx::query_as(STANDING).bind(person.0).fetch_optional(c))?;
    Ok(row.map(|row| Standing {
        activated: row.activated_at.is_some(),
        has_password: row.has_password,
        must_change_password: row.must_change_password,
        notice_version: row.notice_version,
        phone_bound: row.phone_bound,
    }))
}

/// All that decides whether something may be issued.
pub async fn holder(conn: &mut Conn, person: PersonId) -> Result<Option<Holder>, DbError> {
    let rows: Vec<HolderRow> = run!(conn, c => sqlx::query_as(HOLDER).bind(person.0).fetch_all(c))?;
    Ok(gather(rows.into_iter()))
}

/// What the school gave for each of the person's numbers.
pub async fn school_data(conn: &mut Conn, person: PersonId) -> Result<Vec<SchoolData>, DbError> {
    run!(conn, c => sqlx::query_as(SCHOOL_DATA).bind(person.0).fetch_all(c))
}

/// Takes one of the `most` wrong initial passwords of a lifetime before it is compared; false
/// when none is left.
pub async fn reserve_initial_try(
    tx: &mut Tx,
    person: PersonId,
    most: i64,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(RESERVE_INITIAL).bind(person.0).bind(most).execute(c))?;
    Ok(rows == 1)
}

/// Gives the try back: it was right.
pub async fn release_initial_try(tx: &mut Tx, person: PersonId) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(RELEASE_INITIAL).bind(person.0).execute(c))?;
    Ok(())
}

/// Lifts the cap of one person, or of everybody not yet activated; gives their number.
pub async fn lift_initial_cap(tx: &mut Tx, person: Option<PersonId>) -> Result<u64, DbError> {
    match person {
        Some(person) => run!(tx, c => sqlx::query(LIFT_INITIAL).bind(person.0).execute(c)),
        None => run!(tx, c => sqlx::query(LIFT_ALL_INITIAL).execute(c)),
    }
}

pub async fn accept_notice(
    tx: &mut Tx,
    person: PersonId,
    version: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(ACCEPT_NOTICE)
        .bind(person.0).bind(version).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

/// Ends the activation wizard; true for exactly one caller.
pub async fn activate(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ACTIVATE)
        .bind(person.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// No session or sign-in that began before `now` counts any more (SES-10).
pub async fn overtake(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(OVERTAKE).bind(person.0).bind(Micros::from(now)).execute(c))?;
    Ok(())
}

/// Takes the person's row: others who do wait until this transaction ends.
pub async fn hold(tx: &mut Tx, person: PersonId) -> Result<(), DbError> {
    run!(tx, c => sqlx::query(HOLD).bind(person.0).execute(c))?;
    Ok(())
}

pub async fn set_state(tx: &mut Tx, person: PersonId, state: PersonState) -> Result<bool, DbError> {
    let rows =
        run!(tx, c => sqlx::query(SET_STATE).bind(person.0).bind(state.as_str()).execute(c))?;
    Ok(rows == 1)
}
