//! Who a client is: by the method of its entry and no other (OIDC Core §9, RFC 6749 §2.3).

mod assertion;
mod client_keys;
mod noted;
mod presented;

use std::sync::Arc;

use axum::http::HeaderMap;
use idp_domain::applications::{Application, ClientAuthentication, OidcSide};
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::ErrorCode;
use idp_storage::audit;

pub use self::noted::NotedRefusals;
use self::presented::Presented;
use super::answer::Fault;
use super::form::Form;
use super::one_use::OneUse;
use crate::visit::Visit;

/// A client that showed who it is; a public one only said so (RFC 6749 §2.1).
#[derive(Clone, Debug)]
pub struct Client(Arc<Application>);

impl Client {
    pub fn application(&self) -> &Application {
        &self.0
    }

    pub fn side(&self) -> &OidcSide {
        match &self.0.oidc {
            Some(side) => side,
            None => unreachable!("the registry finds clients by this side"),
        }
    }
}

/// Why a client isn't believed: a word for the trail and the metrics. It hears `invalid_client`.
type Reason = &'static str;

/// The client of a request, by its header or its form. What it showed counts once, and has to be
/// noted with what it gets.
///
/// # Errors
/// [`Fault`]: `invalid_request` for two methods at once (RFC 6749 §2.3), else `invalid_client`;
/// 429 where too many requests of clients that anybody can say to be come from one address.
pub async fn identify(
    visit: &mut Visit,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(Client, OneUse), Fault> {
    let presented = Presented::read(headers, form)?;
    let registry = visit.app.applications.current();
    let Some(application) = presented.client_id().and_then(|id| registry.client(id)) else {
        return Err(refused("unknown_client"));
    };
    if !application.enabled {
        return Err(refused("disabled"));
    }
    let client = Client(application);
    if client.side().is_public() {
        visit.app.limiters.take(visit.address)?;
    }
    match prove(visit, &client, &presented).await? {
        Ok(one_use) => Ok((client, one_use)),
        Err(reason) => {
            note(visit, &client, reason).await?;
            Err(refused(reason))
        }
    }
}

/// The same for a request that changes nothing with it: what it showed is noted at once.
///
/// # Errors
/// As [`identify`].
pub async fn authenticate(
    visit: &mut Visit,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Client, Fault> {
    let (client, one_use) = identify(visit, headers, form).await?;
    if one_use.assertion.is_some() {
        let mut tx = visit.app.db.write().await?;
        one_use.note(&mut tx, visit.now).await?;
        tx.commit().await?;
    }
    Ok(client)
}

/// The same for what only a client may do that can show who it is.
///
/// # Errors
/// As [`identify`].
pub async fn authenticate_confidential(
    visit: &mut Visit,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Client, Fault> {
    let client = authenticate(visit, headers, form).await?;
    if client.side().is_public() {
        return Err(refused("public_client"));
    }
    Ok(client)
}

async fn prove(
    visit: &Visit,
    client: &Client,
    presented: &Presented<'_>,
) -> Result<Result<OneUse, Reason>, Fault> {
    let shown = match (&client.side().authentication, presented) {
        (ClientAuthentication::None, Presented::Nothing { .. }) => true,
        (ClientAuthentication::SecretBasic(hash), Presented::Basic(basic)) => basic.holds(hash),
        (ClientAuthentication::SecretPost(hash), Presented::Post { secret, .. }) => {
            hash.is_of(secret)
        }
        (
            ClientAuthentication::PrivateKeyJwt { keys, algorithm },
            Presented::Assertion { text, .. },
        ) => return assertion::prove(visit, client, keys, *algorithm, text).await,
        _ => return Ok(Err("other_method")),
    };
    Ok(if shown {
        Ok(OneUse::default())
    } else {
        Err("wrong_secret")
    })
}

/// Uniform: which clients exist, and by which method they are known, is nobody's to learn.
pub(super) fn refused(reason: Reason) -> Fault {
    metrics::counter!("oidc_clients_refused_total", "reason" => reason).increment(1);
    Fault::new(ErrorCode::InvalidClient, "client authentication failed")
}

/// Writes it down, so many times an hour: anybody can name a client.
async fn note(visit: &mut Visit, client: &Client, reason: Reason) -> Result<(), Fault> {
    let application = &client.application().id;
    if !visit.app.client_refusals.take(application, visit.now) {
        return Ok(());
    }
    let entry = visit
        .audit(Event::ClientAuthRefused, Outcome::Refused)
        .at_application(application.as_str())
        .because(reason);
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}
