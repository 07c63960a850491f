use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// A foreign country's daily cap can't be set higher than this (SMS-05).
const HIGHEST_COUNTRY_CAP: u32 = 20;
/// Beyond this a limit limits nothing.
const HIGHEST_LIMIT: u32 = 100;
/// What carriers of mainland China accept as a signature.
const SIGNATURE_LENGTH: std::ops::RangeInclusive<usize> = 2..=20;

/// Text messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Who carries the messages.
    pub provider: ProviderName,
    /// The school's name in front of each message, 【…】, as it is registered with the carrier:
    /// 2 to 20 letters, digits, spaces or ( ) （ ） - ·
    pub signature: String,
    #[serde(default)]
    pub limits: Limits,
    /// Countries besides mainland China whose mobile phones may get messages, by their ISO 3166
    /// code: `HK = { per_day = 20 }`.
    #[serde(default)]
    pub countries: BTreeMap<String, Country>,
}

/// Who carries the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// Keeps them in the database, in clear text, to be read at `/dev/inbox`: for demo and tests.
    Inbox,
}

/// How many messages one number may get, whatever they are for. Windows roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// In 60 seconds; 1 to `per_hour`.
    pub per_minute: u32,
    /// In 60 minutes; at most `per_day`.
    pub per_hour: u32,
    /// In 24 hours; at most 100.
    pub per_day: u32,
}

impl Default for Limits {
    /// What carriers of mainland China allow a signature by default.
    fn default() -> Self {
        Self {
            per_minute: 1,
            per_hour: 5,
            per_day: 10,
        }
    }
}

/// A country besides mainland China.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Country {
    /// Messages to all numbers of this country together in 24 hours; 1 to 20.
    pub per_day: u32,
}

/// What the installation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployment {
    Production,
    Demo,
    Test,
}

/// A value that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct ConfigError {
    /// The key inside this section, `limits.per_hour`.
    pub key: String,
    pub reason: String,
}

impl ConfigError {
    fn new(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

impl Config {
    /// The configuration of demo and tests.
    pub fn inbox(signature: &str) -> Self {
        Self {
            provider: ProviderName::Inbox,
            signature: signature.to_owned(),
            limits: Limits::default(),
            countries: BTreeMap::new(),
        }
    }

    /// Refuses values that can't be meant, naming the key.
    pub fn validate(&self, deployment: Deployment) -> Result<(), ConfigError> {
        self.validate_provider(deployment)?;
        self.validate_signature()?;
        self.limits.validate()?;
        self.countries
            .iter()
            .try_for_each(|(code, country)| country.validate(code))
    }

    fn validate_provider(&self, deployment: Deployment) -> Result<(), ConfigError> {
        match (self.provider, deployment) {
            (ProviderName::Inbox, Deployment::Production) => Err(ConfigError::new(
                "provider",
                "\"inbox\" keeps every message and its code in clear text and sends none; it \
                 serves only with --demo",
            )),
            (ProviderName::Inbox, Deployment::Demo | Deployment::Test) => Ok(()),
        }
    }

    /// A bracket or an address in the signature would let it pass for another sender's.
    fn validate_signature(&self) -> Result<(), ConfigError> {
        let fits = SIGNATURE_LENGTH.contains(&self.signature.chars().count());
        let plain = |sign: char| sign.is_alphanumeric() || " ()（）-·".contains(sign);
        if fits && self.signature.chars().all(plain) && self.signature.trim() == self.signature {
            return Ok(());
        }
        Err(ConfigError::new(
            "signature",
            "must be 2 to 20 letters, digits, spaces or ( ) （ ） - · without the brackets 【】",
        ))
    }
}

impl Limits {
    fn validate(self) -> Result<(), ConfigError> {
        if self.per_minute == 0 {
            return Err(ConfigError::new("limits.per_minute", "must be at least 1"));
        }
        let steps = [
            (
                "limits.per_hour",
                self.per_hour,
                "per_minute",
                self.per_minute,
            ),
            ("limits.per_day", self.per_day, "per_hour", self.per_hour),
        ];
        for (key, value, shorter, least) in steps {
            if value < least {
                let reason =
                    format!("{value} is less than {shorter} = {least}, which then never counts");
                return Err(ConfigError::new(key, reason));
            }
        }
        if self.per_day > HIGHEST_LIMIT {
            let reason = format!("must be at most {HIGHEST_LIMIT}");
            return Err(ConfigError::new("limits.per_day", reason));
        }
        Ok(())
    }
}

impl Country {
    fn validate(self, code: &str) -> Result<(), ConfigError> {
        let known = code.parse::<phonenumber::country::Id>().is_ok();
        if !known || code.bytes().any(|b| b.is_ascii_lowercase()) {
            return Err(ConfigError::new(
                format!("countries.{code}"),
                "is no ISO 3166 code such as HK",
            ));
        }
        if code == "CN" {
            return Err(ConfigError::new(
                "countries.CN",
                "mainland China needs no entry; its numbers have limits of their own",
            ));
        }
        if !(1..=HIGHEST_COUNTRY_CAP).contains(&self.per_day) {
            return Err(ConfigError::new(
                format!("countries.{code}.per_day"),
                format!("must be 1 to {HIGHEST_COUNTRY_CAP}"),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(toml).map_err(|e| e.to_string())?;
        config
            .validate(Deployment::Demo)
            .map_err(|e| e.to_string())?;
        Ok(config)
    }

    const LEAST: &str = "provider = \"inbox\"\nsignature = \"一门大学\"\n";

    #[test]
    fn provider_and_signature_are_enough() {
        let config = read(LEAST).unwrap();
        assert_eq!(config, Config::inbox("一门大学"));
        assert_eq!(
            config.limits,
            Limits {
                per_minute: 1,
                per_hour: 5,
                per_day: 10
            }
        );
    }

    #[test]
    fn everything_can_be_set() {
        let config = read(&format!(
            "{LEAST}limits = {{ per_minute = 2, per_hour = 6 }}\n[countries]\nHK = {{ per_day = 20 }}"
        ))
        .unwrap();
        assert_eq!(
            config.limits,
            Limits {
                per_minute: 2,
                per_hour: 6,
                per_day: 10
            }
        );
        assert_eq!(config.countries["HK"], Country { per_day: 20 });
    }

    #[test]
    fn a_bad_value_is_named_by_its_key() {
        for (added, message) in [
            ("colour = 1", "unknown field `colour`"),
            ("limits.per_week = 1", "unknown field `per_week`"),
            (
                "limits.per_minute = 0",
                "limits.per_minute: must be at least 1",
            ),
            (
                "limits.per_hour = 11",
                "limits.per_day: 10 is less than per_hour = 11",
            ),
            (
                "limits.per_minute = 6",
                "limits.per_hour: 5 is less than per_minute = 6",
            ),
            (
                "limits.per_day = 101",
                "limits.per_day: must be at most 100",
            ),
            (
                "countries.HK.per_day = 21",
                "countries.HK.per_day: must be 1 to 20",
            ),
            (
                "countries.HK.per_day = 0",
                "countries.HK.per_day: must be 1 to 20",
            ),
            (
                "countries.CN.per_day = 9",
                "countries.CN: mainland China needs no entry",
            ),
            (
                "countries.hk.per_day = 9",
                "countries.hk: is no ISO 3166 code",
            ),
            (
                "countries.XX.per_day = 9",
                "countries.XX: is no ISO 3166 code",
            ),
        ] {
            let error = read(&format!("{LEAST}{added}")).unwrap_err();
            assert!(error.contains(message), "{added}: {error}");
        }
        assert!(read("provider = \"carrier-pigeon\"\nsignature = \"ab\"").is_err());
    }

    #[test] // SMS-09: the signature is the one text of the school's own
    fn a_signature_is_a_plain_name() {
        for good in ["一门大学", "Yimen University", "大学（东区）", "A1"] {
            assert!(
                Config::inbox(good).validate(Deployment::Demo).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "",
            "一",
            "一门】【银行",
            "a\nb",
            "http://x.cn",
            "x.cn",
            " 大学",
            "二十一个字二十一个字二十一个字二十一个字二",
        ] {
            let error = Config::inbox(bad).validate(Deployment::Demo).unwrap_err();
            assert_eq!(error.key, "signature", "{bad}");
        }
    }

    #[test] // SMS-12: codes in clear text stay out of real installations
    fn the_inbox_is_refused_in_production() {
        let config = Config::inbox("一门大学");
        assert!(config.validate(Deployment::Test).is_ok());
        let error = config.validate(Deployment::Production).unwrap_err();
        assert_eq!(error.key, "provider");
        assert!(error.reason.contains("--demo"), "{error}");
    }

    #[test]
    fn the_schema_describes_every_key() {
        let schema = serde_json::to_string(&schemars::schema_for!(Config)).unwrap();
        for key in ["provider", "signature", "per_minute", "countries", "inbox"] {
            assert!(schema.contains(key), "{key}");
        }
        assert!(schema.contains("\"additionalProperties\":false"));
    }
}
