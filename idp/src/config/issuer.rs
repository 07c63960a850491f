use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The address by which browsers and applications know this server: scheme, host and port.
/// Links, cookies and tokens are made from it and never from a header of a request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Issuer(Url);

impl Issuer {
    /// Without a slash at the end: `https://id.example.edu`.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The host as a Host header has it, with the port unless it is the scheme's own.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// True when no other machine can be meant.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for Issuer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text)
            .map_err(|e| format!("{text:?} is no address ({e}); write https://id.example.edu"))?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(format!("{text:?} must start with https:// and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must have no user name and no password".into());
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(format!(
                "{text:?} must end after the host, or after its port"
            ));
        }
        let issuer = Self(url);
        if !issuer.is_https() && !issuer.is_loopback() {
            return Err(format!(
                "{text:?} would send passwords in clear: it must be https, also behind a proxy \
                 that ends TLS (http is for loopback only)"
            ));
        }
        Ok(issuer)
    }
}

impl TryFrom<String> for Issuer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.as_str().to_owned()
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // FLT-11
    fn plain_http_is_for_loopback_only() {
        for good in [
            "https://id.example.edu",
            "https://id.example.edu:8443/",
            "http://localhost:8080",
            "http://id.localhost",
            "http://127.0.0.1:1",
            "http://[::1]:8080",
        ] {
            assert!(good.parse::<Issuer>().is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.edu",
            "http://localhost.example.edu",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://user@id.example.edu",
            "https://id.example.edu/cas",
            "https://id.example.edu/?a",
            "https://id.example.edu/#a",
            "id.example.edu",
            "localhost:8080",
            "",
        ] {
            assert!(bad.parse::<Issuer>().is_err(), "{bad}");
        }
    }

    #[test]
    fn it_is_written_without_a_slash() {
        let issuer: Issuer = "https://ID.example.edu:443/".parse().unwrap();
        assert_eq!(issuer.as_str(), "https://id.example.edu");
        assert_eq!(issuer.authority(), "id.example.edu");
        assert!(!issuer.is_loopback());
    }
}
