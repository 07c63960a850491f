//! `/account`: the pages about one's own account. A stranger is sent to sign in, and comes back.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use idp_domain::Timestamp;
use idp_domain::applications::{Application, ApplicationId};
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::{Disclosed, Disclosure};
use idp_domain::signin::AccountPage;
use idp_storage::authorizations::{self, Offline};
use idp_storage::consents::Consent;
use idp_storage::{audit, consents};
use jiff::SignedDuration;
use themes::Names;
use themes::pages::{Account, ConsentItem, ConsentRow, Consents, EndedAccess, OfflineAccess};

use crate::forgery::{Csrf, Fields};
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::routes::{Auth, Route, action, page as page_route};
use crate::sessions::{self, Arrival};
use crate::signin::own;
use crate::visit::Visit;

/// Their part of the table (`crate::routes`), with the sign-in that leads here.
pub const ROUTES: &[Route] = &[
    // For one's own pages, whatever protocol there is.
    Route {
        audit: &[Event::SessionReplayed],
        ..page_route("/signin", Auth::Anyone, || get(own::show))
    },
    action(
        "/signin",
        Csrf::Visitor,
        Auth::Anyone,
        &[
            Event::PasswordTried,
            Event::PasswordHeld,
            Event::SignedIn,
            Event::SignedOut,
        ],
        || post(own::submit),
    ),
    Route {
        audit: &[Event::SessionReplayed],
        ..page_route("/account", Auth::Session, || get(overview))
    },
    Route {
        audit: &[Event::SessionReplayed],
        ..page_route("/account/consents", Auth::Session, || get(list))
    },
    action(
        "/account/consents/revoke",
        Csrf::Session,
        Auth::Session,
        &[Event::ConsentWithdrawn],
        || post(revoke),
    ),
];

/// `GET /account`
pub async fn overview(mut visit: Visit) -> Result<Response, Refusal> {
    let Some(arrival) = sessions::current(&mut visit).await? else {
        return Ok(visit.redirect_home(&own::address(AccountPage::Overview)));
    };
    let number = arrival.holder.latest_number(visit.now);
    let page = Account {
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        since: visit.date_time(arrival.session.signed_in_at),
        until: visit.date_time(arrival.session.ends_at(&visit.app.session_rules())),
        sign_out: visit.form(Csrf::Session, "/cas/logout", Vec::new()),
        switch: visit.form(Csrf::Session, "/signin/switch", Vec::new()),
        consents: AccountPage::Consents.path().into(),
    };
    visit.page(StatusCode::OK, &page)
}

/// `GET /account/consents`
pub async fn list(mut visit: Visit) -> Result<Response, Refusal> {
    match sessions::current(&mut visit).await? {
        Some(arrival) => page(&mut visit, &arrival).await,
        None => Ok(visit.redirect_home(&own::address(AccountPage::Consents))),
    }
}

/// `POST /account/consents/revoke`: with the consent, if she was asked for one, go all
/// authorizations of the application.
pub async fn revoke(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let Some(arrival) = sessions::current(&mut visit).await? else {
        return Ok(visit.redirect_home(&own::address(AccountPage::Consents)));
    };
    let withdrawn = match ApplicationId::parse(form.get("application")) {
        Ok(application) => withdraw(&mut visit, &arrival, &application).await?,
        Err(_) => false,
    };
    let done = if withdrawn { "?withdrawn=true" } else { "" };
    Ok(visit.redirect_home(&format!("{}{done}", AccountPage::Consents.path())))
}

async fn withdraw(
    visit: &mut Visit,
    arrival: &Arrival,
    application: &ApplicationId,
) -> Result<bool, Refusal> {
    let person = arrival.session.person;
    let entry = visit
        .audit(Event::ConsentWithdrawn, Outcome::Success)
        .of(person)
        .at_application(application.as_str());
    let mut tx = visit.app.db.write().await?;
    let withdrawn = consents::withdraw(&mut tx, person, application, visit.now).await?;
    if withdrawn {
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(withdrawn)
}

/// At once on the page; who has more ends some first.
const MOST: i64 = 200;
/// Of what we ended.
const MOST_TOLD: i64 = 5;
/// How long we tell of what we ended: as long as it is kept at least.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// All that an application has of her.
#[derive(Default)]
struct Had {
    consent: Option<Consent>,
    access: Vec<Offline>,
}

async fn page(visit: &mut Visit, arrival: &Arrival) -> Result<Response, Refusal> {
    let (person, now) = (arrival.session.person, visit.now);
    let since = now.checked_sub(TOLD_FOR).unwrap_or(Timestamp::MIN);
    let mut conn = visit.app.clone().db.read().await?;
    let consents = consents::list(&mut conn, person).await?;
    let access = authorizations::offline(&mut conn, person, now, MOST).await?;
    let reused =
        authorizations::revoked(&mut conn, person, "refresh_reuse", since, MOST_TOLD).await?;
    drop(conn);
    let page = Consents {
        rows: by_application(consents, access)
            .into_iter()
            .map(|(application, had)| row(visit, application, had))
            .collect(),
        ended: reused
            .into_iter()
            .map(|one| EndedAccess {
                application: known(visit, &one.application).1,
                at: visit.date_time(one.at),
            })
            .collect(),
        withdrawn: visit.here.iter().any(|(name, _)| name == "withdrawn"),
        back: AccountPage::Overview.path().into(),
    };
    visit.page(StatusCode::OK, &page)
}

/// What she allowed, the newest first, then what the school did.
fn by_application(consents: Vec<Consent>, access: Vec<Offline>) -> Vec<(String, Had)> {
    let mut all: Vec<(String, Had)> = Vec::with_capacity(consents.len());
    for consent in consents {
        let had = Had {
            consent: Some(consent.clone()),
            ..Had::default()
        };
        all.push((consent.application, had));
    }
    for one in access {
        let known = all.iter().position(|(id, _)| *id == one.application);
        let at = known.unwrap_or_else(|| {
            all.push((one.application.clone(), Had::default()));
            all.len() - 1
        });
        all[at].1.access.push(one);
    }
    all
}

/// The application's entry, if there still is one, and what it is called.
fn known(visit: &Visit, id: &str) -> (Option<Arc<Application>>, Names) {
    let registry = visit.app.applications.current();
    let entry = ApplicationId::parse(id).ok();
    let entry = entry.and_then(|id| registry.get(&id).cloned());
    // Without an entry there is no better name.
    let names = entry.as_ref().map_or_else(
        || Names {
            zh_cn: id.to_owned(),
            en: id.to_owned(),
        },
        |application| page_names(application.names.clone()),
    );
    (entry, names)
}

fn row(visit: &mut Visit, application: String, had: Had) -> ConsentRow {
    let (entry, names) = known(visit, &application);
    // What she agreed to, or what the school's registration came to.
    let told = had
        .consent
        .as_ref()
        .map_or_else(|| of_access(&had.access), |consent| consent.granted.clone());
    let carried = vec![("application".to_owned(), application)];
    ConsentRow {
        form: visit.form(Csrf::Session, "/account/consents/revoke", carried),
        application: names,
        gone: entry.is_none(),
        items: items(&told),
        since: had
            .consent
            .map(|consent| visit.date_time(consent.granted_at)),
        access: had
            .access
            .iter()
            .map(|one| OfflineAccess {
                since: visit.date_time(one.created_at),
                used: visit.date_time(one.last_used_at),
                until: visit.date_time(one.expires_at),
            })
            .collect(),
    }
}

fn of_access(access: &[Offline]) -> Disclosure {
    let granted = access.iter().map(|one| &one.granted.disclosure);
    granted.fold(Disclosure::default(), |all, one| all.with(one))
}

/// What it is, without the values: they are hers of today.
fn items(granted: &Disclosure) -> Vec<ConsentItem> {
    let item = |one: &Disclosed| {
        let (kind, values) = match one {
            Disclosed::Attribute(attribute) => (attribute.as_str(), Vec::new()),
            Disclosed::Offline => ("offline", Vec::new()),
            Disclosed::Scope(name) => ("scope", vec![name.clone()]),
        };
        ConsentItem {
            kind: kind.to_owned(),
            values,
            more: 0,
        }
    };
    granted.iter().map(item).collect()
}
