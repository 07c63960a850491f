//! The demonstration campus of `yimen up --demo`: synthetic people, made once,
//! applications on this machine for whoever tries, and what else a campus lists in its hall.

use std::path::PathBuf;

use idp_domain::accounts::{AccountNumber, ActivationCode, InitialRule, PhoneNumber};
use idp_domain::audit::{Event, Outcome};
use idp_domain::ids::{AuditId, PersonId};
use idp_storage::audit::Entry;
use idp_storage::{Tx, activation_codes, audit, passwords, persons, roles, settings};
use jiff::{SignedDuration, Timestamp};
use migrations::DbError;
use zeroize::Zeroizing;

use crate::accounts::import::{ImportError, ImportOptions, import_people};
use crate::accounts::sealed;
use crate::app::App;
use crate::applications::{Here, import};
use crate::factors::phones;

const PEOPLE: &str = include_str!("people.csv");
const APPLICATIONS: &str = include_str!("applications.json");
/// What a campus lists in its launchers; `{issuer}` stands for our own address.
const LISTED: &str = include_str!("listed.json");
const CREATED: &str = "demo.created";
/// The password of the activated accounts.
pub const PASSWORD: &str = "Campus-2026-demo";
/// Not activated, with a phone that the school has.
pub const NEWCOMER: &str = "20230001";
/// Not activated, without a phone, with an activation code.
pub const NEWCOMER_WITHOUT_PHONE: &str = "20230003";
/// Activated.
pub const STUDENT: &str = "20230002";
/// Activated, administrator.
pub const ADMINISTRATOR: &str = "10001";

/// What the start prints.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Of [`NEWCOMER`] and [`NEWCOMER_WITHOUT_PHONE`].
    pub initial_passwords: [String; 2],
    /// A new one at each start, until it was used.
    pub activation_code: Option<String>,
}

/// Why there is no demonstration campus.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the demonstration's people: {0}")]
    Import(#[from] ImportError),
    #[error("the demonstration's applications: {0}")]
    Applications(#[from] crate::applications::ImportError),
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the demonstration's data: {0}")]
    Data(&'static str),
}

/// Makes the campus if it isn't there, and gives what the start prints.
pub(crate) async fn create_once(app: &App) -> Result<Demo, DemoError> {
    let created = settings::get(&mut app.db.read().await?, CREATED).await?;
    if created.is_none() {
        create(app).await?;
    }
    Ok(Demo {
        initial_passwords: [initial(NEWCOMER)?, initial(NEWCOMER_WITHOUT_PHONE)?],
        activation_code: activation_code(app).await?,
    })
}

/// The last six of the id number, as the file has it.
fn initial(number: &str) -> Result<String, DemoError> {
    PEOPLE
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&number))
        .and_then(|fields| {
            fields
                .get(2)
                .and_then(|id| id.get(id.len().checked_sub(6)?..))
        })
        .map(str::to_owned)
        .ok_or(DemoError::Data("a newcomer is missing"))
}

async fn create(app: &App) -> Result<(), DemoError> {
    let now = app.clock.now();
    let mut rng = app.entropy.rng();
    // The importer reads a file, and the file is a good sample of one.
    let path = app.config.data.join("demo-people.csv");
    tokio::fs::create_dir_all(&app.config.data)
        .await
        .and(tokio::fs::write(&path, PEOPLE).await)
        .map_err(|source| DemoError::File {
            path: path.clone(),
            source,
        })?;
    let zone = app.config.school.timezone.get().clone();
    let options = ImportOptions::new(InitialRule::Last6, zone);
    let clock = || app.clock.now();
    import_people(
        &app.db,
        &app.keys,
        &path,
        &options,
        clock,
        &mut rng,
        &mut |_| {},
    )
    .await?;

    let phc = app
        .hashing
        .hash(now, Zeroizing::new(PASSWORD.to_owned()), &mut rng)
        .map_err(|_| DemoError::Data("no place for a password hash"))?
        .await
        .ok()
        .flatten()
        .ok_or(DemoError::Data("the password could not be hashed"))?;
    let mut tx = app.db.write().await?;
    let here = Here {
        issuer: app.config.server.issuer.as_str(),
        demo: true,
    };
    let listed = LISTED.replace("{issuer}", here.issuer);
    for entries in [APPLICATIONS, &listed] {
        import(&mut tx, entries, here, now, &mut rng).await?;
    }
    activate(app, &mut tx, STUDENT, &phc, now).await?;
    let administrator = activate(app, &mut tx, ADMINISTRATOR, &phc, now).await?;
    roles::grant(&mut tx, administrator, roles::ADMINISTRATOR, now).await?;
    settings::insert(&mut tx, CREATED, "true").await?;
    tx.commit().await?;
    app.applications.refresh_if_changed(&app.db).await?;
    Ok(())
}

/// An account as it is after its first sign-in, with the phone that the school has.
async fn activate(
    app: &App,
    tx: &mut Tx,
    number: &str,
    phc: &str,
    now: Timestamp,
) -> Result<PersonId, DemoError> {
    let mut rng = app.entropy.rng();
    let account = persons::for_sign_in(tx, number)
        .await?
        .ok_or(DemoError::Data("a person is missing"))?;
    let phone: PhoneNumber = account
        .school_phone
        .as_ref()
        .and_then(|(sealed, _)| sealed::open_phone(&app.keys, account.person, sealed).ok())
        .ok_or(DemoError::Data("a phone is missing"))?;
    passwords::set(tx, account.person, phc, false, 0, now).await?;
    persons::accept_notice(tx, account.person, &app.config.notice.version, now).await?;
    phones::bind(tx, &app.keys, account.person, &phone, now, &mut rng).await?;
    persons::activate(tx, account.person, now).await?;
    let id = AuditId::new(now, &mut rng);
    let entry = Entry::new(id, now, Event::Activated, Outcome::Success)
        .of(account.person)
        .because("demo");
    audit::record(tx, &entry).await?;
    Ok(account.person)
}

/// A new code for [`NEWCOMER_WITHOUT_PHONE`], while it is of use.
async fn activation_code(app: &App) -> Result<Option<String>, DemoError> {
    let now = app.clock.now();
    let mut rng = app.entropy.rng();
    let number =
        AccountNumber::parse(NEWCOMER_WITHOUT_PHONE).map_err(|_| DemoError::Data("a number"))?;
    let mut tx = app.db.write().await?;
    let account = persons::for_sign_in(&mut tx, number.as_str()).await?;
    let Some(account) = account.filter(|account| !account.activated) else {
        return Ok(None);
    };
    let code = ActivationCode::generate(&mut rng);
    let mac = code.mac(&app.keys, account.person);
    let life = SignedDuration::from_hours(24 * i64::from(app.config.activation.code_days.get()));
    let expires_at = now.checked_add(life).unwrap_or(Timestamp::MAX);
    activation_codes::set(&mut tx, account.person, &mac, now, expires_at).await?;
    let id = AuditId::new(now, &mut rng);
    let entry = Entry::new(id, now, Event::ActivationCodePrinted, Outcome::Success)
        .of(account.person)
        .because("demo");
    audit::record(&mut tx, &entry).await?;
    tx.commit().await?;
    Ok(Some(code.printed()))
}
