//! The hall's rows.

pub(crate) mod endings;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod spent;

use migrations::Statement;

/// Every query text, for the test that prepares each on both engines.
pub fn statements() -> Vec<Statement> {
    [
        endings::STATEMENTS,
        sessions::STATEMENTS,
        settings::STATEMENTS,
        spent::STATEMENTS,
    ]
    .concat()
}
