use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::Bounded;

/// Where everything is kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://PATH` or `postgres://…`; the embedded database in the data folder unless set.
    pub url: Option<DatabaseUrl>,
    /// Connections of the PostgreSQL pool, or readers of SQLite.
    pub connections: Bounded<2, 500>,
}

impl Default for Database {
    fn default() -> Self {
        const CONNECTIONS: Bounded<2, 500> = Bounded::of(8);
        Self {
            url: None,
            connections: CONNECTIONS,
        }
    }
}

/// An address that may hold a password: neither printed nor serialized with it.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// With its password: for the connection alone.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // The text itself stays out of the message: it may be a password in the wrong place.
        let known = ["sqlite://", "postgres://", "postgresql://"];
        match known.iter().find_map(|scheme| text.strip_prefix(scheme)) {
            None => Err("must start with sqlite:// or postgres://".into()),
            Some("") => Err("must name a file or a server after the scheme".into()),
            Some(_) if has_sample_password(&text) => Err(
                "its password is a sample; set the real one, best by YIMEN_DATABASE__URL".into(),
            ),
            Some(_) => Ok(Self(text)),
        }
    }
}

/// Passwords of examples, ours and others': they must not reach production.
const SAMPLES: [&str; 8] = [
    "change-me",
    "change_me",
    "changeme",
    "example",
    "password",
    "sample",
    "secret",
    "xxx",
];

fn has_sample_password(url: &str) -> bool {
    url::Url::parse(url)
        .ok()
        .and_then(|url| url.password().map(str::to_ascii_lowercase))
        .is_some_and(|password| SAMPLES.contains(&password.as_str()))
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password may stand before the last `@`, or among the parameters.
        let bare = self
            .0
            .split_once('?')
            .map_or(self.0.as_str(), |(before, _)| before);
        match (bare.find("://"), bare.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => {
                write!(f, "{}://…{}", &bare[..scheme], &bare[at..])
            }
            _ => f.write_str(bare),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://yimen:s3cr@t@db/yimen?password=s3cr"
            .parse()
            .unwrap();
        let json = serde_json::to_string(&url).unwrap();
        for shown in [url.to_string(), format!("{url:?}"), json] {
            assert!(!shown.contains("s3cr"), "{shown}");
            assert!(shown.contains("@db/yimen"), "{shown}");
        }
        let error = "mysql://u:s3cr@db/x".parse::<DatabaseUrl>().unwrap_err();
        assert!(!error.contains("s3cr"), "{error}");
    }

    #[test]
    fn a_scheme_alone_is_refused() {
        assert!("sqlite://".parse::<DatabaseUrl>().is_err());
        assert!("sqlite:///srv/yimen.db".parse::<DatabaseUrl>().is_ok());
    }

    #[test] // FLT-11
    fn a_sample_password_is_refused() {
        let error = "postgres://yimen:Change-Me@db/yimen"
            .parse::<DatabaseUrl>()
            .unwrap_err();
        assert!(error.contains("sample"), "{error}");
        assert!(
            "postgres://yimen:change-me-not@db/yimen"
                .parse::<DatabaseUrl>()
                .is_ok()
        );
        assert!("postgres://yimen@db/yimen".parse::<DatabaseUrl>().is_ok());
    }
}
