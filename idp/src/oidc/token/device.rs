//! A device asks whether it was let in (RFC 8628 §3.4, §3.5).

use idp_domain::Timestamp;
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::{DeviceCode, ErrorCode};
use idp_domain::secrets::Tag;
use idp_storage::audit;
use idp_storage::device_grants::{self, Device, DeviceState};
use jiff::SignedDuration;
use migrations::Tx;

use super::redeemed::{Redeemed, Ripe};
use super::{Asked, invalid_grant, target};
use crate::oidc::answer::Fault;
use crate::oidc::device::POLL_SECONDS;
use crate::oidc::one_use::Noted;
use crate::oidc::tokens::Given;
use crate::visit::Visit;

/// Between two polls this is no matter of clocks or of the network.
const HURRY: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn redeem(visit: &mut Visit, asked: &Asked) -> Result<Given, Fault> {
    let text = asked.required("device_code", "device_code is missing")?;
    let code = DeviceCode::parse(text).map_err(|_| invalid_grant())?;
    let hash = code.hash();
    // What never was a code costs a read: the writer is everybody's.
    let found = device_grants::find(&mut visit.app.db.read().await?, &hash).await?;
    let own = asked.client.application().id.as_str();
    let Some(device) = found.filter(|device| device.application == own) else {
        return Err(invalid_grant());
    };
    match device.state {
        DeviceState::Consumed => Err(invalid_grant()),
        DeviceState::Denied => Err(denied()),
        _ if visit.now >= device.expires_at => Err(Fault::new(
            ErrorCode::ExpiredToken,
            "nobody let the device in, or it came too late; it may ask anew",
        )),
        DeviceState::Pending if is_hurried(&device, visit.now) => Err(slow_down()),
        DeviceState::Pending => Err(pending(visit, &hash).await?),
        DeviceState::Approved => fetch(visit, asked, &hash, &device).await,
    }
}

fn denied() -> Fault {
    let why = "the person did not let the device in, or signed out";
    Fault::new(ErrorCode::AccessDenied, why)
}

/// Long before its time, so that the answer is clear without a note: who polls as fast as the wire
/// lets it must not take the writer from everybody.
fn is_hurried(device: &Device, now: Timestamp) -> bool {
    let since = device.polled_at.map(|last| now.duration_since(last));
    since.is_some_and(|since| since < HURRY && !since.is_negative())
}

fn slow_down() -> Fault {
    let why = "the device asks too often: 5 seconds more lie between two requests now";
    Fault::new(ErrorCode::SlowDown, why)
}

async fn pending(visit: &Visit, hash: &Tag) -> Result<Fault, Fault> {
    let mut tx = visit.app.db.write().await?;
    let in_time = device_grants::poll(&mut tx, hash, POLL_SECONDS, visit.now).await?;
    tx.commit().await?;
    Ok(if in_time {
        let why = "nobody has decided yet";
        Fault::new(ErrorCode::AuthorizationPending, why)
    } else {
        slow_down()
    })
}

/// Committed in any case: the device code is used up.
async fn fetch(
    visit: &mut Visit,
    asked: &Asked,
    hash: &Tag,
    device: &Device,
) -> Result<Given, Fault> {
    let mut tx = visit.app.db.write().await?;
    let noted = asked.one_use.note(&mut tx, visit.now).await?;
    if !device_grants::consume(&mut tx, hash, visit.now).await? {
        return Err(invalid_grant());
    }
    let redeemed = judge(visit, &mut tx, asked, noted, device).await?;
    tx.commit()
        .await
        .map_err(|error| Fault::from(error).in_doubt())?;
    let given = redeemed?.give(visit, asked).await;
    given.map_err(Fault::in_doubt)
}

async fn judge(
    visit: &mut Visit,
    tx: &mut Tx,
    asked: &Asked,
    noted: Noted,
    device: &Device,
) -> Result<Result<Redeemed, Fault>, Fault> {
    let (Some(grant), Some(granted)) = (device.grant, &device.request.granted) else {
        return Ok(Err(invalid_grant()));
    };
    let ripe = Ripe {
        authorization: device.authorization,
        grant,
        number: device.number.as_deref(),
        subject: device.subject.as_deref(),
        granted,
        event: Event::DeviceRedeemed,
    };
    let (reason, fault) = match ripe
        .establish(visit, tx, asked.client.application())
        .await?
    {
        Err(denial) => (denial.as_str(), denied()),
        Ok(offline) => match target(visit, asked, offline.granted(), None) {
            Ok(target) => {
                let redeemed = ripe.write(visit, tx, (asked, noted), offline, target);
                return Ok(Ok(redeemed.await?));
            }
            Err(fault) => ("target", fault),
        },
    };
    let entry = visit
        .audit(Event::DeviceRedeemed, Outcome::Refused)
        .at_application(&device.application)
        .because(reason)
        .with("authorization", device.authorization.to_string());
    audit::record(tx, &entry).await?;
    Ok(Err(fault))
}
