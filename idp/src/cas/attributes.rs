//! What an application is told about a person: its release policy and nothing else.

use idp_domain::applications::{Application, ReleaseSource, ReleasedAttribute};
use idp_domain::cas::{Attributes, Success};
use idp_domain::sessions::Session;
use idp_domain::signin::{HeldNumber, Holder};
use idp_storage::persons;
use idp_storage::tickets::Consumed;
use migrations::Tx;

use crate::accounts::sealed;
use crate::factors::phones;
use crate::refusal::Refusal;
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
    let mut released = Vec::new();
    for release in &application.release {
        let values = match &release.source {
            ReleaseSource::Constant(text) => vec![text.clone()],
            ReleaseSource::Attribute(attribute) => {
                values(visit, tx, holder, number, *attribute).await?
            }
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

/// Each value once. What belongs to numbers comes from every valid one, that of the application
/// first: a client that reads one value only reads that.
async fn values(
    visit: &Visit,
    tx: &mut Tx,
    holder: &Holder,
    number: &HeldNumber,
    attribute: ReleasedAttribute,
) -> Result<Vec<String>, Refusal> {
    // A probe has a name and a number, and nothing else to tell.
    let own = matches!(
        attribute,
        ReleasedAttribute::Name | ReleasedAttribute::Number | ReleasedAttribute::Numbers
    );
    if holder.is_probe() && !own {
        return Ok(Vec::new());
    }
    let others = holder.valid_numbers(visit.now).into_iter();
    let numbers = std::iter::once(number).chain(others);
    let mut values: Vec<String> = match attribute {
        ReleasedAttribute::Name => vec![number.name.clone()],
        ReleasedAttribute::Number => vec![number.display.clone()],
        ReleasedAttribute::Numbers => numbers.map(|n| n.display.clone()).collect(),
        ReleasedAttribute::Affiliation => {
            numbers.map(|n| n.affiliation.as_str().to_owned()).collect()
        }
        ReleasedAttribute::Org => numbers.filter_map(|n| n.org.clone()).collect(),
        ReleasedAttribute::Email => email(visit, tx, holder).await?.into_iter().collect(),
        ReleasedAttribute::Phone => phones::bound(tx, &visit.app.keys, holder.person)
            .await?
            .map(|phone| phone.as_str().to_owned())
            .into_iter()
            .collect(),
        ReleasedAttribute::Groups => holder.groups.clone(),
    };
    let mut seen = std::collections::HashSet::new();
    values.retain(|value| seen.insert(value.clone()));
    Ok(values)
}

/// The address that the school has.
async fn email(visit: &Visit, tx: &mut Tx, holder: &Holder) -> Result<Option<String>, Refusal> {
    let school = persons::school_data(tx, holder.person).await?;
    for data in school {
        if let Some(sealed) = data.email_enc {
            return Ok(Some(sealed::open_email(
                &visit.app.keys,
                holder.person,
                &sealed,
            )?));
        }
    }
    Ok(None)
}
