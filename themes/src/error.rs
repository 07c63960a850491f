//! What can be wrong with a theme, said so that a school's designer finds the place.

use std::{io, path::PathBuf};

use crate::Locale;

/// A theme that can't be loaded, or a page that can't be rendered. Messages name the file (and
/// line) but never a value of the page, so they may be logged.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    #[error("{}: cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// A file that nothing would ever use, most often a misspelt name.
    #[error("{}: {reason}", path.display())]
    Unexpected { path: PathBuf, reason: String },
    #[error("{file}:{line}: {reason}")]
    Template {
        /// Where the file came from, such as `themes/school/templates/sign_in.html`.
        file: String,
        /// Counted from 1; 0 where the template engine can't tell.
        line: usize,
        reason: String,
    },
    #[error("{file}:{line}: {reason}")]
    Locale {
        file: String,
        line: usize,
        reason: String,
    },
    /// A template that can be parsed, but not filled: one of the samples shows it at the start.
    #[error("{source} (sample {sample:?} of {template} in {locale})")]
    Sample {
        template: &'static str,
        sample: &'static str,
        locale: Locale,
        source: Box<ThemeError>,
    },
}
