//! What an application is told about a person: its release policy and nothing else.

use idp_domain::applications::{Application, ReleasedAttribute};
use idp_domain::cas::{AttributeName, Attributes, Success};
use idp_domain::sessions::Session;
use idp_domain::signin::Holder;
use idp_storage::persons;
use idp_storage::tickets::Consumed;
use migrations::Tx;

use crate::accounts::sealed;
use crate::factors::phones;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// The answer to a validated ticket.
pub async fn success(
    visit: &Visit,
    tx: &mut Tx,
    application: &Application,
    session: &Session,
    holder: &Holder,
    consumed: &Consumed,
) -> Result<Success, Refusal> {
    let mut released = Vec::new();
    for attribute in &application.release {
        let values = values(visit, tx, holder, *attribute).await?;
        if let (Some(name), false) = (AttributeName::parse(attribute.as_str()), values.is_empty()) {
            released.push((name, values));
        }
    }
    let number = holder.latest_number(visit.now);
    Ok(Success {
        user: number
            .map(|number| number.display.clone())
            .unwrap_or_default(),
        attributes: Some(Attributes {
            authentication_date: session.signed_in_at,
            long_term: false,
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

async fn values(
    visit: &Visit,
    tx: &mut Tx,
    holder: &Holder,
    attribute: ReleasedAttribute,
) -> Result<Vec<String>, Refusal> {
    let valid = holder.valid_numbers(visit.now);
    let latest = valid.first();
    let mut values: Vec<String> = match attribute {
        ReleasedAttribute::Name => latest.map(|n| n.name.clone()).into_iter().collect(),
        ReleasedAttribute::Number => latest.map(|n| n.display.clone()).into_iter().collect(),
        ReleasedAttribute::Affiliation => valid
            .iter()
            .map(|n| n.affiliation.as_str().to_owned())
            .collect(),
        ReleasedAttribute::Org => valid.iter().filter_map(|n| n.org.clone()).collect(),
        ReleasedAttribute::Email => email(visit, tx, holder).await?.into_iter().collect(),
        ReleasedAttribute::Phone => phones::bound(tx, &visit.app.keys, holder.person)
            .await?
            .map(|phone| phone.as_str().to_owned())
            .into_iter()
            .collect(),
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
