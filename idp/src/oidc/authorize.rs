//! `/oidc/authorize` (OpenID Connect Core §3.1.2, RFC 6749 §4.1).

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::AccessDenial;
use idp_domain::form::decode_pairs_strictly;
use idp_domain::oidc::authorize::{AuthorizeRequest, Entrance, Here, Open, Parameters};
use idp_domain::oidc::{ErrorCode, OAuthError, subject};
use idp_domain::sessions::{ActiveSession, Authority};
use idp_domain::signin::{Denial, Destination, Question, Wishes};
use idp_storage::consents;
use themes::pages::Notice;

use super::ask::{Asked, Bad, ask};
use super::issue::{Issued, issue};
use super::respond;
use crate::forgery::{self, Fields};
use crate::pages::page_names;
use crate::pages::query_of;
use crate::refusal::Refusal;
use crate::sessions::{self, Arrival};
use crate::signin::carried::Carried;
use crate::signin::form::{Shown, SignInForm};
use crate::signin::goal::Goal;
use crate::signin::submit::submit as sign_in;
use crate::signin::{hop, no_access};
use crate::visit::Visit;

const HERE: &str = "/oidc/authorize";

/// The request, in the language that it wishes for.
async fn read(
    visit: &mut Visit,
    pairs: &[(String, String)],
) -> Result<Result<Asked, Bad>, Refusal> {
    let asked = ask(visit, pairs).await?;
    if let Ok(asked) = &asked {
        visit.speak(&asked.carried);
    }
    Ok(asked)
}

/// `GET /oidc/authorize`: a code for who is signed in, the form for who isn't.
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    let query = visit.query.clone().unwrap_or_default();
    let Ok(pairs) = decode_pairs_strictly(query.as_bytes()) else {
        return respond::unaddressed(&mut visit, "bad_characters").await;
    };
    let asked = match read(&mut visit, &pairs).await? {
        Ok(asked) => asked,
        Err(bad) => return respond::bad(&mut visit, bad).await,
    };
    // A stranger has no cookie, and costs the database nothing.
    match sessions::current(&mut visit).await? {
        Some(arrival) => enter(&mut visit, arrival, asked).await,
        None => match asked.request.entrance(None, visit.now) {
            Ok(_) => sign_in_page(&mut visit, &asked, &pairs),
            Err(error) => respond::refuse(&mut visit, &asked.answer_to(), &error).await,
        },
    }
}

/// `POST /oidc/authorize` (§3.1.2.1): the same as a GET. It comes from the application's page, so
/// none of our cookies came along; the GET that it is answered with has them. Nothing changes
/// here, so nothing needs to be protected against forgery.
pub async fn relay(mut visit: Visit, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    if !forgery::is_form(&parts.headers) {
        return Err(Refusal::BAD_REQUEST);
    }
    let bytes = forgery::read_bytes(body).await?;
    let pairs = decode_pairs_strictly(&bytes).map_err(|_| Refusal::BAD_REQUEST)?;
    // As they came, repeated ones too: that is for the GET to judge.
    let known: Vec<_> = pairs
        .into_iter()
        .filter(|(name, _)| Parameters::knows(name))
        .collect();
    Ok(visit.redirect_home(&format!("{HERE}{}", query_of(&known))))
}

/// `POST /oidc/login`: number and password.
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let asked = match read(&mut visit, form.pairs()).await? {
        Ok(asked) => asked,
        Err(bad) => return respond::bad(&mut visit, bad).await,
    };
    let mut sign_in_form = sign_in_form(&asked);
    sign_in_form.wishes = Wishes::ticked(|name| form.get(name) == "true");
    let destination = Destination::Oidc {
        parameters: asked.carried,
    };
    sign_in(&mut visit, &form, &sign_in_form, destination).await
}

/// A complete sign-in arrives, with the request as it was at its beginning.
pub async fn arrive(
    visit: &mut Visit,
    arrival: Arrival,
    parameters: &[(String, String)],
) -> Result<Response, Refusal> {
    match read(visit, parameters).await? {
        Ok(asked) => enter(visit, arrival, asked).await,
        Err(bad) => respond::bad(visit, bad).await,
    }
}

/// Where a request leads, and what is asked on the way there.
pub async fn goal(
    visit: &mut Visit,
    parameters: &[(String, String)],
    arrival: Option<&Arrival>,
) -> Result<Option<Goal>, Refusal> {
    let Ok(asked) = read(visit, parameters).await? else {
        return Ok(None);
    };
    let question = match arrival {
        Some(arrival) => match judge(visit, arrival, &asked).await? {
            Judged::Question(question) => Some(question),
            _ => None,
        },
        None => None,
    };
    Ok(Some(Goal {
        origin: asked.request.answer.redirect.origin().to_owned(),
        disclosure: asked.request.disclosure(),
        remembers_consent: asked.request.remembers_consent(),
        device: None,
        application: asked.request.application,
        question,
    }))
}

/// What a request comes to, for who is there.
enum Judged {
    Issue(Box<ActiveSession>),
    Question(Question),
    SignIn,
    NoAccess(AccessDenial),
    Refused(OAuthError),
}

async fn judge(visit: &Visit, arrival: &Arrival, asked: &Asked) -> Result<Judged, Refusal> {
    let request = &asked.request;
    let person = arrival.session.person;
    let known_as = subject(&visit.app.keys, &request.client.subject_type, person);
    let here = Here {
        session: &arrival.session,
        fresh: arrival.fresh,
        expected: request.expected.admits(&known_as) && asked.hinted_is(&known_as),
    };
    match request.entrance(Some(here), visit.now) {
        Ok(Entrance::Open) => {}
        Ok(Entrance::SignIn) => return Ok(Judged::SignIn),
        Err(error) => return Ok(Judged::Refused(error)),
    }
    let application = &request.application;
    let chosen = hop::chosen_number(visit, &arrival.holder, application).await?;
    let established = ActiveSession::establish(
        arrival.session.clone(),
        arrival.holder.clone(),
        Some(application),
        chosen.as_deref(),
        &visit.app.step_policy(),
        arrival.fresh,
        visit.now,
    );
    let session = match established {
        Ok(session) => Some(Box::new(session)),
        Err(Denial::MustChooseNumber) => None,
        Err(Denial::NoAccess(denial)) => return Ok(Judged::NoAccess(denial)),
        Err(denial) if request.prompt.none => {
            return Ok(Judged::Refused(AuthorizeRequest::denial(&denial)));
        }
        // A step became due since the sign-in: ask again, and let the sign-in say what is missing.
        Err(_) => return Ok(Judged::SignIn),
    };
    let open = Open {
        answers: &arrival.answers,
        fresh: arrival.fresh,
        number: session.is_none(),
        consented: has_consented(visit, arrival, request).await?,
        warn: arrival.session.warn,
    };
    Ok(match (request.question(open), session) {
        (Err(error), _) => Judged::Refused(error),
        (Ok(Some(question)), _) => Judged::Question(question),
        (Ok(None), Some(session)) => Judged::Issue(session),
        (Ok(None), None) => Judged::Question(Question::Number),
    })
}

/// A read of its own, where people are asked at all.
async fn has_consented(
    visit: &Visit,
    arrival: &Arrival,
    request: &AuthorizeRequest,
) -> Result<bool, Refusal> {
    if !request.asks_consent() || !request.remembers_consent() || request.prompt.consent {
        return Ok(false);
    }
    let mut conn = visit.app.db.read().await?;
    let person = arrival.session.person;
    let before = consents::find(&mut conn, person, &request.application.id).await?;
    Ok(before.is_some_and(|before| request.disclosure().is_within(&before)))
}

/// On to the application with a code, if the person may have one and nothing is to be asked.
async fn enter(visit: &mut Visit, arrival: Arrival, asked: Asked) -> Result<Response, Refusal> {
    let judged = if arrival.declined {
        Judged::Refused(OAuthError::new(
            ErrorCode::AccessDenied,
            "the person did not agree",
        ))
    } else {
        judge(visit, &arrival, &asked).await?
    };
    match judged {
        Judged::Issue(session) => hand_out(visit, &session, &asked).await,
        Judged::Question(_) => {
            let destination = Destination::Oidc {
                parameters: asked.carried,
            };
            hop::ask(visit, &arrival, destination).await
        }
        Judged::SignIn => sign_in_page(visit, &asked, &[]),
        Judged::NoAccess(denial) => turn_away(visit, &arrival, &asked, denial).await,
        Judged::Refused(error) => respond::refuse(visit, &asked.answer_to(), &error).await,
    }
}

/// Who may not enter reads why, or where no page may be shown, the application hears that she may
/// not. The trail has it either way.
async fn turn_away(
    visit: &mut Visit,
    arrival: &Arrival,
    asked: &Asked,
    denial: AccessDenial,
) -> Result<Response, Refusal> {
    let application = &asked.request.application;
    if !asked.request.prompt.none {
        return no_access::refuse(visit, application, arrival, denial).await;
    }
    no_access::note(visit, application, arrival.session.person, &denial).await?;
    let error = AuthorizeRequest::denial(&Denial::NoAccess(denial));
    respond::refuse(visit, &asked.answer_to(), &error).await
}

async fn hand_out(
    visit: &mut Visit,
    session: &ActiveSession,
    asked: &Asked,
) -> Result<Response, Refusal> {
    match issue(visit, Authority::ActiveSession(session), asked).await? {
        Issued::Code(code) => respond::hand_over(visit, &asked.answer_to(), &code),
        // Everything is judged, and asked, once more.
        Issued::Overtaken => {
            let query = query_of(&asked.carried);
            Ok(visit.redirect_home(&format!("{HERE}{query}")))
        }
        Issued::RequestSpent => respond::unaddressed(visit, "invalid_request_uri").await,
    }
}

fn sign_in_form(asked: &Asked) -> SignInForm {
    SignInForm {
        action: "/oidc/login",
        carried: Carried::oidc(asked.carried.clone()),
        application: Some(page_names(asked.request.application.names.clone())),
        target: Some(asked.request.answer.redirect.origin().to_owned()),
        wishes: Wishes::default(),
    }
}

fn sign_in_page(
    visit: &mut Visit,
    asked: &Asked,
    pairs: &[(String, String)],
) -> Result<Response, Refusal> {
    let has = |name: &str| pairs.iter().any(|(n, _)| n == name);
    let hint = asked.request.login_hint.as_deref().unwrap_or_default();
    let shown = Shown {
        notice: has("switched").then_some(Notice::SwitchedAccount),
        captcha: has("captcha"),
        username: hint.chars().take(64).collect(),
    };
    sign_in_form(asked).render(visit, StatusCode::OK, shown)
}
