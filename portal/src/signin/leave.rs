use axum::response::Response;
use openidconnect::LogoutRequest;
use openidconnect::{ClientId, CsrfToken, EndSessionUrl, PostLogoutRedirectUrl};

use super::session::Session;
use crate::cookies::{CookieKind, SetCookie};
use crate::refusal::Refusal;
use crate::secrets::{random_secret, same};
use crate::store::sessions;
use crate::visit::Visit;

/// `POST /signout`: signs out here, and on to the provider, which ends its session and tells every
/// other application (RP-Initiated Logout 1.0 §2).
pub(crate) async fn leave(mut visit: Visit) -> Result<Response, Refusal> {
    let Some(session) = Session::of(&mut visit).await? else {
        return Ok(visit.redirect("/"));
    };
    let app = std::sync::Arc::clone(&visit.app);
    let mut tx = app.db.write().await?;
    sessions::end(&mut tx, session.row.id).await?;
    tx.commit().await?;
    visit.set_cookie(SetCookie::removed(CookieKind::Session));
    metrics::counter!("hall_sign_outs_total").increment(1);

    let state = random_secret(&mut visit.rng);
    visit.set_cookie(SetCookie::session(CookieKind::Leaving, state.clone()));
    let known = app.provider.known(visit.now).await.ok();
    let end_session = known.as_ref().and_then(|known| known.end_session());
    let after = PostLogoutRedirectUrl::new(app.config.after_sign_out());
    let (Some(end_session), Ok(after)) = (end_session, after) else {
        // Away, or without such an endpoint: only here, and the page says so.
        return Ok(visit.redirect(ONLY_HERE));
    };
    let hint: openidconnect::core::CoreIdToken = session
        .inside
        .tokens
        .id
        .parse()
        .map_err(|_| Refusal::INTERNAL)?;
    let request = LogoutRequest::from(EndSessionUrl::from_url(end_session.clone()))
        .set_id_token_hint(&hint)
        .set_client_id(ClientId::new(app.config.client_id.clone()))
        .set_post_logout_redirect_uri(after)
        .set_state(CsrfToken::new(state));
    Ok(visit.redirect(request.http_get_url().as_str()))
}

/// Where a sign-out ends that the provider couldn't be told of.
const ONLY_HERE: &str = "/?left=here";

/// What the home page says after a sign-out: whether it was everywhere. Said once, and only to the
/// browser that signed out.
pub(crate) fn has_left(visit: &mut Visit) -> Option<bool> {
    let leaving = visit.cookies.get(CookieKind::Leaving)?.to_owned();
    let parameter = |wanted: &str| {
        let mut all = visit.parameters();
        all.find(|(name, _)| name == wanted).map(|(_, value)| value)
    };
    let everywhere = parameter("state").is_some_and(|state| same(&state, &leaving));
    let here = parameter("left").as_deref() == Some("here");
    if !everywhere && !here {
        return None;
    }
    visit.set_cookie(SetCookie::removed(CookieKind::Leaving));
    Some(everywhere)
}
