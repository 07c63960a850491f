//! The page of who is signed in and may not enter an application: why, and whom to ask.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::{AccessDenial, Application, TimeWindow, day_word};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::PersonId;
use idp_storage::audit;
use themes::pages::{self, AccessReason, NoAccess};

use crate::forgery::Csrf;
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::sessions::Arrival;
use crate::visit::Visit;

/// 403, with an audit row that says what was missing. The application hears nothing: who may not
/// enter stays here, where she reads why and whom to ask.
pub async fn refuse(
    visit: &mut Visit,
    application: &Application,
    arrival: &Arrival,
    denial: AccessDenial,
) -> Result<Response, Refusal> {
    note(visit, application, arrival.session.person, &denial).await?;
    let (name, number) = arrival
        .holder
        .latest_number(visit.now)
        .map(|number| (number.name.clone(), number.display.clone()))
        .unwrap_or_default();
    let page = NoAccess {
        application: page_names(application.names.clone()),
        name,
        number,
        reason: reason(denial),
        contact: application.contact.clone().map(page_names),
        switch: visit.form(Csrf::Session, "/signin/switch", Vec::new()),
        request_id: visit.request_id.clone(),
    };
    visit.page(StatusCode::FORBIDDEN, &page)
}

/// The audit row that says what was missing.
pub async fn note(
    visit: &mut Visit,
    application: &Application,
    person: PersonId,
    denial: &AccessDenial,
) -> Result<(), Refusal> {
    let entry = visit
        .audit(Event::AccessDenied, Outcome::Refused)
        .of(person)
        .at_application(application.id.as_str())
        .because("no_access")
        .with("missing", denial.as_str());
    let mut tx = visit.app.db.write().await?;
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}

fn reason(denial: AccessDenial) -> AccessReason {
    match denial {
        AccessDenial::Disabled => AccessReason::Disabled,
        AccessDenial::NotYet { from } => AccessReason::NotYet {
            from: from.to_string(),
        },
        AccessDenial::Over { until } => AccessReason::Over {
            until: until.to_string(),
        },
        AccessDenial::Time { windows } => AccessReason::Times {
            windows: windows.iter().map(window).collect(),
        },
        AccessDenial::State => AccessReason::State,
        AccessDenial::Affiliation { admitted } => AccessReason::Affiliation {
            admitted: texts(&admitted),
        },
        AccessDenial::OrgUnit { admitted } => AccessReason::OrgUnit {
            admitted: texts(&admitted),
        },
        AccessDenial::Group => AccessReason::Group,
        AccessDenial::Number { rule } => AccessReason::Number {
            rule: rule.as_str().to_owned(),
        },
    }
}

fn window(window: &TimeWindow) -> pages::TimeWindow {
    pages::TimeWindow {
        days: window
            .days
            .iter()
            .map(|day| day_word(*day).to_owned())
            .collect(),
        from: window.from.to_string(),
        to: window.to.to_string(),
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
