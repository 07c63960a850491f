//! The tree of schools, departments and offices. A unit is made when the first person in it is
//! imported, and stays.

use idp_domain::accounts::OrgPath;
use idp_domain::ids::OrgUnitId;
use migrations::run;
use uuid::Uuid;

use crate::{Conn, DbError, Tx};

migrations::statements! {
    BY_PATH: "SELECT id FROM org_units WHERE path = $1";
    /// Nothing happens where another import made the unit at the same moment.
    INSERT: "INSERT INTO org_units (id, parent_id, name, path) VALUES ($1, $2, $3, $4)
        ON CONFLICT (path) DO NOTHING";
}

/// The unit at `path`, if there is one.
pub async fn by_path(conn: &mut Conn, path: &OrgPath) -> Result<Option<OrgUnitId>, DbError> {
    let id: Option<Uuid> =
        run!(conn, c => sqlx::query_scalar(BY_PATH).bind(path.as_str()).fetch_optional(c))?;
    Ok(id.map(OrgUnitId))
}

/// The unit at `path`; it and those above it are made where they are missing, with ids from
/// `new_id`.
pub async fn ensure(
    tx: &mut Tx,
    path: &OrgPath,
    mut new_id: impl FnMut() -> OrgUnitId,
) -> Result<OrgUnitId, DbError> {
    let mut parent: Option<OrgUnitId> = None;
    for unit in path.ancestors() {
        let id = match by_path(tx, &unit).await? {
            Some(id) => id,
            None => make(tx, &unit, parent, new_id()).await?,
        };
        parent = Some(id);
    }
    // A path has at least one name, so the loop ran.
    parent.ok_or_else(|| DbError::from(sqlx::Error::RowNotFound))
}

async fn make(
    tx: &mut Tx,
    unit: &OrgPath,
    parent: Option<OrgUnitId>,
    id: OrgUnitId,
) -> Result<OrgUnitId, DbError> {
    let made = run!(tx, c => sqlx::query(INSERT)
        .bind(id.0)
        .bind(parent.map(|p| p.0))
        .bind(unit.name())
        .bind(unit.as_str())
        .execute(c))?;
    if made == 1 {
        return Ok(id);
    }
    let other = by_path(tx, unit).await?;
    other.ok_or_else(|| DbError::from(sqlx::Error::RowNotFound))
}
