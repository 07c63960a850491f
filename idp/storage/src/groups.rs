//! Groups of persons, which access policies name. A group is its members: it begins with the first
//! and ends with the last.

use idp_domain::Timestamp;
use idp_domain::accounts::GroupName;
use idp_domain::ids::PersonId;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    ADD: "INSERT INTO group_members (group_name, person_id, added_at) VALUES ($1, $2, $3)
        ON CONFLICT (group_name, person_id) DO NOTHING";
    REMOVE: "DELETE FROM group_members WHERE group_name = $1 AND person_id = $2";
    /// Each with the smallest of her numbers: people who hold several are one member.
    MEMBERS: "SELECT min(r.display_number) AS display_number, min(r.name) AS name, g.added_at
        FROM group_members g JOIN current_roster r ON r.person_id = g.person_id
        WHERE g.group_name = $1
        GROUP BY g.person_id, g.added_at
        ORDER BY min(r.display_number)";
    PERSONS: "SELECT person_id FROM group_members WHERE group_name = $1";
    LIST: "SELECT group_name, count(*) AS members FROM group_members
        GROUP BY group_name ORDER BY group_name";
}

/// Somebody of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub display_number: String,
    pub name: String,
    pub added_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct MemberRow {
    display_number: String,
    name: String,
    added_at: Micros,
}

/// A group with the number of its members.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Group {
    #[sqlx(rename = "group_name")]
    pub name: String,
    pub members: i64,
}

/// False when the person belongs to it already.
pub async fn add(
    tx: &mut Tx,
    group: &GroupName,
    person: PersonId,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(ADD)
        .bind(group.as_str()).bind(person.0).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// False when the person doesn't belong to it.
pub async fn remove(tx: &mut Tx, group: &GroupName, person: PersonId) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(REMOVE)
        .bind(group.as_str()).bind(person.0).execute(c))?;
    Ok(rows == 1)
}

/// By number.
pub async fn members(conn: &mut Conn, group: &GroupName) -> Result<Vec<Member>, DbError> {
    let rows: Vec<MemberRow> =
        run!(conn, c => sqlx::query_as(MEMBERS).bind(group.as_str()).fetch_all(c))?;
    let members = rows.into_iter().map(|row| Member {
        display_number: row.display_number,
        name: row.name,
        added_at: row.added_at.into(),
    });
    Ok(members.collect())
}

/// The members, in no order.
pub async fn persons(conn: &mut Conn, group: &GroupName) -> Result<Vec<PersonId>, DbError> {
    let ids: Vec<Uuid> =
        run!(conn, c => sqlx::query_scalar(PERSONS).bind(group.as_str()).fetch_all(c))?;
    Ok(ids.into_iter().map(PersonId).collect())
}

/// All groups, by name.
pub async fn list(conn: &mut Conn) -> Result<Vec<Group>, DbError> {
    run!(conn, c => sqlx::query_as(LIST).fetch_all(c))
}
