//! What the suite is told about the server and what it may use.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

/// How strict the verdict on what is not a MUST is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Profile {
    /// Everything counts.
    #[default]
    Strict,
    /// Only a MUST counts; the rest is reported as a warning.
    Lenient,
}

/// A password that doesn't show itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The server under test and what the suite may use. Services are kept as text: the protocol
/// promises that they come back byte for byte.
#[derive(Clone, Debug)]
pub struct Options {
    /// The CAS base, as `http://localhost:8080/cas`; no slash at its end.
    pub base: Url,
    pub user: String,
    pub password: Password,
    /// A registered service.
    pub service: String,
    /// Another registered service, of another application.
    pub other_service: Option<String>,
    /// A registered service over https.
    pub https_service: Option<String>,
    /// A service that is not registered.
    pub unregistered: String,
    pub profile: Profile,
    /// The names of the login form's fields, where they can't be found.
    pub username_field: Option<String>,
    pub password_field: Option<String>,
    /// Where the suite's own service listens for logout documents.
    pub listen: Option<SocketAddr>,
    /// The address by which the server reaches `listen`, where it is another one.
    pub listen_url: Option<Url>,
    /// The proxy callback that the server is set up for: https, at the suite's own listener.
    pub callback: Option<Url>,
    /// A callback that the server is not set up for.
    pub callback_denied: Option<Url>,
    /// Where the callback listens: by default on loopback, at the port of `callback`.
    pub callback_listen: Option<SocketAddr>,
    /// A service that the proxy may get tickets for.
    pub proxy_target: Option<String>,
    /// The callback of `proxy_target`, which proxies in its turn; at the same listener.
    pub target_callback: Option<Url>,
    /// A service that `proxy_target` may get tickets for; by default itself.
    pub chain_target: Option<String>,
    /// A target that is no web address, as `imap://mail.example.edu`.
    pub opaque_target: Option<String>,
    /// A registered service that may not proxy.
    pub no_proxy_service: Option<String>,
    /// A registered service that is told an attribute whose name is no XML name.
    pub awkward_service: Option<String>,
    /// Certificate and key of the callback listener (PEM), and the CA that signed it.
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    /// Where the suite's own CA is written (PEM), if no certificate was given.
    pub ca_out: Option<PathBuf>,
    /// How long the server's tickets live, seconds; unknown: their end isn't waited for.
    pub ticket_lifetime: Option<u64>,
    /// After how long an unused session ends, seconds; unknown: it isn't waited for.
    pub idle_timeout: Option<u64>,
    /// How many tickets are drawn to judge their randomness.
    pub samples: usize,
}

impl Options {
    /// The least that is needed.
    pub fn new(base: Url, user: &str, password: &str, service: &str) -> Self {
        Self {
            base,
            user: user.to_owned(),
            password: Password(password.to_owned()),
            service: service.to_owned(),
            other_service: None,
            https_service: None,
            unregistered: UNREGISTERED.to_owned(),
            profile: Profile::Strict,
            username_field: None,
            password_field: None,
            listen: None,
            listen_url: None,
            callback: None,
            callback_denied: None,
            callback_listen: None,
            proxy_target: None,
            target_callback: None,
            chain_target: None,
            opaque_target: None,
            no_proxy_service: None,
            awkward_service: None,
            tls_cert: None,
            tls_key: None,
            ca: None,
            ca_out: None,
            ticket_lifetime: None,
            idle_timeout: None,
            samples: SAMPLES,
        }
    }
}

/// Enough to see a fault, few enough not to be a burden.
pub const SAMPLES: usize = 200;

/// Nobody registers a service there: RFC 6761 §6.4 keeps `.invalid` free.
pub const UNREGISTERED: &str = "https://unregistered.invalid/app";
