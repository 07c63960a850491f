//! What the storage promises, aggregate by aggregate: the same cases, real races included, on
//! SQLite and on PostgreSQL. Imports, roster and registry have suites of their own beside this one.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on must stop, and show where"
)]

mod access_tokens;
mod activation_codes;
mod alarms;
mod authorizations;
mod captchas;
mod codes;
mod consents;
mod contacts;
mod device_grants;
mod devices;
mod expiry;
mod failed_secrets;
mod groups;
mod hops;
mod logouts;
mod one_time_codes;
mod outbox;
mod passwords;
mod persons;
mod probes;
mod proxy_granting_tickets;
mod pushed_requests;
mod registrations;
mod sessions;
mod settings;
mod signing_keys;
mod signins;
mod spent_ids;
mod support;
mod throttle;
mod tickets;
