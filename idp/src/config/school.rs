use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

/// Who the school is, for its pages.
#[derive(Clone, Debug, Default, Serialize, DeriveDeserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct School {
    /// Empty: the product's own words for a campus sign-in.
    pub name: Names,
    /// Whom to ask: free text such as “信息中心服务台，电话 0571-0000 0000，行政楼 101”.
    pub desk: Names,
    /// The zone in which times are shown and days begin.
    pub timezone: TimeZone,
    /// The school's domain, `example.edu.cn`: the scope of its affiliations
    /// (`student@example.edu.cn`), for applications that are told them by OpenID Connect.
    pub scope: Option<AffiliationScope>,
    /// A folder laid over the default theme, file by file.
    pub theme: Option<PathBuf>,
    /// For a visitor whose browser asks for no language that we have.
    pub default_locale: Language,
}

/// A text in each language; a missing one falls back to the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, DeriveDeserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Names {
    #[serde(rename = "zh-CN")]
    pub zh_cn: String,
    pub en: String,
}

impl From<Names> for themes::Names {
    fn from(names: Names) -> Self {
        Self {
            zh_cn: names.zh_cn,
            en: names.en,
        }
    }
}

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, DeriveDeserialize, JsonSchema)]
pub enum Language {
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    #[serde(rename = "en")]
    En,
}

impl From<Language> for themes::Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::ZhCn => Self::ZhCn,
            Language::En => Self::En,
        }
    }
}

/// A domain name of one's own, as eduPerson scopes are written: ASCII, lower case, with a dot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveDeserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct AffiliationScope(String);

impl AffiliationScope {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AffiliationScope {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if text.len() <= 253 && text.contains('.') && text.split('.').all(label) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no domain name; write example.edu.cn"))
        }
    }
}

impl From<AffiliationScope> for String {
    fn from(scope: AffiliationScope) -> Self {
        scope.0
    }
}

impl School {
    /// What the themes are loaded with.
    pub fn theme_options(&self) -> themes::ThemeOptions {
        themes::ThemeOptions {
            overlay: self.theme.clone(),
            school: self.name.clone().into(),
            desk: self.desk.clone().into(),
            default_locale: self.default_locale.into(),
        }
    }
}

/// A zone of the IANA database, by its name.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeZone(jiff::tz::TimeZone);

impl TimeZone {
    pub fn get(&self) -> &jiff::tz::TimeZone {
        &self.0
    }

    fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        // The database is compiled in, and China has had one offset since 1991.
        Self(
            jiff::tz::TimeZone::get("Asia/Shanghai")
                .unwrap_or_else(|_| jiff::tz::TimeZone::fixed(jiff::tz::offset(8))),
        )
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for TimeZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for TimeZone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        match jiff::tz::TimeZone::get(&name) {
            Ok(zone) => Ok(Self(zone)),
            Err(_) => Err(D::Error::custom(format_args!(
                "{name:?} is no time zone; write Asia/Shanghai or another IANA name"
            ))),
        }
    }
}

impl JsonSchema for TimeZone {
    fn schema_name() -> Cow<'static, str> {
        "TimeZone".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A zone of the IANA database" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_domain_name() {
        let parse = |text: &str| AffiliationScope::try_from(text.to_owned());
        assert_eq!(parse("example.edu.cn").unwrap().as_str(), "example.edu.cn");
        for bad in [
            "",
            "edu",
            "Example.edu",
            "@a.b",
            "a..b",
            "-a.b",
            "a b.c",
            "https://a.b",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_zone_is_an_iana_name() {
        let zone: TimeZone = serde_json::from_str(r#""Asia/Urumqi""#).unwrap();
        assert_eq!(zone.name(), "Asia/Urumqi");
        let error = serde_json::from_str::<TimeZone>(r#""Beijing""#).unwrap_err();
        assert!(error.to_string().contains("Asia/Shanghai"), "{error}");
        assert_eq!(TimeZone::default().name(), "Asia/Shanghai");
    }
}
