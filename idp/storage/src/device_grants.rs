//! Devices that wait for a person to let them in (RFC 8628). She decides once, and one poll fetches
//! what she gave: each is a guarded UPDATE.

use idp_domain::Timestamp;
use idp_domain::applications::ApplicationId;
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::authorize::DeviceRequest;
use idp_domain::secrets::Tag;
use migrations::run;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Conn, DbError, Micros, Tx};

migrations::statements! {
    /// Unless so many of the application wait, or the code is one that is taken.
    CREATE: "INSERT INTO device_grants (device_hash, user_code_mac, authorization_id,
            application_id, request, poll_seconds, created_at, expires_at)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8
        WHERE (SELECT count(*) FROM device_grants
            WHERE application_id = $4 AND state = 'pending' AND expires_at > $7) < $9
        ON CONFLICT (user_code_mac) DO NOTHING";
    WAITING: "SELECT application_id, request FROM device_grants
        WHERE user_code_mac = $1 AND state = 'pending' AND expires_at > $2";
    APPROVE: "UPDATE device_grants
        SET state = 'approved', grant_id = $3, number = $4, subject = $5, request = $6
        WHERE user_code_mac = $1 AND state = 'pending' AND expires_at > $2";
    DENY: "UPDATE device_grants SET state = 'denied'
        WHERE user_code_mac = $1 AND state = 'pending' AND expires_at > $2";
    FIND: "SELECT authorization_id, application_id, request, state, grant_id, number, subject,
            polled_at, expires_at
        FROM device_grants WHERE device_hash = $1";
    /// Not before its time; half a second is the network's.
    PACE: "UPDATE device_grants SET polled_at = $2
        WHERE device_hash = $1 AND state = 'pending'
            AND (polled_at IS NULL OR polled_at + poll_seconds * 1000000 <= $2 + 500000)";
    SLOW: "UPDATE device_grants SET polled_at = $2, poll_seconds = poll_seconds + $3
        WHERE device_hash = $1 AND state = 'pending'";
    CONSUME: "UPDATE device_grants SET state = 'consumed'
        WHERE device_hash = $1 AND state = 'approved' AND expires_at > $2";
}

/// A device to be kept, under the hashes of its two codes.
#[derive(Clone, Debug)]
pub struct NewDevice<'a> {
    pub device: Tag,
    pub user_code: Tag,
    /// Of the authorization that it may get.
    pub authorization: AuthorizationId,
    pub application: &'a ApplicationId,
    pub request: &'a DeviceRequest,
    /// Between two polls.
    pub poll_seconds: u32,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

/// False when `most` of this application wait already, or another device has this user code.
pub async fn create(tx: &mut Tx, new: &NewDevice<'_>, most: i64) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(CREATE)
        .bind(new.device.as_bytes())
        .bind(new.user_code.as_bytes())
        .bind(new.authorization.0)
        .bind(new.application.as_str())
        .bind(Json(new.request))
        .bind(i64::from(new.poll_seconds))
        .bind(Micros::from(new.created_at))
        .bind(Micros::from(new.expires_at))
        .bind(most)
        .execute(c))?;
    Ok(rows == 1)
}

/// A device about which nobody has decided yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    pub application: String,
    pub request: DeviceRequest,
}

/// The device of a user code; one that was decided about and one that is too late are none.
pub async fn waiting(
    conn: &mut Conn,
    user_code: &Tag,
    now: Timestamp,
) -> Result<Option<Waiting>, DbError> {
    let row: Option<(String, Json<DeviceRequest>)> = run!(conn, c => sqlx::query_as(WAITING)
        .bind(user_code.as_bytes()).bind(Micros::from(now)).fetch_optional(c))?;
    Ok(row.map(|(application, request)| Waiting {
        application,
        request: request.0,
    }))
}

/// A person's yes.
#[derive(Clone, Copy, Debug)]
pub struct Approval<'a> {
    pub grant: GrantId,
    /// As the grant has them at this moment: a code of the session may change those.
    pub number: &'a str,
    pub subject: &'a str,
    /// With what she gave.
    pub request: &'a DeviceRequest,
}

/// Lets it in; true for exactly one caller.
pub async fn approve(
    tx: &mut Tx,
    user_code: &Tag,
    approval: &Approval<'_>,
    now: Timestamp,
) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(APPROVE)
        .bind(user_code.as_bytes())
        .bind(Micros::from(now))
        .bind(approval.grant.0)
        .bind(approval.number)
        .bind(approval.subject)
        .bind(Json(approval.request))
        .execute(c))?;
    Ok(rows == 1)
}

/// Turns it away; true for exactly one caller.
pub async fn deny(tx: &mut Tx, user_code: &Tag, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(DENY)
        .bind(user_code.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}

/// What became of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    Pending,
    Approved,
    Denied,
    /// It has its tokens, or lost the right to them.
    Consumed,
}

impl DeviceState {
    fn parse(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "approved" => Self::Approved,
            "denied" => Self::Denied,
            // What nobody of ours wrote is good for nothing.
            _ => Self::Consumed,
        }
    }
}

/// A device as its row says.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub authorization: AuthorizationId,
    pub application: String,
    pub request: DeviceRequest,
    pub state: DeviceState,
    pub grant: Option<GrantId>,
    /// Canonical account number that the application knows the person by.
    pub number: Option<String>,
    pub subject: Option<String>,
    /// The last poll that was noted.
    pub polled_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct DeviceRow {
    authorization_id: Uuid,
    application_id: String,
    request: Json<DeviceRequest>,
    state: String,
    grant_id: Option<Uuid>,
    number: Option<String>,
    subject: Option<String>,
    polled_at: Option<Micros>,
    expires_at: Micros,
}

/// The device of a device code, whatever became of it.
pub async fn find(conn: &mut Conn, device: &Tag) -> Result<Option<Device>, DbError> {
    let row: Option<DeviceRow> =
        run!(conn, c => sqlx::query_as(FIND).bind(device.as_bytes()).fetch_optional(c))?;
    Ok(row.map(|row| Device {
        authorization: AuthorizationId(row.authorization_id),
        application: row.application_id,
        request: row.request.0,
        state: DeviceState::parse(&row.state),
        grant: row.grant_id.map(GrantId),
        number: row.number,
        subject: row.subject,
        polled_at: row.polled_at.map(Into::into),
        expires_at: row.expires_at.into(),
    }))
}

/// Notes a poll. False for one that came too early: from then on `penalty` seconds more lie between
/// two (RFC 8628 §3.5).
pub async fn poll(
    tx: &mut Tx,
    device: &Tag,
    penalty: u32,
    now: Timestamp,
) -> Result<bool, DbError> {
    let now = Micros::from(now);
    let rows = run!(tx, c => sqlx::query(PACE).bind(device.as_bytes()).bind(now).execute(c))?;
    if rows == 1 {
        return Ok(true);
    }
    run!(tx, c => sqlx::query(SLOW)
        .bind(device.as_bytes()).bind(now).bind(i64::from(penalty)).execute(c))?;
    Ok(false)
}

/// Fetches what it was given; true for exactly one caller.
pub async fn consume(tx: &mut Tx, device: &Tag, now: Timestamp) -> Result<bool, DbError> {
    let rows = run!(tx, c => sqlx::query(CONSUME)
        .bind(device.as_bytes()).bind(Micros::from(now)).execute(c))?;
    Ok(rows == 1)
}
