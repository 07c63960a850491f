use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use idp::config::{Config, Database, Issuer, Problem, Server, Tls};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The service hall, which `yimen up` serves beside the identity provider, and `yimen portal`
/// alone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Portal {
    /// Whether `yimen up` serves the hall.
    pub(crate) enabled: bool,
    /// The address by which browsers know the hall: `https://hall.example.edu`.
    /// `http://localhost:PORT` unless set, while `listen` is a loopback address.
    pub(crate) url: Option<Issuer>,
    #[schemars(with = "String")]
    pub(crate) listen: SocketAddr,
    /// Health and metrics of `yimen portal`; under `yimen up` they are the server's.
    #[schemars(with = "String")]
    pub(crate) management: SocketAddr,
    /// PEM files; without them plain HTTP is spoken, to a proxy that ends TLS.
    pub(crate) tls: Option<Tls>,
    /// The identity provider of `yimen portal`. Under `yimen up` it is the server itself.
    pub(crate) issuer: Option<Issuer>,
    /// The entry of `yimen portal` at its provider.
    pub(crate) client_id: String,
    /// The secret of that entry, or `client_secret_file`. Under `yimen up` there is nothing to set.
    #[serde(skip_serializing)]
    pub(crate) client_secret: Option<Secret>,
    pub(crate) client_secret_file: Option<PathBuf>,
    /// PEM file of further certificate authorities, where the provider's certificate is the
    /// school's own.
    pub(crate) ca_file: Option<PathBuf>,
    /// Where sessions are kept: under `yimen up` in the provider's database, alone in `hall.db` in
    /// the data folder, unless `url` is set.
    pub(crate) database: Database,
}

/// A secret of the file: neither printed nor serialized.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(crate) struct Secret(String);

/// What examples say, ours and others'.
const SAMPLES: [&str; 5] = ["change", "example", "sample", "secret", "xxx"];

impl Secret {
    const LEAST: usize = 16;

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        if text.len() < Self::LEAST || text.chars().any(char::is_whitespace) {
            return Err(format!(
                "must have at least {} characters and no spaces",
                Self::LEAST
            ));
        }
        if SAMPLES.iter().any(|sample| lower.starts_with(sample)) {
            return Err("is a sample; generate one with `openssl rand -hex 32`".into());
        }
        Ok(Self(text))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Default for Portal {
    fn default() -> Self {
        Self {
            enabled: true,
            url: None,
            listen: portal::Config::LISTEN,
            management: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9091),
            tls: None,
            issuer: None,
            client_id: portal::Config::CLIENT_ID.to_owned(),
            client_secret: None,
            client_secret_file: None,
            ca_file: None,
            database: Database::default(),
        }
    }
}

impl Portal {
    /// The hall's address where `yimen up` is to serve it; none where it isn't.
    pub(super) fn beside(&self, server: &Server, demo: bool) -> Result<Option<Issuer>, Problem> {
        // A school's own address can't be guessed from that of its sign-in.
        let unsaid = self.url.is_none() && !server.issuer.is_loopback();
        if !self.enabled || unsaid {
            return Ok(None);
        }
        let url = self.address()?;
        let taken = [server.listen, server.management];
        if taken.contains(&self.listen) && self.listen.port() != 0 {
            return Err(Problem::new(
                "portal.listen",
                "must differ from server.listen and server.management",
            ));
        }
        if url.authority() == server.issuer.authority() {
            return Err(Problem::new(
                "portal.url",
                "must be another host or port than server.issuer: the hall is no part of sign-in",
            ));
        }
        if url.is_loopback() && !server.issuer.is_loopback() {
            return Err(Problem::new(
                "portal.url",
                format!("{url} can't be reached from other machines"),
            ));
        }
        if demo && !(url.is_loopback() && self.listen.ip().is_loopback()) {
            return Err(Problem::new("portal.listen", Server::DEMO_IS_LOCAL));
        }
        Ok(Some(url))
    }

    /// The hall's address, checked against its other keys.
    pub(crate) fn address(&self) -> Result<Issuer, Problem> {
        let local = || Server::local_issuer(self.listen, self.tls.is_some());
        let url = self.url.clone().or_else(local).ok_or_else(|| {
            Problem::new(
                "portal.url",
                format!(
                    "missing, since portal.listen = {} is no loopback address",
                    self.listen
                ),
            )
        })?;
        if self.tls.is_some() && !url.is_https() {
            return Err(Problem::new(
                "portal.url",
                format!("{url} must start with https:// since portal.tls is set"),
            ));
        }
        Ok(url)
    }

    /// The provider and the secret of a hall that runs alone.
    pub(crate) fn credentials(&self) -> Result<(Issuer, Secret), Problem> {
        let issuer = self.issuer.clone().ok_or_else(|| {
            Problem::new(
                "portal.issuer",
                "missing: the address of the identity provider, such as https://id.example.edu",
            )
        })?;
        let secret = match (&self.client_secret, &self.client_secret_file) {
            (Some(secret), None) => secret.clone(),
            (None, Some(file)) => read_secret(file)?,
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    "portal.client_secret_file",
                    "stands beside portal.client_secret; one of them has to go",
                ));
            }
            (None, None) => {
                return Err(Problem::new(
                    "portal.client_secret",
                    "missing: the secret of the hall's entry at the provider, here, as \
                     YIMEN_PORTAL__CLIENT_SECRET, or in portal.client_secret_file",
                ));
            }
        };
        Ok((issuer, secret))
    }

    /// Where a hall that runs alone keeps its sessions.
    pub(crate) fn database_url(&self, data: &Path) -> String {
        match &self.database.url {
            Some(url) => url.as_str().to_owned(),
            None => migrations::sqlite_url(&data.join("hall.db")),
        }
    }

    /// Where its key is, unless the environment has it.
    pub(crate) fn key_file(config: &Config) -> PathBuf {
        config.data.join("hall.key")
    }
}

fn read_secret(file: &Path) -> Result<Secret, Problem> {
    let key = "portal.client_secret_file";
    let text = std::fs::read_to_string(file)
        .map_err(|error| Problem::new(key, format!("{}: {error}", file.display())))?;
    Secret::try_from(text.trim().to_owned()).map_err(|reason| Problem::new(key, reason))
}
