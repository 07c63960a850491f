//! Whether a device is let in. The person is always asked, with the application's name and with
//! what it would learn: somebody else may have sent her the code (RFC 8628 §5.4).

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::applications::{AccessDenial, Application, ApplicationId, OidcSide};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::GrantId;
use idp_domain::oidc::authorize::DeviceRequest;
use idp_domain::oidc::{UserCode, subject};
use idp_domain::sessions::{ActiveSession, Authority};
use idp_domain::signin::{Denial, Destination, Question};
use idp_storage::codes::SessionGrant;
use idp_storage::device_grants::Approval;
use idp_storage::{audit, codes, device_grants, sessions};
use themes::pages::{DeviceAnswered, Notice};

use super::verify;
use crate::oidc::issue::lane;
use crate::pages::page_names;
use crate::refusal::Refusal;
use crate::sessions::Arrival;
use crate::signin::goal::Goal;
use crate::signin::{hop, no_access, own};
use crate::visit::Visit;

/// A device that waits, with the client that it belongs to as of now.
struct Waiting {
    user_code: UserCode,
    application: Arc<Application>,
    client: OidcSide,
    request: DeviceRequest,
}

async fn find(visit: &Visit, user_code: UserCode) -> Result<Option<Waiting>, Refusal> {
    let code = user_code.mac(&visit.app.keys);
    let mut conn = visit.app.db.read().await?;
    let found = device_grants::waiting(&mut conn, &code, visit.now).await?;
    drop(conn);
    let registry = visit.app.applications.current();
    Ok(found.and_then(|waiting| {
        let id = ApplicationId::parse(&waiting.application).ok()?;
        let application = registry.get(&id)?.clone();
        let client = application.oidc.clone()?;
        let request = waiting.request.as_of_now(&client);
        (application.enabled && !request.scopes.is_empty()).then_some(Waiting {
            user_code,
            application,
            client,
            request,
        })
    }))
}

/// Whoever comes from the sign-in has still to send the code on; whoever comes from a question has
/// done so.
pub async fn arrive(
    visit: &mut Visit,
    arrival: Arrival,
    user_code: Option<UserCode>,
) -> Result<Response, Refusal> {
    let asked = |question: &Question| arrival.answers.has(*question);
    let from_question = arrival.declined || Question::ALL.iter().any(asked);
    match user_code {
        Some(code) if from_question => enter(visit, arrival, code).await,
        user_code => {
            let page = Destination::Device { user_code }.own_address();
            Ok(visit.redirect_home(&page.unwrap_or_default()))
        }
    }
}

/// What is asked on the way to a device. Nobody who isn't signed in learns what a code is for.
pub async fn goal(
    visit: &mut Visit,
    user_code: Option<UserCode>,
    arrival: Option<&Arrival>,
) -> Result<Option<Goal>, Refusal> {
    let (Some(code), Some(arrival)) = (user_code, arrival) else {
        return Ok(None);
    };
    let Some(waiting) = find(visit, code).await? else {
        return Ok(None);
    };
    let question = match judge(visit, arrival, &waiting).await? {
        Judged::Question(question) => Some(question),
        _ => None,
    };
    Ok(Some(Goal {
        origin: visit.origin(),
        question,
        disclosure: waiting.request.disclosure(&waiting.application),
        remembers_consent: false,
        device: Some(code),
        application: waiting.application,
    }))
}

enum Judged {
    Approve(Box<ActiveSession>),
    Question(Question),
    SignIn,
    NoAccess(AccessDenial),
}

async fn judge(visit: &Visit, arrival: &Arrival, waiting: &Waiting) -> Result<Judged, Refusal> {
    let application = &waiting.application;
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
    Ok(match established {
        Ok(session) if arrival.answers.has(Question::Consent) => Judged::Approve(Box::new(session)),
        Ok(_) => Judged::Question(Question::Consent),
        Err(Denial::MustChooseNumber) => Judged::Question(Question::Number),
        Err(Denial::NoAccess(denial)) => Judged::NoAccess(denial),
        // A step became due since the sign-in: ask again, and let the sign-in say what is missing.
        Err(_) => Judged::SignIn,
    })
}

/// On with a code that was found once: to the next question, or to the answer.
pub(super) async fn enter(
    visit: &mut Visit,
    arrival: Arrival,
    code: UserCode,
) -> Result<Response, Refusal> {
    let Some(waiting) = find(visit, code).await? else {
        return too_late(visit, &arrival, code);
    };
    if arrival.declined {
        return deny(visit, &arrival, &waiting).await;
    }
    let destination = Destination::Device {
        user_code: Some(code),
    };
    match judge(visit, &arrival, &waiting).await? {
        Judged::Approve(session) => approve(visit, &arrival, &session, waiting).await,
        Judged::Question(_) => hop::ask(visit, &arrival, destination).await,
        Judged::NoAccess(denial) => {
            no_access::refuse(visit, &waiting.application, &arrival, denial).await
        }
        Judged::SignIn => own::ask(visit, &destination),
    }
}

/// The session's grant, so that its logout ends what the device gets; the decision; the audit row.
async fn approve(
    visit: &mut Visit,
    arrival: &Arrival,
    session: &ActiveSession,
    waiting: Waiting,
) -> Result<Response, Refusal> {
    let authority = Authority::ActiveSession(session);
    let (Some(session), Some(number)) = (authority.session(), authority.number()) else {
        return too_late(visit, arrival, waiting.user_code);
    };
    let now = visit.now;
    let (client, application) = (&waiting.client, &waiting.application);
    let code = waiting.user_code.mac(&visit.app.keys);
    let request = waiting
        .request
        .granted(application, session.signed_in_at, &session.factors);
    let first = GrantId::new(now, &mut visit.rng);
    let entry = visit
        .audit(Event::DeviceApproved, Outcome::Success)
        .of(session.person)
        .at_application(application.id.as_str())
        .with("scope", request.scopes.to_string());
    let known_as = subject(&visit.app.keys, &client.subject_type, session.person);
    let lane = lane(client);
    let grant = SessionGrant {
        id: first,
        sid: session.sid,
        application: &application.id,
        number: &number.number,
        subject: &known_as,
        lane: lane.as_deref(),
        at: now,
    };
    let app = visit.app.clone();
    let mut tx = app.db.write().await?;
    if !sessions::touch(&mut tx, &session.id_hash, now).await? {
        let page = Destination::Device { user_code: None }.own_address();
        return Ok(visit.redirect_home(&page.unwrap_or_default()));
    }
    let grant = codes::grant(&mut tx, &grant).await?;
    let approval = Approval {
        grant,
        number: &number.number,
        subject: &known_as,
        request: &request,
    };
    if !device_grants::approve(&mut tx, &code, &approval, now).await? {
        return too_late(visit, arrival, waiting.user_code);
    }
    audit::record(&mut tx, &entry.with("grant", grant.to_string())).await?;
    tx.commit().await?;
    answered(visit, application, true)
}

async fn deny(
    visit: &mut Visit,
    arrival: &Arrival,
    waiting: &Waiting,
) -> Result<Response, Refusal> {
    let code = waiting.user_code.mac(&visit.app.keys);
    let entry = visit
        .audit(Event::DeviceDenied, Outcome::Refused)
        .of(arrival.session.person)
        .at_application(waiting.application.id.as_str());
    let mut tx = visit.app.db.write().await?;
    let first = device_grants::deny(&mut tx, &code, visit.now).await?;
    if first {
        audit::record(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    if first {
        answered(visit, &waiting.application, false)
    } else {
        too_late(visit, arrival, waiting.user_code)
    }
}

fn answered(
    visit: &mut Visit,
    application: &Application,
    allowed: bool,
) -> Result<Response, Refusal> {
    visit.context.here.clear();
    let page = DeviceAnswered {
        application: page_names(application.names.clone()),
        allowed,
        account: "/account".into(),
    };
    visit.page(StatusCode::OK, &page)
}

/// It was decided about in another tab, or took too long.
fn too_late(visit: &mut Visit, arrival: &Arrival, code: UserCode) -> Result<Response, Refusal> {
    let notice = Some(Notice::WrongUserCode);
    verify::page(visit, arrival, StatusCode::BAD_REQUEST, Some(code), notice)
}
