//! The device grant (RFC 8628): a device without a keyboard asks, a person lets it in from
//! elsewhere, the device fetches its tokens (`token/device.rs`).

mod decide;
mod room;
mod verify;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::AuthorizationId;
use idp_domain::oidc::authorize::DeviceRequest;
use idp_domain::oidc::{DEVICE_TTL, DeviceCode, UserCode};
use idp_domain::signin::DEVICE_PAGE;
use idp_storage::audit;
use idp_storage::device_grants::{self, NewDevice};
use serde_json::json;

pub use self::decide::{arrive, goal};
pub use self::verify::{show, submit};
use super::answer::{self, Fault};
use super::form::Form;
use super::{address, client_auth};
use crate::visit::Visit;

/// Seconds between two polls, and how many more for who comes too early (§3.5).
pub const POLL_SECONDS: u32 = 5;

/// `POST /oidc/device` (§3.1)
pub async fn ask(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answered = match Form::read(&parts.headers, body).await {
        Ok(form) => keep(&mut visit, &parts.headers, &form).await,
        Err(fault) => Err(fault),
    };
    answer::finish(&visit, &parts.headers, answered)
}

async fn keep(visit: &mut Visit, headers: &HeaderMap, form: &Form) -> Result<Response, Fault> {
    let client = client_auth::authenticate(visit, headers, form).await?;
    let resources = form.all("resource").map(str::to_owned).collect();
    let request = DeviceRequest::check(client.side(), form.get("scope"), resources)?;
    let device = DeviceCode::generate(&mut visit.rng);
    let user_code = UserCode::generate(&mut visit.rng);
    let now = visit.now;
    let row = NewDevice {
        device: device.hash(),
        user_code: user_code.mac(&visit.app.keys),
        authorization: AuthorizationId::new(now, &mut visit.rng),
        application: &client.application().id,
        request: &request,
        poll_seconds: POLL_SECONDS,
        created_at: now,
        expires_at: now.checked_add(DEVICE_TTL).unwrap_or(Timestamp::MAX),
    };
    let entry = visit
        .audit(Event::DeviceAsked, Outcome::Success)
        .at_application(client.application().id.as_str())
        .with("scope", request.scopes.to_string())
        .with("authorization", row.authorization.to_string());
    let mut tx = visit.app.db.write().await?;
    room::take(visit, &mut tx, &client).await?;
    if !device_grants::create(&mut tx, &row, room::MOST).await? {
        return Err(room::none_left());
    }
    // A row for each that anybody asks for would be the asker's to write; what a person decides
    // about one, and what it fetches, stands there in any case.
    if !client.side().is_public() {
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    metrics::counter!("oidc_devices_asked_total").increment(1);
    let page = address(visit, DEVICE_PAGE);
    answer::document(&json!({
        "device_code": device.as_str(),
        "user_code": user_code.to_string(),
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={user_code}"),
        "expires_in": DEVICE_TTL.as_secs(),
        "interval": POLL_SECONDS,
    }))
}
