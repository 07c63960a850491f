//! `/oidc/logout` (RP-Initiated Logout 1.0). An application that shows an ID token of the very
//! session that is signed in here signs it out at once; anybody else's wish a person is asked
//! about, since it may be anybody's link.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::{Application, ProvenRedirect};
use idp_domain::form::decode_pairs;
use idp_domain::oidc::IdTokenHint;
use idp_domain::oidc::logout::LogoutRequest;
use idp_domain::sessions::Session;
use idp_domain::signin::{Holder, PersonState};
use idp_storage::{DbError, grants, sessions};
use themes::pages::SignOut;

use super::hint;
use crate::cookies::CookieKind;
use crate::forgery::{Csrf, Fields, is_form, read_form};
use crate::logout::{self, Onward};
use crate::pages::{page_names, query_of};
use crate::refusal::Refusal;
use crate::sessions::cookie_hash;
use crate::visit::Visit;

const HERE: &str = "/oidc/logout";
const CONFIRM: &str = "/oidc/logout/confirm";

/// Who wants the sign-out, as far as it is known.
struct Asker {
    application: Option<Arc<Application>>,
    /// What it showed for it, verified.
    hint: Option<IdTokenHint>,
    /// Where it wants the browser to go on to, if that is its own.
    onward: Option<Onward>,
}

impl Asker {
    /// A hint that isn't ours, or contradicts the `client_id`, makes the whole request nobody's
    /// (§2, OIDC 76, OIDC 77): nothing of it is believed.
    fn of(visit: &Visit, request: &LogoutRequest) -> Self {
        let nobody = Self {
            application: None,
            hint: None,
            onward: None,
        };
        let hint = match request.id_token_hint.as_deref() {
            Some(token) => match hint::read(visit, token) {
                Some(hint) => Some(hint),
                None => return nobody,
            },
            None => None,
        };
        let named = request.client_id.as_deref();
        let shown = hint.as_ref().map(|hint| hint.client_id.as_str());
        if let (Some(named), Some(shown)) = (named, shown)
            && named != shown
        {
            return nobody;
        }
        let registry = visit.app.applications.current();
        let client = shown.or(named).and_then(|id| registry.client(id));
        // A switched-off one is nobody either, as it is where it asks for sign-ins.
        if client.as_ref().is_some_and(|client| !client.enabled) {
            return nobody;
        }
        Self {
            onward: client
                .clone()
                .and_then(|client| onward(visit, client, request)),
            application: client,
            hint,
        }
    }

    /// Whether it showed an ID token of this session (OIDC 78).
    async fn is_of(&self, visit: &Visit, session: &Session) -> Result<bool, DbError> {
        let (Some(application), Some(hint)) = (&self.application, &self.hint) else {
            return Ok(false);
        };
        let mut conn = visit.app.db.read().await?;
        let (subject, grant) = (&hint.subject, hint.sid);
        grants::is_of_client(&mut conn, session.sid, &application.id, subject, grant).await
    }
}

/// One of the client's own addresses, exactly (§3, OIDC 79), with the `state` as it came (OIDC 80).
fn onward(visit: &Visit, application: Arc<Application>, request: &LogoutRequest) -> Option<Onward> {
    let registry = visit.app.applications.current();
    let raw = request.post_logout_redirect_uri.as_deref()?;
    let to = registry.post_logout_redirect(&application, raw)?;
    let client_id = application.oidc.as_ref()?.client_id.to_string();
    let mut again = vec![
        ("client_id".to_owned(), client_id),
        ("post_logout_redirect_uri".to_owned(), raw.to_owned()),
    ];
    again.extend(languages(request));
    let to = match &request.state {
        Some(state) => {
            again.push(("state".to_owned(), state.clone()));
            to.with_parameters(&[("state", state)])
        }
        None => to,
    };
    Some(Onward {
        application,
        to,
        again,
    })
}

fn languages(request: &LogoutRequest) -> Option<(String, String)> {
    let list = request.ui_locales.clone()?;
    Some(("ui_locales".to_owned(), list))
}

/// `GET /oidc/logout`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let request = asked(&visit)?;
    let asker = Asker::of(&visit, &request);
    let Some((session, holder)) = signed_in(&visit).await? else {
        // Where nobody can be asked, only who showed a token of ours is followed (§3).
        let onward = asker.hint.and(asker.onward);
        return logout::sign_out(&mut visit, HERE, onward).await;
    };
    if asker.is_of(&visit, &session).await? {
        return logout::sign_out(&mut visit, HERE, asker.onward).await;
    }
    let languages = languages(&request);
    ask(&mut visit, asker, &holder, languages)
}

/// `POST /oidc/logout`: from the application's page, so the browser left our cookies out
/// (`SameSite`). The GET that this leads to has them.
pub async fn relay(mut visit: Visit, request: Request) -> Result<Response, Refusal> {
    let (parts, body): (_, Body) = request.into_parts();
    if !is_form(&parts.headers) {
        return Err(Refusal::BAD_REQUEST);
    }
    let form = read_form(body).await?;
    let known = |(name, _): &&(String, String)| LogoutRequest::KNOWN.contains(&name.as_str());
    // Repeated ones too: that is for the GET to judge.
    let pairs: Vec<_> = form.pairs().iter().filter(known).cloned().collect();
    Ok(visit.redirect_home(&format!("{HERE}{}", query_of(&pairs))))
}

/// `POST /oidc/logout/confirm`: the person wants it.
pub async fn confirm(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let request = LogoutRequest::read(form.pairs()).map_err(|_| Refusal::BAD_REQUEST)?;
    visit.speak(form.pairs());
    let asker = Asker::of(&visit, &request);
    logout::sign_out(&mut visit, HERE, asker.onward).await
}

/// `GET /oidc/logout/{view}`: how far the notices are.
pub async fn look(mut visit: Visit, Path(secret): Path<String>) -> Result<Response, Refusal> {
    let request = asked(&visit)?;
    let asker = Asker::of(&visit, &request);
    logout::look(&mut visit, HERE, secret, asker.onward).await
}

fn asked(visit: &Visit) -> Result<LogoutRequest, Refusal> {
    let query = visit.query.as_deref().unwrap_or_default();
    LogoutRequest::read(&decode_pairs(query.as_bytes())).map_err(|_| Refusal::BAD_REQUEST)
}

/// Who is signed in here. To look leaves no trace: a session that is over ends like any other,
/// below.
async fn signed_in(visit: &Visit) -> Result<Option<(Session, Holder)>, DbError> {
    let Some(cookie) = visit.cookie(CookieKind::Session) else {
        return Ok(None);
    };
    let mut conn = visit.app.db.read().await?;
    let found = sessions::find(&mut conn, &cookie_hash(cookie)).await?;
    let rules = visit.app.session_rules();
    Ok(found.filter(|(session, holder)| {
        session.is_live(&rules, visit.now) && holder.state == PersonState::Active
    }))
}

/// Whether to sign out (§2: who is asked for, and by whom).
fn ask(
    visit: &mut Visit,
    asker: Asker,
    holder: &Holder,
    languages: Option<(String, String)>,
) -> Result<Response, Refusal> {
    let number = holder.latest_number(visit.now);
    let client = asker.application.as_ref().and_then(|a| a.oidc.as_ref());
    let named = client.map(|oidc| ("client_id".to_owned(), oidc.client_id.to_string()));
    let (carried, target) = match asker.onward {
        Some(onward) => (onward.again, Some(onward.to)),
        None => (named.into_iter().chain(languages).collect(), None),
    };
    // RED-10: what isn't registered leaves no trace, and the token none in the page's links.
    visit.context.here.clone_from(&carried);
    let page = SignOut {
        application: asker.application.map(|a| page_names(a.names.clone())),
        name: number.map(|n| n.name.clone()).unwrap_or_default(),
        number: number.map(|n| n.display.clone()).unwrap_or_default(),
        form: visit.form(Csrf::Session, CONFIRM, carried),
        cancel: "/cas/login".into(),
    };
    let origin = target.as_ref().map(ProvenRedirect::origin);
    visit.page_leading_to(StatusCode::OK, &page, origin)
}
