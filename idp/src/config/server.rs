use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Issuer, Networks, Problem};

/// How the world reaches this server.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    pub issuer: Issuer,
    pub listen: SocketAddr,
    /// Health and metrics, never the world's (NET-11).
    pub management: SocketAddr,
    /// Whose `X-Forwarded-For` is believed; nobody's unless named.
    pub trusted_proxies: Networks,
    /// None: plain HTTP, behind a proxy or on loopback.
    pub tls: Option<Tls>,
    /// Host headers served besides the issuer's own: `host` or `host:port`, lower case.
    pub extra_hosts: Vec<String>,
}

/// Certificate chain and private key, PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Server {
    pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
    pub const MANAGEMENT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9090);

    /// Everybody knows the demo's passwords: it must not be reached from another machine.
    pub const DEMO_IS_LOCAL: &'static str =
        "must be a loopback address with --demo: its passwords are public";

    /// The issuer that needs no word of configuration: `localhost` at the listener's port.
    pub fn local_issuer(listen: SocketAddr, tls: bool) -> Option<Issuer> {
        let scheme = if tls { "https" } else { "http" };
        listen
            .ip()
            .is_loopback()
            .then(|| {
                format!("{scheme}://localhost:{}", listen.port())
                    .parse()
                    .ok()
            })
            .flatten()
    }

    pub(super) fn check(&self, demo: bool) -> Result<(), Problem> {
        if self.tls.is_some() && !self.issuer.is_https() {
            return Err(Problem::new(
                "server.issuer",
                format!(
                    "{} must start with https:// since server.tls is set",
                    self.issuer
                ),
            ));
        }
        if self.listen == self.management && self.listen.port() != 0 {
            return Err(Problem::new(
                "server.management",
                "must differ from server.listen: health and metrics are not the world's",
            ));
        }
        if let Some(host) = self.extra_hosts.iter().find(|host| !is_host(host)) {
            return Err(Problem::new(
                "server.extra_hosts",
                format!("{host:?} is no host name; write id.example.edu or id.example.edu:8443"),
            ));
        }
        if demo {
            self.check_demo()?;
        }
        Ok(())
    }

    fn check_demo(&self) -> Result<(), Problem> {
        if !self.issuer.is_loopback() {
            return Err(Problem::new("server.issuer", Self::DEMO_IS_LOCAL));
        }
        if !self.listen.ip().is_loopback() {
            return Err(Problem::new("server.listen", Self::DEMO_IS_LOCAL));
        }
        if !self.management.ip().is_loopback() {
            return Err(Problem::new("server.management", Self::DEMO_IS_LOCAL));
        }
        Ok(())
    }
}

/// `host` or `host:port`, as a browser writes it into the Host header: lower case, no path.
fn is_host(text: &str) -> bool {
    url::Url::parse(&format!("https://{text}/"))
        .is_ok_and(|url| url.authority() == text && url.path() == "/" && url.username().is_empty())
}

impl Default for Server {
    fn default() -> Self {
        // Loopback always has a local issuer.
        let issuer = Self::local_issuer(Self::LISTEN, false);
        let Some(issuer) = issuer else {
            unreachable!("http://localhost:8080 is an issuer")
        };
        Self {
            issuer,
            listen: Self::LISTEN,
            management: Self::MANAGEMENT,
            trusted_proxies: Networks::default(),
            tls: None,
            extra_hosts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(server: &Server, demo: bool) -> Option<&'static str> {
        server.check(demo).err().map(|problem| problem.key)
    }

    #[test]
    fn a_demo_stays_on_loopback() {
        let public = "0.0.0.0:8080".parse().unwrap();
        let good = Server::default();
        assert_eq!(key(&good, true), None);
        let issuer = "https://id.example.edu".parse().unwrap();
        let bad = Server {
            issuer,
            ..good.clone()
        };
        assert_eq!(
            (key(&bad, true), key(&bad, false)),
            (Some("server.issuer"), None)
        );
        let bad = Server {
            listen: public,
            ..good.clone()
        };
        assert_eq!(
            (key(&bad, true), key(&bad, false)),
            (Some("server.listen"), None)
        );
        let bad = Server {
            management: public,
            ..good
        };
        assert_eq!(
            (key(&bad, true), key(&bad, false)),
            (Some("server.management"), None)
        );
    }

    #[test]
    fn tls_needs_an_issuer_of_its_kind() {
        let server = Server {
            tls: Some(Tls {
                cert: "a".into(),
                key: "b".into(),
            }),
            ..Server::default()
        };
        assert_eq!(key(&server, false), Some("server.issuer"));
        let issuer = Server::local_issuer(server.listen, true).unwrap();
        assert_eq!(issuer.as_str(), "https://localhost:8080");
        assert_eq!(key(&Server { issuer, ..server }, false), None);
    }

    #[test]
    fn extra_hosts_are_hosts() {
        let with = |host: &str| Server {
            extra_hosts: vec![host.to_owned()],
            ..Server::default()
        };
        for good in [
            "id.example.edu",
            "id.example.edu:8443",
            "10.0.0.1:80",
            "[::1]:8080",
        ] {
            assert_eq!(key(&with(good), false), None, "{good}");
        }
        for bad in [
            "https://id.example.edu",
            "a/b",
            "",
            "u@h",
            "h?x",
            "ID.example.edu",
        ] {
            assert_eq!(key(&with(bad), false), Some("server.extra_hosts"), "{bad}");
        }
    }
}
