//! Room for devices that wait. Who says to be a public client's shows nothing for it, so a network
//! has so much of it: nobody fills the table for everybody else.

use idp_domain::factors::Limit;
use idp_domain::ids::EventId;
use idp_domain::oidc::{DEVICE_TTL, ErrorCode};
use idp_domain::secrets::Use;
use idp_storage::throttle;
use migrations::Tx;

use crate::config::customer;
use crate::oidc::answer::Fault;
use crate::oidc::client_auth::Client;
use crate::rate;
use crate::visit::Visit;

/// At once of one client. It is out of reach of one customer of a network, and low enough that a guessed user
/// code is hardly ever one of them (RFC 8628 §5.1).
pub const MOST: i64 = 10_000;
/// A device waits as long at most, so no network has more at once.
const A_NETWORK: Limit = Limit::new(100, DEVICE_TTL);
/// One address of a campus is thousands of people's.
const A_CAMPUS_NETWORK: Limit = Limit::new(3_000, DEVICE_TTL);

/// Takes a place of the network that the request comes from, for a client that anybody can say to
/// be; one that showed who it is needs none.
///
/// # Errors
/// [`Fault`]: 429 with the time at which the next place is free. Commit nothing then.
pub async fn take(visit: &mut Visit, tx: &mut Tx, client: &Client) -> Result<(), Fault> {
    if !client.side().is_public() {
        return Ok(());
    }
    let campus = &visit.app.config.limits.campus_networks;
    let limit = if campus.contains(visit.address) {
        A_CAMPUS_NETWORK
    } else {
        A_NETWORK
    };
    // Not by household: one customer has thousands of those.
    let network = customer(visit.address).to_string();
    let parts = [b"device-room".as_slice(), network.as_bytes()];
    let bucket = visit.app.keys.mac(Use::Throttle, &parts);
    let (event, now) = (EventId::new(visit.now, &mut visit.rng), visit.now);
    let reserved = throttle::reserve(tx, event, &bucket, &[limit], now).await?;
    reserved.map_err(|free| {
        let seconds = free.duration_since(now).as_secs().max(1);
        rate::too_many(u32::try_from(seconds).ok()).into()
    })
}

/// All of a client's room is taken.
pub fn none_left() -> Fault {
    Fault::new(
        ErrorCode::TemporarilyUnavailable,
        "too many devices of this client wait already",
    )
    .after(DEVICE_TTL)
}
