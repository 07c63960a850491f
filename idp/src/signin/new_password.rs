//! A password of her own: the policy, the former ones, and the end of everything older.

use axum::http::StatusCode;
use axum::response::Response;
use idp_domain::accounts::{
    AccountNumber, PasswordContext, PasswordFault as Fault, PasswordPolicy, PersonName,
    matches_initial, normalise_password,
};
use idp_domain::audit::{Event, Outcome};
use idp_domain::factors::{Factor, Limit};
use idp_domain::ids::{EventId, PersonId};
use idp_domain::secrets::{Tag, Use};
use idp_domain::signin::{Proof, Step};
use idp_storage::persons::{self, SchoolData};
use idp_storage::{activation_codes, audit, devices, passwords, signins, throttle};
use themes::pages::{NewPassword, Notice, PasswordFault};
use zeroize::Zeroizing;

use super::steps::{self, At, Current};
use crate::accounts::sealed;
use crate::factors::hash_pool::Lane;
use crate::forgery::{Csrf, Fields};
use crate::refusal::Refusal;
use crate::sessions::ending::{self, Reason};
use crate::visit::Visit;

/// New passwords of one person that are looked at in a day.
const TRIES_A_DAY: u32 = 100;

/// `GET /signin/password`
pub async fn show(mut visit: Visit) -> Result<Response, Refusal> {
    match steps::at(&mut visit, &[Step::Password]).await? {
        At::Here(current) => page(&mut visit, &current, None),
        At::Elsewhere(response) => Ok(response),
    }
}

/// `POST /signin/password`
pub async fn submit(mut visit: Visit, form: Fields) -> Result<Response, Refusal> {
    let current = match steps::at_with(&mut visit, &[Step::Password], &form).await? {
        At::Here(current) => current,
        At::Elsewhere(response) => return Ok(response),
    };
    let password = Zeroizing::new(normalise_password(form.get("password")));
    let again = Zeroizing::new(normalise_password(form.get("password_again")));
    if !may_try(&mut visit, &current).await? {
        return page(&mut visit, &current, Some(Notice::CodeLimit));
    }
    let reasons = faults(&visit, &current, &password, &again).await?;
    if !reasons.is_empty() {
        return page(&mut visit, &current, Some(Notice::BadPassword { reasons }));
    }
    let app = visit.app.clone();
    let phc = app
        .hashing
        .hash(visit.now, password, &mut visit.rng)?
        .await
        .ok()
        .flatten()
        .ok_or(Refusal::INTERNAL)?;
    set(&mut visit, &current, &phc).await?;
    steps::onward(&mut visit).await
}

/// Each try may cost as many hashes as there are former passwords, and tells whether it was one:
/// counted like a guess (BRU-01).
async fn may_try(visit: &mut Visit, current: &Current) -> Result<bool, Refusal> {
    let now = visit.now;
    let event = EventId::new(now, &mut visit.rng);
    let person = current.signin.person;
    let parts = [b"new-password".as_slice(), person.0.as_bytes()];
    let bucket = visit.app.keys.mac(Use::Throttle, &parts);
    let limit = [Limit::per_day(TRIES_A_DAY)];
    let mut tx = visit.app.db.write().await?;
    let place = throttle::reserve(&mut tx, event, &bucket, &limit, now).await?;
    tx.commit().await?;
    Ok(place.is_ok())
}

/// In one transaction: the step, the password, and the end of what rests on an older one
/// (SES-10): sessions, known browsers, other sign-ins under way.
async fn set(visit: &mut Visit, current: &Current, phc: &str) -> Result<(), Refusal> {
    let now = visit.now;
    let signin = &current.signin;
    let keep = i64::from(visit.app.config.password.history.get());
    let mut tx = visit.app.db.write().await?;
    if !steps::take(visit, &mut tx, current).await? {
        return Ok(());
    }
    passwords::set(&mut tx, signin.person, phc, false, keep, now).await?;
    if signin.proof(Factor::ActivationCode).is_some() {
        activation_codes::use_up(&mut tx, signin.person, now).await?;
    }
    let proof = Proof {
        factor: Factor::NewPassword,
        recipient: None,
        shown_at: now,
    };
    signins::prove(&mut tx, &signin.id_hash, &proof).await?;
    signins::end_others(&mut tx, signin.person, &signin.id_hash, now).await?;
    // This sign-in itself began earlier, and stays.
    persons::overtake(&mut tx, signin.person, signin.created_at).await?;
    let ended = ending::end_all(visit, &mut tx, signin.person, Reason::PasswordChange).await?;
    devices::forget_all(&mut tx, signin.person).await?;
    let entry = visit
        .audit(Event::PasswordChanged, Outcome::Success)
        .of(signin.person)
        .with("sessions_ended", ended);
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(())
}

async fn faults(
    visit: &Visit,
    current: &Current,
    password: &Zeroizing<String>,
    again: &Zeroizing<String>,
) -> Result<Vec<PasswordFault>, Refusal> {
    let person = current.signin.person;
    let keep = i64::from(visit.app.config.password.history.get());
    let mut conn = visit.app.db.read().await?;
    let school = persons::school_data(&mut conn, person).await?;
    let former = passwords::history(&mut conn, person, keep.max(1)).await?;
    drop(conn);
    let mut faults = policy_faults(visit, person, &school, password)?;
    if password != again {
        faults.push(PasswordFault::Differs);
    }
    // Each comparison costs a hash, so only for one that could be taken.
    if faults.is_empty() && was_used(visit, current, &school, former, password).await? {
        faults.push(PasswordFault::Reused);
    }
    Ok(faults)
}

fn policy_faults(
    visit: &Visit,
    person: PersonId,
    school: &[SchoolData],
    password: &str,
) -> Result<Vec<PasswordFault>, Refusal> {
    let keys = &visit.app.keys;
    let config = &visit.app.config;
    let numbers: Vec<AccountNumber> = school
        .iter()
        .filter_map(|data| AccountNumber::parse(&data.display_number).ok())
        .collect();
    let mut phones = Vec::new();
    let mut id_number = None;
    for data in school {
        if let Some(sealed) = &data.phone_enc {
            phones.push(sealed::open_phone(keys, person, sealed)?);
        }
        if let (None, Some(sealed)) = (&id_number, &data.id_number_enc) {
            id_number = Some(sealed::open_id_number(keys, person, sealed)?);
        }
    }
    let name = school
        .first()
        .and_then(|data| PersonName::parse(&data.name).ok());
    let school_name = &config.school.name;
    let context = PasswordContext {
        name: name.as_ref(),
        numbers: &numbers,
        id_number: id_number.as_ref(),
        phones: &phones,
        school_words: &[school_name.zh_cn.clone(), school_name.en.clone()],
    };
    let policy = PasswordPolicy {
        least: config.password.least.get() as usize,
        most: config.password.most.get() as usize,
        strength: u8::try_from(config.password.strength.get()).unwrap_or(4),
    };
    Ok(policy
        .check(password, &context)
        .into_iter()
        .map(shown)
        .collect())
}

fn shown(fault: Fault) -> PasswordFault {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    match fault {
        Fault::TooShort { least } => PasswordFault::TooShort {
            least: count(least),
        },
        Fault::TooLong { most } => PasswordFault::TooLong { most: count(most) },
        Fault::BadCharacter => PasswordFault::BadCharacter,
        Fault::TooWeak => PasswordFault::TooWeak,
        Fault::Common => PasswordFault::Common,
        Fault::Personal => PasswordFault::Personal,
    }
}

/// Whether it is the initial one, the one in force, or one of the former ones.
async fn was_used(
    visit: &Visit,
    current: &Current,
    school: &[SchoolData],
    former: Vec<String>,
    password: &Zeroizing<String>,
) -> Result<bool, Refusal> {
    let person = current.signin.person;
    let initial = school
        .iter()
        .filter_map(|data| data.initial_mac.as_deref())
        .any(|mac| matches_initial(&visit.app.keys, person, password, &Tag::from_column(mac)));
    if initial {
        return Ok(true);
    }
    for phc in former {
        let (_, checked) =
            visit
                .app
                .hashing
                .verify(Lane::Clean, visit.now, Some(&phc), password.clone())?;
        if checked.await.is_ok_and(|checked| checked.matches) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn page(visit: &mut Visit, current: &Current, notice: Option<Notice>) -> Result<Response, Refusal> {
    let page = NewPassword {
        form: visit.form(Csrf::SignIn, "/signin/password", steps::carried(current)),
        progress: steps::progress(visit, current),
        notice,
        least: visit.app.config.password.least.get(),
        most: visit.app.config.password.most.get(),
        number: current.signin.number.clone(),
        first: !current.standing.activated,
    };
    visit.page(StatusCode::OK, &page)
}
