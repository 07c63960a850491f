//! An authorization request as it comes: read, addressed and checked whole, each time.

use std::sync::Arc;

use idp_domain::Timestamp;
use idp_domain::applications::{Application, Registry};
use idp_domain::oidc::authorize::{
    Addressed, AnswerAddress, AuthorizeRequest, Parameters, Unaddressed, Unreadable, Way,
};
use idp_domain::oidc::{ErrorCode, OAuthError, PushedRequest};
use idp_domain::secrets::Tag;
use idp_storage::pushed_requests;
use jiff::SignedDuration;

use super::hint;
use crate::refusal::Refusal;
use crate::visit::Visit;

/// What stands before the secret of a pushed request (RFC 9126 §2.2).
pub const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";
/// From the browser's arrival to the answer: a person types a password, and reads what she is
/// asked.
const TIME_TO_SIGN_IN: SignedDuration = SignedDuration::from_mins(10);

/// A request that may be answered with a code.
#[derive(Clone, Debug)]
pub struct Asked {
    pub request: AuthorizeRequest,
    /// What its answer uses up.
    pub pushed: Option<Tag>,
    /// Whom its `id_token_hint` names.
    hinted: Option<String>,
    /// What our forms carry, to be checked again.
    pub carried: Vec<(String, String)>,
}

/// Where an answer goes, whatever it is.
#[derive(Clone, Debug)]
pub struct AnswerTo {
    pub application: Arc<Application>,
    pub address: AnswerAddress,
    pub pushed: Option<Tag>,
}

/// Why there will be no code.
#[derive(Clone, Debug)]
pub enum Bad {
    /// The person alone may hear of it, on a page of ours.
    Unaddressed(&'static str),
    /// The application hears it.
    Answered(Box<AnswerTo>, OAuthError),
}

impl Asked {
    /// False where its `id_token_hint` names somebody else.
    pub fn hinted_is(&self, subject: &str) -> bool {
        self.hinted
            .as_deref()
            .is_none_or(|hinted| hinted == subject)
    }

    pub fn answer_to(&self) -> AnswerTo {
        AnswerTo {
            application: Arc::clone(&self.request.application),
            address: self.request.answer.clone(),
            pushed: self.pushed,
        }
    }
}

/// Reads and checks a request.
pub async fn ask(visit: &Visit, pairs: &[(String, String)]) -> Result<Result<Asked, Bad>, Refusal> {
    let parameters = match Parameters::read(pairs) {
        Ok(parameters) => parameters,
        Err(unreadable) => return Ok(Err(Bad::Unaddressed(unreadable.reason()))),
    };
    let registry = visit.app.applications.current();
    let uri = parameters.get("request_uri").unwrap_or_default();
    if let Some(secret) = uri.strip_prefix(REQUEST_URI) {
        return present(visit, &parameters, &registry, secret).await;
    }
    let carried = parameters.to_pairs();
    Ok(check(visit, parameters, Way::Plain, None, carried))
}

/// RFC 9126 §4: what was pushed counts, and nothing beside it. Unknown, foreign, answered and old
/// ones sound alike (OID-10).
async fn present(
    visit: &Visit,
    presented: &Parameters,
    registry: &Registry,
    secret: &str,
) -> Result<Result<Asked, Bad>, Refusal> {
    const BAD: Result<Asked, Bad> = Err(Bad::Unaddressed("invalid_request_uri"));
    // Two of anything, or a request by value beside it (RFC 9101 §5): which counts is a guess.
    if presented.repeated().is_some() || presented.get("request").is_some() {
        return Ok(Err(Bad::Unaddressed(Unreadable::Repeated.reason())));
    }
    let client_id = presented.get("client_id").unwrap_or_default();
    let Some(application) = registry.client(client_id) else {
        return Ok(Err(Bad::Unaddressed(Unaddressed::UnknownClient.reason())));
    };
    let Ok(secret) = PushedRequest::parse(secret) else {
        return Ok(BAD);
    };
    let (hash, now) = (secret.hash(), visit.now);
    let mut conn = visit.app.db.read().await?;
    let found = pushed_requests::find(&mut conn, &hash, &application.id, now).await?;
    drop(conn);
    let Some(pushed) = found else { return Ok(BAD) };
    if !pushed.opened {
        let until = now.checked_add(TIME_TO_SIGN_IN).unwrap_or(Timestamp::MAX);
        let mut tx = visit.app.db.write().await?;
        pushed_requests::open(&mut tx, &hash, now, until).await?;
        tx.commit().await?;
    }
    // The registry may have changed since it was pushed.
    let parameters = match Parameters::read(&pushed.parameters) {
        Ok(parameters) => parameters,
        Err(unreadable) => return Ok(Err(Bad::Unaddressed(unreadable.reason()))),
    };
    // Its name, and in which language to speak of it.
    let named = ["client_id", "request_uri"].map(|name| (name, presented.get(name)));
    let carried = named
        .into_iter()
        .chain([("ui_locales", parameters.get("ui_locales"))])
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    Ok(check(visit, parameters, Way::Pushed, Some(hash), carried))
}

fn check(
    visit: &Visit,
    parameters: Parameters,
    way: Way,
    pushed: Option<Tag>,
    carried: Vec<(String, String)>,
) -> Result<Asked, Bad> {
    let registry = visit.app.applications.current();
    let addressed = Addressed::of(parameters, &registry)
        .map_err(|unaddressed| Bad::Unaddressed(unaddressed.reason()))?;
    let checked = AuthorizeRequest::check(&addressed, way)
        .and_then(|request| Ok((hinted(visit, &request)?, request)));
    match checked {
        Ok((hinted, request)) => Ok(Asked {
            request,
            pushed,
            hinted,
            carried,
        }),
        Err(error) => {
            let to = AnswerTo {
                application: addressed.application,
                address: addressed.answer,
                pushed,
            };
            Err(Bad::Answered(Box::new(to), error))
        }
    }
}

/// Whom the `id_token_hint` names (OpenID Connect Core §3.1.2.1): an ID token of ours for this
/// client, however old.
fn hinted(visit: &Visit, request: &AuthorizeRequest) -> Result<Option<String>, OAuthError> {
    let Some(hint) = &request.expected.id_token else {
        return Ok(None);
    };
    let client_id = request.client.client_id.as_str();
    let read = hint::read(visit, hint).filter(|hint| hint.client_id == client_id);
    read.map(|hint| Some(hint.subject)).ok_or(OAuthError::new(
        ErrorCode::InvalidRequest,
        "id_token_hint is no ID token of ours for this client",
    ))
}
