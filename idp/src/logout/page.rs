//! The end of this browser's session, and the page on which its person sees for a while which
//! applications know of it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::Timestamp;
use idp_domain::applications::{Application, ProvenRedirect};
use idp_domain::ids::Sid;
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_storage::logouts::{self, View};
use jiff::SignedDuration;
use themes::pages::{FrontChannel, Ledger, SignedOut};

use super::browser::{Frame, frames, hand_over};
use super::ledger;
use crate::cookies::{CookieKind, SetCookie};
use crate::pages::{page_names, query_of};
use crate::refusal::Refusal;
use crate::sessions;
use crate::sessions::ending::{self, Reason};
use crate::visit::Visit;

/// How long the address of a ledger lives.
const VIEW_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Where a browser goes on to after the sign-out.
#[derive(Clone, Debug)]
pub struct Onward {
    pub application: Arc<Application>,
    pub to: ProvenRedirect,
    /// The parameters by which the ledger's address shows the same.
    pub again: Vec<(String, String)>,
}

/// Where the page's button leads, and with which parameters the page is seen again.
struct Button {
    sign_in: String,
    carried: Vec<(String, String)>,
}

impl Default for Button {
    fn default() -> Self {
        Self {
            sign_in: "/cas/login".into(),
            carried: Vec::new(),
        }
    }
}

/// A ledger that its person may look at.
struct Seen {
    logout: Sid,
    /// Its random address.
    address: String,
    until: Timestamp,
}

fn view_hash(secret: &str) -> Tag {
    hash_secret("logout", secret)
}

/// Ends the session of this browser, if it has one, and goes on: at once where the browser has
/// nobody to tell, else from a page. `here` is the protocol's address for it, below which the
/// ledger is seen.
pub async fn sign_out(
    visit: &mut Visit,
    here: &'static str,
    onward: Option<Onward>,
) -> Result<Response, Refusal> {
    let (ended, seen, front) = end(visit, here, Reason::SignedOut).await?;
    match (&onward, &seen) {
        (Some(onward), _) if !front => Ok(visit.redirect_out(&onward.to)),
        (_, Some(seen)) if !visit.is_get => {
            let again = onward.map(|onward| onward.again).unwrap_or_default();
            let address = format!("{}{}", seen.address, query_of(&again));
            Ok(visit.redirect_home(&address))
        }
        _ => page(visit, ended, seen, onward, Button::default()).await,
    }
}

/// Ends the session of this browser for somebody else to sign in at `sign_in`: at once, or from a
/// page where the browser has somebody to tell, so that who comes next isn't taken for who went.
/// That page is seen again below `here`, with `carried`.
pub async fn switch(
    visit: &mut Visit,
    here: &'static str,
    sign_in: &str,
    carried: &[(String, String)],
) -> Result<Response, Refusal> {
    let (_, seen, front) = end(visit, here, Reason::SwitchAccount).await?;
    let next = match seen {
        Some(seen) if front => format!("{}{}", seen.address, query_of(carried)),
        _ => sign_in.to_owned(),
    };
    Ok(visit.redirect_home(&next))
}

/// The page on the way of [`switch`].
pub async fn look_switched(
    visit: &mut Visit,
    here: &'static str,
    secret: String,
    sign_in: String,
    carried: Vec<(String, String)>,
) -> Result<Response, Refusal> {
    let button = Button { sign_in, carried };
    find(visit, here, secret, None, button).await
}

/// How far the notices of the logout behind a random address are. One that never was, or isn't
/// any more, tells nothing.
pub async fn look(
    visit: &mut Visit,
    here: &'static str,
    secret: String,
    onward: Option<Onward>,
) -> Result<Response, Refusal> {
    find(visit, here, secret, onward, Button::default()).await
}

async fn find(
    visit: &mut Visit,
    here: &'static str,
    secret: String,
    onward: Option<Onward>,
    button: Button,
) -> Result<Response, Refusal> {
    let hash = view_hash(&secret);
    let now = visit.now;
    let found = logouts::by_view(&mut visit.app.db.read().await?, &hash, now).await?;
    let Some((logout, until)) = found else {
        visit.context.path = here.into();
        return page(visit, false, None, None, button).await;
    };
    let seen = Seen {
        logout,
        address: format!("{here}/{secret}"),
        until,
    };
    page(visit, true, Some(seen), onward, button).await
}

/// Ends this browser's session, and what it has of a sign-in: whether there was one, its ledger,
/// and whether the browser itself has somebody to tell.
async fn end(
    visit: &mut Visit,
    here: &'static str,
    reason: Reason,
) -> Result<(bool, Option<Seen>, bool), Refusal> {
    if visit.cookies.get(CookieKind::SignIn).is_some() {
        visit.set_cookie(SetCookie::removed(CookieKind::SignIn));
    }
    let Some(id_hash) = sessions::let_go(visit).await? else {
        return Ok((false, None, false));
    };
    let secret = random_secret(&mut visit.rng);
    let view = View {
        hash: view_hash(&secret),
        expires_at: visit.now.checked_add(VIEW_LIFE).unwrap_or(visit.now),
    };
    let mut tx = visit.app.db.write().await?;
    let Some(ended) = ending::end(visit, &mut tx, &id_hash, reason, Some(view)).await? else {
        return Ok((false, None, false));
    };
    let front = ended.notices > 0 && hand_over(visit, &mut tx, ended.sid).await?;
    tx.commit().await?;
    let seen = (ended.notices > 0).then(|| Seen {
        logout: ended.sid,
        address: format!("{here}/{secret}"),
        until: view.expires_at,
    });
    Ok((true, seen, front))
}

async fn page(
    visit: &mut Visit,
    ended: bool,
    seen: Option<Seen>,
    onward: Option<Onward>,
    button: Button,
) -> Result<Response, Refusal> {
    // RED-10: an address that isn't registered leaves no trace on the page.
    visit.context.here.clone_from(&button.carried);
    let registry = visit.app.applications.current();
    let (mut shown, mut front) = (None, Vec::new());
    if let Some(seen) = seen {
        front = frames(visit, seen.logout).await?;
        let states = logouts::states(&mut visit.app.db.read().await?, seen.logout).await?;
        // In the other language it is the same ledger.
        visit.context.path.clone_from(&seen.address);
        shown = Some(ledger::ledger(&registry, &states))
            .filter(|ledger| !ledger.rows.is_empty())
            .map(|ledger| Ledger {
                refresh_url: format!("{}{}", seen.address, query_of(&button.carried)),
                until: visit.clock_time(seen.until),
                ..ledger
            });
    }
    let page = SignedOut {
        sign_in: button.sign_in,
        ended,
        ledger: shown,
        front: front
            .iter()
            .map(|frame| FrontChannel {
                application: ledger::names(&registry, &frame.application),
                url: frame.url.clone(),
            })
            .collect(),
        onward: onward.map(|onward| themes::pages::Onward {
            url: onward.to.as_str().to_owned(),
            application: page_names(onward.application.names.clone()),
        }),
    };
    visit.page_framing(StatusCode::OK, &page, origins(front))
}

fn origins(frames: Vec<Frame>) -> Vec<String> {
    let mut origins: Vec<String> = frames.into_iter().map(|frame| frame.origin).collect();
    origins.sort_unstable();
    origins.dedup();
    origins
}
