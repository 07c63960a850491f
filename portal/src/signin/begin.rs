use axum::response::Response;
use openidconnect::core::CoreResponseType;
use openidconnect::{
    AuthenticationFlow, CsrfToken, LanguageTag, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope,
};
use themes::pages::HallFailure;

use super::own_path;
use super::session::Session;
use super::state::State;
use crate::config::SCOPES;
use crate::provider::client;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// `GET /signin?to=/path`: on to the provider. Stores nothing.
pub(crate) async fn begin(mut visit: Visit) -> Result<Response, Refusal> {
    let to = visit
        .parameters()
        .find(|(name, _)| name == "to")
        .map_or_else(|| "/".into(), |(_, value)| own_path(&value).to_owned());
    if Session::of(&mut visit).await?.is_some() {
        return Ok(visit.redirect(&to));
    }
    let now = visit.now;
    let known = visit
        .app
        .provider
        .known(now)
        .await
        .map_err(|_| Refusal::SignIn {
            why: HallFailure::Away,
            to: to.clone(),
        })?;
    let state = State::new(&to, now, &mut visit.rng);
    let visitor = visit.visitor();
    let app = std::sync::Arc::clone(&visit.app);
    let sealed = state.seal(&app.keys, &visitor, &mut visit.rng);
    let client = client(&app.config, &known.metadata);
    let verifier = PkceCodeVerifier::new(state.verifier);
    let nonce = state.nonce;
    let (address, ..) = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            || CsrfToken::new(sealed),
            || Nonce::new(nonce),
        )
        // `openid` is there by itself.
        .add_scopes(
            SCOPES[1..]
                .iter()
                .map(|scope| Scope::new((*scope).to_owned())),
        )
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_ui_locale(LanguageTag::new(visit.locale.tag().to_owned()))
        .url();
    metrics::counter!("hall_sign_ins_total", "outcome" => "begun").increment(1);
    Ok(visit.redirect(address.as_str()))
}
