use std::collections::BTreeMap;

/// The parameters of an authorization request as they came, each once (RFC 6749 §3.1). What we
/// don't know is left out; what has no value counts as absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    single: BTreeMap<&'static str, String>,
    resources: Vec<String>,
    repeated: Option<&'static str>,
}

/// Why a request can't be read at all. Nobody but the person in front of it hears of it: where an
/// answer should go is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum Unreadable {
    /// Longer than any application needs.
    TooLong,
    /// Octets that are not UTF-8, or control characters in what is handed back: it could not be
    /// handed back as it was.
    Characters,
    /// One by which the request is found or answered stands twice: which of them counts is a
    /// guess.
    Repeated,
    /// A longer `state` than we hand back (OID-20).
    State,
}

impl Unreadable {
    /// A word for the audit trail.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::Characters => "bad_characters",
            Self::Repeated => "repeated_parameter",
            Self::State => "long_state",
        }
    }
}

/// The parameters that we know. `resource` may stand several times (RFC 8707 §2).
const KNOWN: [&str; 23] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "id_token_hint",
    "login_hint",
    "acr_values",
    "claims",
    "code_challenge",
    "code_challenge_method",
    "dpop_jkt",
    "request",
    "request_uri",
    "registration",
    "display",
    "ui_locales",
    "claims_locales",
    RESOURCE,
];
const RESOURCE: &str = "resource";
/// Who asks, where the answer goes, and what the request is.
const DECISIVE: [&str; 5] = [
    "client_id",
    "redirect_uri",
    "state",
    "request_uri",
    "request",
];
/// As `application/x-www-form-urlencoded`. The request travels through our forms, beside a
/// password; longer ones are pushed (RFC 9126), and are as long there.
const MOST_BYTES: usize = 10 * 1024;
const MOST_STATE_BYTES: usize = 2 * 1024;
const MOST_RESOURCES: usize = 8;

impl Parameters {
    /// # Errors
    /// [`Unreadable`]. A repeated parameter of another kind is the answer's to tell
    /// ([`repeated`](Self::repeated)).
    pub fn read(pairs: &[(String, String)]) -> Result<Self, Unreadable> {
        let mut read = Self::default();
        for (name, value) in pairs {
            let Some(name) = KNOWN.into_iter().find(|known| known == name) else {
                continue;
            };
            // RFC 6749 §3.1: sent without a value is not sent.
            if value.is_empty() {
                continue;
            }
            // PostgreSQL stores no U+0000 (INJ-08).
            if value.contains('\0') {
                return Err(Unreadable::Characters);
            }
            read.take(name, value)?;
        }
        if read.encoded_bytes() > MOST_BYTES {
            return Err(Unreadable::TooLong);
        }
        let state = read.get("state").unwrap_or_default();
        if state.len() > MOST_STATE_BYTES {
            return Err(Unreadable::State);
        }
        // RFC 6749 appendix A.5 has none; a form would hand line ends back as others.
        if state.chars().any(char::is_control) {
            return Err(Unreadable::Characters);
        }
        Ok(read)
    }

    fn take(&mut self, name: &'static str, value: &str) -> Result<(), Unreadable> {
        if name == RESOURCE {
            self.resources.push(value.to_owned());
            if self.resources.len() > MOST_RESOURCES {
                self.repeated = Some(RESOURCE);
            }
            return Ok(());
        }
        match self.single.insert(name, value.to_owned()) {
            None => Ok(()),
            Some(_) if DECISIVE.contains(&name) => Err(Unreadable::Repeated),
            Some(_) => {
                self.repeated = Some(name);
                Ok(())
            }
        }
    }

    /// Whether a parameter of this name means something to us.
    pub fn knows(name: &str) -> bool {
        KNOWN.contains(&name)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.single.get(name).map(String::as_str)
    }

    pub fn resources(&self) -> &[String] {
        &self.resources
    }

    /// One that stands more often than it may.
    pub fn repeated(&self) -> Option<&'static str> {
        self.repeated
    }

    /// Those that we know, to be read again.
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let resources = self.resources.iter().map(|value| (RESOURCE, value));
        self.single
            .iter()
            .map(|(name, value)| (*name, value))
            .chain(resources)
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .collect()
    }

    fn encoded_bytes(&self) -> usize {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(self.to_pairs());
        form.finish().len()
    }
}
