//! What a school sets. The file's form, the environment and the flags are read by the program
//! (`src/config`); here are the sections, their defaults, bounds and cross-checks. A value that
//! can't be right isn't representable, or [`Config::check`] names its key.

mod activation;
mod bounded;
mod database;
mod egress;
mod issuer;
mod limits;
mod networks;
mod oidc;
mod password;
mod school;
mod server;
mod session;

use std::path::PathBuf;

pub use activation::{Activation, Requirement, TailOnly};
pub use bounded::Bounded;
pub use database::{Database, DatabaseUrl};
pub use egress::Egress;
pub use issuer::Issuer;
pub use limits::Limits;
pub use networks::{Networks, customer, household};
pub use oidc::{Keys, Oidc};
pub use password::{Argon2, Password};
pub use school::{AffiliationScope, Language, Names, School, TimeZone};
pub use server::{Server, Tls};
pub use session::{Notice, Session};

/// Everything the identity provider is told from outside, resolved and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// A demonstration: sample people, the message inbox, any port of loopback applications.
    /// Set by `--demo` alone, never by a file.
    pub demo: bool,
    pub server: Server,
    /// The folder of the embedded database and of `master.key`.
    pub data: PathBuf,
    pub database: Database,
    pub school: School,
    pub activation: Activation,
    pub password: Password,
    pub session: Session,
    pub limits: Limits,
    pub egress: Egress,
    pub oidc: Oidc,
    pub notice: Notice,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            demo: false,
            server: Server::default(),
            data: Self::data_folder(),
            database: Database::default(),
            school: School::default(),
            activation: Activation::default(),
            password: Password::default(),
            session: Session::default(),
            limits: Limits::default(),
            egress: Egress::default(),
            oidc: Oidc::default(),
            notice: Notice::default(),
        }
    }
}

/// Why a configuration can't be run, by the key that has to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Problem {
    /// Dotted, as in the file: `server.issuer`.
    pub key: &'static str,
    pub reason: String,
}

impl Problem {
    pub fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self {
            key,
            reason: reason.into(),
        }
    }
}

impl Config {
    /// What one value alone can't tell: the keys that must fit each other.
    ///
    /// # Errors
    /// The first [`Problem`], by the order of the sections.
    pub fn check(&self) -> Result<(), Problem> {
        self.server.check(self.demo)?;
        self.activation.check()?;
        self.password.check()?;
        self.session.check()?;
        self.limits.check()?;
        self.egress.check()?;
        self.oidc.check()
    }

    /// The embedded database's file inside the data folder.
    pub const EMBEDDED: &str = "yimen.db";

    /// Beside the program's working directory unless said otherwise.
    pub fn data_folder() -> PathBuf {
        PathBuf::from("data")
    }

    /// `database.url`, or the embedded database inside the data folder.
    pub fn database_url(&self) -> String {
        match &self.database.url {
            Some(url) => url.as_str().to_owned(),
            None => migrations::sqlite_url(&self.data.join(Self::EMBEDDED)),
        }
    }

    /// Where the master key is kept unless the environment has it.
    pub fn key_file(&self) -> PathBuf {
        self.data.join("master.key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_configuration_that_runs() {
        assert_eq!(Config::default().check(), Ok(()));
        let demo = Config {
            demo: true,
            ..Config::default()
        };
        assert_eq!(demo.check(), Ok(()));
    }

    #[test]
    fn the_embedded_database_lies_in_the_data_folder() {
        let config = Config {
            data: "/srv/yimen".into(),
            ..Config::default()
        };
        assert_eq!(config.database_url(), "sqlite:///srv/yimen/yimen.db");
        assert_eq!(config.key_file(), PathBuf::from("/srv/yimen/master.key"));
    }
}
