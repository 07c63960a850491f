//! A case: one assertion of the protocol, or a part of one.

use std::fmt;
use std::ops::Deref;

use futures_util::future::BoxFuture;

use super::context::Context;

/// How binding an assertion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Must,
    Should,
    /// An optional feature: where it is there, it has to work.
    May,
    /// A duty of the client, as far as a server shows it.
    Client,
    /// What the text leaves open and real clients need.
    DeFacto,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
            Self::Client => "client",
            Self::DeFacto => "de facto",
        }
    }
}

/// Runs a case against the server of its context.
pub type CaseFn<C> = for<'a> fn(&'a mut C) -> BoxFuture<'a, Verdict>;

/// One assertion, or a part of one, with what judges it. Made by `case!`.
#[derive(Debug)]
pub struct Case<C = Context> {
    pub about: About,
    pub run: CaseFn<C>,
}

impl<C> Deref for Case<C> {
    type Target = About;

    fn deref(&self) -> &About {
        &self.about
    }
}

/// What an assertion says.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The number of the assertion, from 1.
    pub number: u16,
    /// `a`, `b`, … where an assertion needs several cases.
    pub part: Option<&'static str>,
    pub level: Level,
    /// The clause that it comes from, as `CAS 3.0.3 §2.1.1`.
    pub section: &'static str,
    pub title: &'static str,
    /// The module of another conformance suite that checks the same; empty: none does.
    pub module: &'static str,
}

impl About {
    /// `12` or `12b`.
    pub fn id(&self) -> String {
        format!("{}{}", self.number, self.part.unwrap_or_default())
    }
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// What was expected and what was seen.
    Fail(String),
    /// What is better otherwise, and wrong in no document.
    Warning(String),
    /// What the server or the call lacks, so that nothing can be said.
    NotApplicable(String),
}

/// What the function of a case returns: `ensure!` and `?` fail it, `Missing` makes it not
/// applicable, `Discouraged` a warning.
pub type Outcome = anyhow::Result<()>;

/// The error of a case that can't be judged: it says what is missing.
#[derive(Clone, Debug)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

/// The error that makes a case not applicable: `return Err(missing("no warn box"))`.
pub fn missing(what: impl Into<String>) -> anyhow::Error {
    Missing(what.into()).into()
}

/// The error of a case that is a warning whatever its level.
#[derive(Clone, Debug)]
pub struct Discouraged(pub String);

impl fmt::Display for Discouraged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Discouraged {}

/// The error that makes a case a warning: `return Err(discouraged("no expires_in"))`.
pub fn discouraged(what: impl Into<String>) -> anyhow::Error {
    Discouraged(what.into()).into()
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Ok(()) => Self::Pass,
            Err(error) => {
                if let Some(missing) = error.downcast_ref::<Missing>() {
                    Self::NotApplicable(missing.to_string())
                } else if let Some(discouraged) = error.downcast_ref::<Discouraged>() {
                    Self::Warning(discouraged.to_string())
                } else {
                    Self::Fail(format!("{error:#}"))
                }
            }
        }
    }
}

/// A `Case` of an `async fn(&mut Context) -> Outcome`:
/// `case!(28, "b", Must, "CAS 3.0.3 §2.2.1", "title", function)`, the part being optional.
#[macro_export]
macro_rules! case {
    ($number:literal, $part:literal, $level:ident, $section:expr, $title:literal, $function:path $(,)?) => {
        $crate::case!(@ $number, Some($part), $level, $section, "", $title, $function)
    };
    ($number:literal, $level:ident, $section:expr, $title:literal, $function:path $(,)?) => {
        $crate::case!(@ $number, None, $level, $section, "", $title, $function)
    };
    (@ $number:literal, $part:expr, $level:ident, $section:expr, $module:expr, $title:literal, $function:path) => {
        $crate::suite::case::Case {
            about: $crate::suite::case::About {
                number: $number,
                part: $part,
                level: $crate::suite::case::Level::$level,
                section: $section,
                title: $title,
                module: $module,
            },
            run: |context| {
                Box::pin(async move { $crate::suite::case::Verdict::from($function(context).await) })
            },
        }
    };
}

/// A table of cases: number and part, level, clause, in brackets the module of another suite that
/// checks the same, title, function; most of that is optional as in `case!`.
#[macro_export]
macro_rules! cases {
    ($(#[$note:meta])* $visibility:vis $name:ident of $context:ty; $(
        $number:literal $($part:literal)? $level:ident $section:literal $([$module:literal])?
        $title:literal => $function:path;
    )*) => {
        $(#[$note])*
        $visibility const $name: &[$crate::suite::case::Case<$context>] = &[$(
            $crate::case!(
                @ $number,
                $crate::cases!(@part $($part)?),
                $level,
                $section,
                $crate::cases!(@module $($module)?),
                $title,
                $function
            )
        ),*];
    };
    (@part) => { None };
    (@part $part:literal) => { Some($part) };
    (@module) => { "" };
    (@module $module:literal) => { $module };
}
