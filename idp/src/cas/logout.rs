//! `/cas/logout` (CAS 3.0.3 §2.3), and the page on which a person sees for a while which
//! applications know of it. No answer waits for any of them (§2.3.3.1).

use std::sync::Arc;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::applications::{Application, ProvenService};
use idp_domain::cas::LogoutRequest;
use idp_domain::form::decode_pairs;
use idp_domain::ids::Sid;
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_storage::logouts::{self, View};
use jiff::SignedDuration;
use themes::pages::{FrontChannel, Onward, SignedOut};

use super::{ledger, slo};
use crate::cookies::{CookieKind, SetCookie};
use crate::forgery::Fields;
use crate::refusal::Refusal;
use crate::sessions;
use crate::sessions::ending::{self, Reason};
use crate::signin::done::page_names;
use crate::signin::form::query_of;
use crate::visit::Visit;

/// How long the address of a ledger lives.
const VIEW_LIFE: SignedDuration = SignedDuration::from_mins(10);

type Target = (Arc<Application>, ProvenService);

/// A ledger that its person may look at.
struct Seen {
    logout: Sid,
    secret: String,
    until: Timestamp,
}

impl Seen {
    fn address(&self) -> String {
        format!("/cas/logout/{}", self.secret)
    }
}

fn view_hash(secret: &str) -> Tag {
    hash_secret("logout", secret)
}

/// `GET /cas/logout`: ends the session, and goes on to a registered `service`.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let request = LogoutRequest::parse(&decode_pairs(query.as_bytes()));
    sign_out(&mut visit, request).await
}

/// `POST /cas/logout`: the button.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    sign_out(&mut visit, LogoutRequest::parse(form.pairs())).await
}

/// `GET /cas/logout/{view}`: how far the notices are. An address that never was, or isn't any
/// more, tells nothing.
pub async fn look(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let hash = view_hash(&secret);
    let now = visit.now;
    let found = logouts::by_view(&mut visit.app.db.read().await?, &hash, now).await?;
    let query = visit.query.clone().unwrap_or_default();
    let request = LogoutRequest::parse(&decode_pairs(query.as_bytes()));
    let seen = found.map(|(logout, until)| Seen {
        logout,
        secret,
        until,
    });
    if seen.is_none() {
        visit.context.path = "/cas/logout".into();
        return page(&mut visit, false, None, None).await;
    }
    let target = target(&visit, request);
    page(&mut visit, true, seen, target).await
}

fn target(visit: &Visit, request: LogoutRequest) -> Option<Target> {
    let service = request.service?;
    visit.app.applications.current().resolve(&service).ok()
}

async fn sign_out(visit: &mut Visit, request: LogoutRequest) -> Result<Response, Refusal> {
    let target = target(visit, request);
    let (ended, seen, front) = end(visit).await?;
    if visit.cookies.get(CookieKind::SignIn).is_some() {
        visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
    }
    match (&target, &seen) {
        (Some((_, service)), _) if !front => Ok(visit.redirect_out(&service.plain())),
        (_, Some(seen)) if !visit.is_get => {
            let service = target
                .iter()
                .map(|(_, service)| ("service".into(), service.plain().as_str().to_owned()))
                .collect::<Vec<_>>();
            let address = format!("{}{}", seen.address(), query_of(&service));
            Ok(visit.redirect_home(&address))
        }
        _ => page(visit, ended, seen, target).await,
    }
}

/// Ends this browser's session: whether there was one, its ledger, and whether the browser itself
/// has somebody to tell.
async fn end(visit: &mut Visit) -> Result<(bool, Option<Seen>, bool), Refusal> {
    let Some(id_hash) = sessions::let_go(visit).await? else {
        return Ok((false, None, false));
    };
    let secret = random_secret(&mut visit.rng);
    let view = View {
        hash: view_hash(&secret),
        expires_at: visit.now.checked_add(VIEW_LIFE).unwrap_or(visit.now),
    };
    let mut tx = visit.app.db.write().await?;
    let reason = Reason::SignedOut;
    let Some(ended) = ending::end(visit, &mut tx, &id_hash, reason, Some(view)).await? else {
        return Ok((false, None, false));
    };
    let front = ended.notices > 0 && slo::hand_over(visit, &mut tx, ended.sid).await?;
    tx.commit().await?;
    let seen = (ended.notices > 0).then_some(Seen {
        logout: ended.sid,
        secret,
        until: view.expires_at,
    });
    Ok((true, seen, front))
}

async fn page(
    visit: &mut Visit,
    ended: bool,
    seen: Option<Seen>,
    target: Option<Target>,
) -> Result<Response, Refusal> {
    // RED-10: an address that isn't registered leaves no trace on the page.
    visit.context.here.clear();
    let registry = visit.app.applications.current();
    let (mut shown, mut frames) = (None, Vec::new());
    if let Some(seen) = &seen {
        frames = slo::frames(visit, seen.logout).await?;
        let states = logouts::states(&mut visit.app.db.read().await?, seen.logout).await?;
        // In the other language it is the same ledger.
        visit.context.path = seen.address();
        shown = Some(ledger::ledger(&registry, &states))
            .filter(|ledger| !ledger.rows.is_empty())
            .map(|ledger| themes::pages::Ledger {
                refresh_url: seen.address(),
                until: visit.clock_time(seen.until),
                ..ledger
            });
    }
    let page = SignedOut {
        sign_in: "/cas/login".into(),
        ended,
        ledger: shown,
        front: frames
            .iter()
            .map(|frame| FrontChannel {
                application: ledger::names(&registry, &frame.application),
                url: frame.url.clone(),
            })
            .collect(),
        onward: target.map(|(application, service)| Onward {
            url: service.plain().as_str().to_owned(),
            application: page_names(application.names.clone()),
        }),
    };
    let mut origins: Vec<String> = frames.into_iter().map(|frame| frame.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    visit.page_framing(StatusCode::OK, &page, origins)
}
