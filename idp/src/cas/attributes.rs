//! What an application is told about a person: its release policy and nothing else.

use idp_domain::applications::{Application, ReleaseSource};
use idp_domain::cas::{Attributes, Success};
use idp_domain::sessions::Session;
use idp_domain::signin::{HeldNumber, Holder};
use idp_storage::tickets::Consumed;
use migrations::Tx;

use crate::refusal::Refusal;
use crate::told;
use crate::visit::Visit;

/// The answer to a validated ticket. `number` is the one by which the application knows the person.
pub async fn success(
    visit: &Visit,
    tx: &mut Tx,
    application: &Application,
    session: &Session,
    holder: &Holder,
    number: &HeldNumber,
    consumed: &Consumed,
) -> Result<Success, Refusal> {
    let needs = |attribute| application.releases(attribute);
    let facts = told::facts(visit, tx, holder, number, needs).await?;
    let mut released = Vec::new();
    for release in &application.release {
        let values = match &release.source {
            ReleaseSource::Constant(text) => vec![text.clone()],
            ReleaseSource::Attribute(attribute) => facts.values(*attribute),
        };
        if !values.is_empty() {
            released.push((release.name.clone(), values));
        }
    }
    Ok(Success {
        user: number.display.clone(),
        attributes: Some(Attributes {
            authentication_date: session.signed_in_at,
            long_term: session.remembered,
            from_new_login: consumed.from_new_login,
            factors: session
                .factors
                .iter()
                .map(|factor| factor.as_str().to_owned())
                .collect(),
            released,
        }),
        proxy_granting_ticket: None,
        proxies: Vec::new(),
    })
}
