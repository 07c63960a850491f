use axum::response::Response;
use jiff::SignedDuration;
use themes::pages::HallFailure;

use super::session::{self, Session};
use super::state::{LIFE, State};
use crate::cookies::CookieKind;
use crate::provider::{BadAnswer, SignedInAs};
use crate::refusal::Refusal;
use crate::store::spent::{self, Kind};
use crate::visit::Visit;

/// The provider's answer (RFC 6749 §4.1.2, OIDC Core 3.1.2.5). A parameter that comes twice is
/// none.
#[derive(Debug, Default)]
struct Answer {
    state: Option<String>,
    iss: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn read(visit: &Visit) -> Option<Self> {
        let mut answer = Self::default();
        for (name, value) in visit.parameters() {
            let field = match name.as_str() {
                "state" => &mut answer.state,
                "iss" => &mut answer.iss,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                _ => continue,
            };
            if field.replace(value).is_some() {
                return None;
            }
        }
        Some(answer)
    }
}

/// `GET /signin/callback`
pub(crate) async fn callback(mut visit: Visit) -> Result<Response, Refusal> {
    let result = receive(&mut visit).await;
    let outcome = match &result {
        Ok(_) => "done",
        Err(Refusal::SignIn { why, .. }) => why.word(),
        Err(Refusal::Page(_) | Refusal::TooMany { .. }) => "error",
    };
    metrics::counter!("hall_sign_ins_total", "outcome" => outcome).increment(1);
    result
}

async fn receive(visit: &mut Visit) -> Result<Response, Refusal> {
    let fail = |why, to: &str| Refusal::SignIn { why, to: to.into() };
    let answer = Answer::read(visit).ok_or_else(|| fail(HallFailure::Untrusted, "/"))?;
    let now = visit.now;
    // SES-02, OID-21: only for the browser that began, not too long ago.
    let state = answer
        .state
        .as_deref()
        .zip(visit.cookies.get(CookieKind::Visitor))
        .and_then(|(text, visitor)| State::open(text, &visit.app.keys, visitor))
        .filter(|state| state.is_alive(now))
        .ok_or_else(|| fail(HallFailure::Expired, "/"))?;
    let fail = |why| fail(why, &state.to);
    if !is_from_our_provider(visit, &answer) {
        tracing::warn!("an answer names another issuer");
        return Err(fail(HallFailure::Untrusted));
    }
    if !spend(visit, &state).await? {
        // A reload, or the way back: who is signed in goes on, nobody signs in by it.
        return match Session::of(visit).await? {
            Some(_) => Ok(visit.redirect(&state.to)),
            None => Err(fail(HallFailure::Expired)),
        };
    }
    if let Some(error) = &answer.error {
        return Err(fail(failure_of(error)));
    }
    let code = answer.code.ok_or_else(|| fail(HallFailure::Untrusted))?;
    let app = std::sync::Arc::clone(&visit.app);
    let proven = app
        .provider
        .redeem(&app.config, code, state.verifier.clone(), &state.nonce, now)
        .await
        .map_err(|error| fail(why(&error)))?;
    let person = person_of(visit, &proven)
        .await
        .map_err(|error| fail(why(&error)))?;
    if session::begin(visit, proven, person).await? {
        Ok(visit.redirect(&state.to))
    } else {
        // Signed out at the provider while we were asking.
        Err(fail(HallFailure::Ended))
    }
}

async fn person_of(visit: &Visit, proven: &SignedInAs) -> Result<session::Person, BadAnswer> {
    let (provider, config) = (&visit.app.provider, &visit.app.config);
    let access = &proven.tokens.access;
    let told = provider.userinfo(config, &proven.subject, access, visit.now);
    Ok(session::Person::of(&told.await?))
}

/// RFC 9207 §2.4, OID-05: byte for byte, and there where the provider says that it always is.
fn is_from_our_provider(visit: &Visit, answer: &Answer) -> bool {
    match &answer.iss {
        Some(iss) => *iss == visit.app.config.issuer,
        None => visit
            .app
            .provider
            .current()
            .is_none_or(|known| !known.names_itself()),
    }
}

/// True the first time.
async fn spend(visit: &Visit, state: &State) -> Result<bool, Refusal> {
    let mut tx = visit.app.db.write().await?;
    let until = visit.now + LIFE + SignedDuration::from_mins(1);
    let first = spent::spend(&mut tx, Kind::State, &state.hash(), until).await?;
    tx.commit().await?;
    Ok(first)
}

/// What an error of the provider (RFC 6749 §4.1.2.1, OIDC Core 3.1.2.6) means to the person. Its
/// text is not shown: anybody can write one.
fn failure_of(error: &str) -> HallFailure {
    match error {
        "access_denied" => HallFailure::Denied,
        "login_required"
        | "interaction_required"
        | "account_selection_required"
        | "consent_required" => HallFailure::Required,
        "temporarily_unavailable" | "server_error" => HallFailure::Away,
        _ => {
            tracing::error!("the provider refuses how the hall asks");
            HallFailure::Misconfigured
        }
    }
}

fn why(error: &BadAnswer) -> HallFailure {
    match error {
        BadAnswer::Away(reason) | BadAnswer::Lost(reason) => {
            tracing::warn!(reason, "the identity provider is away");
            HallFailure::Away
        }
        BadAnswer::Ended => HallFailure::Expired,
        BadAnswer::Refused(reason) => {
            tracing::error!(reason, "the identity provider refuses the hall");
            HallFailure::Misconfigured
        }
        BadAnswer::Untrusted(reason) => {
            tracing::warn!(reason, "an answer of the provider is not believed");
            HallFailure::Untrusted
        }
    }
}
