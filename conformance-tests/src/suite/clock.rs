//! The wall clock: the suite judges a server that runs by it, so there is nothing to inject.

use jiff::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the server under test has no other clock to be judged by"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
