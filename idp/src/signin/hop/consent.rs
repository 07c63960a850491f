//! Whether an application may learn what it asks for. The answer is bound to her session, to the
//! page that she saw and to one use (OID-27).

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::{EmailAddress, PhoneNumber};
use idp_domain::applications::{Facts, ReleasedAttribute};
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::{Disclosed, Disclosure};
use idp_domain::secrets::hash_secret;
use idp_storage::{audit, consents};
use migrations::Tx;
use themes::pages::{Consent, ConsentItem};

use super::questions::{carried, number};
use super::{ACTION, Here};
use crate::forgery::{Csrf, Fields};
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::told;
use crate::visit::Visit;

/// What the page showed, so that nothing else is agreed to: the entry may have changed meanwhile.
fn fingerprint(disclosure: &Disclosure) -> String {
    let words: Vec<String> = disclosure.iter().map(ToString::to_string).collect();
    hash_secret("disclosure", &words.join("\n")).to_hex()
}

/// Takes the answer, yes or no; false where it is neither, or to another question.
pub(super) async fn answer(
    visit: &mut Visit,
    tx: &mut Tx,
    here: &mut Here,
    form: &Fields,
) -> Result<bool, Refusal> {
    let disclosure = &here.goal.disclosure;
    let (event, outcome) = match form.get("decision") {
        "allow" if form.get("shown") == fingerprint(disclosure) => {
            (Event::ConsentGiven, Outcome::Success)
        }
        "deny" => (Event::ConsentRefused, Outcome::Refused),
        _ => return Ok(false),
    };
    let (person, application) = (here.arrival.holder.person, &here.goal.application.id);
    if event == Event::ConsentRefused {
        here.arrival.declined = true;
    } else {
        // Also where it won't count a second time: so that she can see it and take it back.
        consents::keep(tx, person, application, disclosure, visit.now).await?;
    }
    let words: Vec<String> = disclosure.iter().map(ToString::to_string).collect();
    let entry = visit
        .audit(event, outcome)
        .of(person)
        .at_application(application.as_str())
        .with("asked", words);
    audit::record(tx, &entry).await?;
    Ok(true)
}

/// What it would learn, with the values as far as they are harmless to show.
pub(super) async fn page(visit: &mut Visit, here: &Here) -> Result<Response, Refusal> {
    let disclosure = &here.goal.disclosure;
    let known_by = number(visit, here).await?.ok_or(Refusal::FLOW_EXPIRED)?;
    let app = visit.app.clone();
    let mut conn = app.db.read().await?;
    let asked = |attribute| {
        disclosure
            .iter()
            .any(|d| *d == Disclosed::Attribute(attribute))
    };
    let holder = &here.arrival.holder;
    let facts = told::facts(visit, &mut conn, holder, &known_by, asked).await?;
    drop(conn);
    let mut carried = carried(here);
    carried.push(("shown".into(), fingerprint(disclosure)));
    let page = Consent {
        application: page_names(here.goal.application.names.clone()),
        contact: here.goal.application.contact.clone().map(page_names),
        origin: here.goal.origin.clone(),
        items: disclosure.iter().map(|one| item(one, &facts)).collect(),
        name: known_by.name.clone(),
        number: known_by.display.clone(),
        remembered: here.goal.remembers_consent,
        device: here.goal.device.map(|code| code.to_string()),
        form: visit.form(Csrf::Session, ACTION, carried),
    };
    visit.page_leading_to(StatusCode::OK, &page, Some(&here.goal.origin))
}

/// More is as good as a number of them.
const MOST_VALUES: usize = 5;

fn item(disclosed: &Disclosed, facts: &Facts<'_>) -> ConsentItem {
    let (kind, mut values) = match disclosed {
        Disclosed::Attribute(attribute) => (attribute.as_str(), shown(*attribute, facts)),
        Disclosed::Offline => ("offline", Vec::new()),
        Disclosed::Scope(name) => ("scope", vec![name.clone()]),
    };
    let more = values.len().saturating_sub(MOST_VALUES);
    values.truncate(MOST_VALUES);
    ConsentItem {
        kind: kind.to_owned(),
        values,
        more: u32::try_from(more).unwrap_or(u32::MAX),
    }
}

/// Whoever looks over her shoulder learns no phone, e-mail and postal address.
fn shown(attribute: ReleasedAttribute, facts: &Facts<'_>) -> Vec<String> {
    let values = facts.values(attribute).into_iter();
    match attribute {
        ReleasedAttribute::Phone => values
            .filter_map(|phone| PhoneNumber::parse(&phone).ok())
            .map(|phone| phone.masked())
            .collect(),
        ReleasedAttribute::Email => values
            .filter_map(|email| EmailAddress::parse(&email).ok())
            .map(|email| email.masked())
            .collect(),
        ReleasedAttribute::Address => Vec::new(),
        _ => values.collect(),
    }
}
