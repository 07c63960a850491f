//! The identity provider's SQL, one file per aggregate. A state change is a guarded UPDATE that
//! says whether it happened; nothing that may be used once is read first and written later.

pub mod access_tokens;
pub mod activation_codes;
pub mod alarms;
pub mod applications;
pub mod audit;
pub mod authorizations;
pub mod captchas;
pub mod codes;
pub mod consents;
pub mod contacts;
pub mod device_grants;
pub mod devices;
pub mod expiry;
pub mod failed_secrets;
pub mod grants;
pub mod groups;
pub mod hops;
pub mod imports;
pub mod logouts;
pub mod number_choices;
pub mod one_time_codes;
pub mod org_units;
pub mod outbox;
pub mod passwords;
pub mod persons;
pub mod probes;
pub mod proxy_granting_tickets;
pub mod pushed_requests;
pub mod registrations;
pub mod roles;
pub mod roster;
pub mod sessions;
pub mod settings;
pub mod signing_keys;
pub mod signins;
pub mod spent_ids;
pub mod throttle;
pub mod tickets;

pub use migrations::{Conn, Db, DbError, Micros, Tx};

/// Every query text of this crate, for the test that prepares each one on each engine.
pub const STATEMENTS: &[&[migrations::Statement]] = &[
    access_tokens::STATEMENTS,
    activation_codes::STATEMENTS,
    alarms::STATEMENTS,
    applications::STATEMENTS,
    audit::STATEMENTS,
    authorizations::STATEMENTS,
    captchas::STATEMENTS,
    codes::STATEMENTS,
    consents::STATEMENTS,
    contacts::STATEMENTS,
    device_grants::STATEMENTS,
    devices::STATEMENTS,
    expiry::STATEMENTS,
    failed_secrets::STATEMENTS,
    grants::STATEMENTS,
    groups::STATEMENTS,
    hops::STATEMENTS,
    imports::STATEMENTS,
    logouts::STATEMENTS,
    number_choices::STATEMENTS,
    one_time_codes::STATEMENTS,
    org_units::STATEMENTS,
    outbox::STATEMENTS,
    passwords::STATEMENTS,
    persons::STATEMENTS,
    probes::STATEMENTS,
    proxy_granting_tickets::STATEMENTS,
    pushed_requests::STATEMENTS,
    registrations::STATEMENTS,
    roles::STATEMENTS,
    roster::STATEMENTS,
    sessions::STATEMENTS,
    settings::STATEMENTS,
    signing_keys::STATEMENTS,
    signins::STATEMENTS,
    spent_ids::STATEMENTS,
    throttle::STATEMENTS,
    tickets::STATEMENTS,
];
