//! What the hall is told from outside, resolved and checked. The file's form is read by the
//! program.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use jiff::SignedDuration;
use url::Url;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// One hall.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address that browsers know: scheme, host and port, without a path.
    pub url: Url,
    /// The identity provider, byte for byte as its tokens name it.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: ClientSecret,
    /// PEM: certificate authorities besides the machine's own.
    pub authorities: Option<Vec<u8>>,
    /// How long somebody stays signed in here, used or not; the provider may end it before.
    pub life: SignedDuration,
    /// How long without use.
    pub idle: SignedDuration,
    /// How long an answer of the provider is waited for; longer than [`Config::PATIENCE`] serves
    /// nobody: a lost answer must be asked for again while the provider still gives it.
    pub patience: Duration,
    /// The provider is a demonstration: its pages say so, and these too.
    pub demo: bool,
}

/// By which the provider knows the hall. Never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ClientSecret(String);

impl ClientSecret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// Where the provider sends browsers with the answer to a sign-in.
pub const CALLBACK: &str = "/signin/callback";
/// Where the provider tells of sign-outs.
pub const BACKCHANNEL: &str = "/signin/backchannel";
/// What the hall asks for.
pub const SCOPES: [&str; 5] = ["openid", "profile", "campus", "email", "phone"];

impl Config {
    /// A renewal and its one repetition end before a provider's usual ten seconds are over in which
    /// a refresh token may come twice.
    pub const PATIENCE: Duration = Duration::from_secs(4);
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);
    /// The name of its entry at the provider.
    pub const CLIENT_ID: &str = "hall";

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// `scheme://host[:port]`
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The address of one of our paths.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Where the provider sends browsers after a sign-out.
    pub fn after_sign_out(&self) -> String {
        self.at("/")
    }

    /// One of the provider's pages.
    pub(crate) fn provider_page(&self, path: &str) -> String {
        format!("{}{path}", self.issuer.trim_end_matches('/'))
    }

    /// The hosts that we answer to. A loopback address is the same machine by each of its names.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let mut hosts = vec![self.url.authority().to_ascii_lowercase()];
        let name = self.url.host_str().unwrap_or_default();
        if ["localhost", "127.0.0.1", "[::1]"].contains(&name) {
            let port = self.url.port().map(|port| format!(":{port}"));
            for name in ["localhost", "127.0.0.1", "[::1]"] {
                hosts.push(format!("{name}{}", port.as_deref().unwrap_or_default()));
            }
        }
        hosts
    }
}
