//! `/account`: the pages about one's own account. A stranger is sent to sign in, and comes back.

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use idp_domain::applications::ApplicationId;
use idp_domain::audit::{Event, Outcome};
use idp_domain::oidc::{Disclosed, Disclosure};
use idp_domain::signin::AccountPage;
use idp_storage::{audit, consents};
use themes::pages::{Account, ConsentItem, ConsentRow, Consents};

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

/// `POST /account/consents/revoke`: with the consent go all authorizations that stood on it.
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

async fn page(visit: &mut Visit, arrival: &Arrival) -> Result<Response, Refusal> {
    let mut conn = visit.app.db.read().await?;
    let all = consents::list(&mut conn, arrival.session.person).await?;
    drop(conn);
    let registry = visit.app.applications.current();
    let mut rows = Vec::with_capacity(all.len());
    for one in all {
        let known = ApplicationId::parse(&one.application).ok();
        let known = known.and_then(|id| registry.get(&id).cloned());
        let gone = known.is_none();
        // Without an entry there is no better name.
        let names = known.map_or_else(
            || themes::Names {
                zh_cn: one.application.clone(),
                en: one.application.clone(),
            },
            |application| page_names(application.names.clone()),
        );
        let carried = vec![("application".to_owned(), one.application)];
        rows.push(ConsentRow {
            form: visit.form(Csrf::Session, "/account/consents/revoke", carried),
            application: names,
            gone,
            items: items(&one.granted),
            since: visit.date_time(one.granted_at),
        });
    }
    let page = Consents {
        rows,
        withdrawn: visit.here.iter().any(|(name, _)| name == "withdrawn"),
        back: AccountPage::Overview.path().into(),
    };
    visit.page(StatusCode::OK, &page)
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
