//! Our cookies. Their names are unlike the identity provider's, since cookies ignore ports: on one
//! machine both get each other's.
//!
//! With https every one is `__Host-…; Secure; HttpOnly; SameSite=Lax; Path=/` (SES-01, SES-03); on
//! loopback http the prefix is dropped.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CookieKind {
    /// Somebody signed in here.
    Session,
    /// A browser that may come back from the provider: state is bound to it.
    Visitor,
    /// The language that was chosen.
    Locale,
    /// A sign-out under way: the `state` that the provider is to bring back.
    Leaving,
}

impl CookieKind {
    #[cfg(test)]
    const ALL: [Self; 4] = [Self::Session, Self::Visitor, Self::Locale, Self::Leaving];

    /// Without the prefix.
    pub(crate) fn bare(self) -> &'static str {
        match self {
            Self::Session => "hall",
            Self::Visitor => "hall-visitor",
            Self::Locale => "hall-locale",
            Self::Leaving => "hall-leaving",
        }
    }

    /// The name that goes over the wire.
    pub(crate) fn name(self, https: bool) -> String {
        if https {
            format!("__Host-{}", self.bare())
        } else {
            self.bare().to_owned()
        }
    }
}

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies {
    jar: cookie::CookieJar,
    https: bool,
}

/// A cookie that is longer is none of ours.
const LONGEST: usize = 256;

impl Cookies {
    pub(crate) fn read(headers: &HeaderMap, https: bool) -> Self {
        let mut jar = cookie::CookieJar::new();
        for header in headers.get_all(COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            for cookie in cookie::Cookie::split_parse(text).flatten() {
                if cookie.value().len() <= LONGEST {
                    jar.add_original(cookie.into_owned());
                }
            }
        }
        Self { jar, https }
    }

    pub(crate) fn get(&self, kind: CookieKind) -> Option<&str> {
        self.jar
            .get(&kind.name(self.https))
            .map(cookie::Cookie::value)
            .filter(|value| !value.is_empty())
    }
}

/// A cookie to be set or removed with a response.
#[derive(Clone, Debug)]
pub(crate) struct SetCookie {
    pub(crate) kind: CookieKind,
    /// Empty: remove it.
    pub(crate) value: String,
    /// `None`: until the browser closes.
    pub(crate) max_age: Option<SignedDuration>,
}

impl SetCookie {
    pub(crate) fn session(kind: CookieKind, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
            max_age: None,
        }
    }

    pub(crate) fn lasting(
        kind: CookieKind,
        value: impl Into<String>,
        life: SignedDuration,
    ) -> Self {
        Self {
            kind,
            value: value.into(),
            max_age: Some(life),
        }
    }

    pub(crate) fn removed(kind: CookieKind) -> Self {
        Self::lasting(kind, "", SignedDuration::ZERO)
    }

    /// Adds the header.
    pub(crate) fn append_to(&self, headers: &mut HeaderMap, https: bool) {
        let mut text = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax",
            self.kind.name(https),
            self.value
        );
        if let Some(age) = self.max_age {
            text.push_str("; Max-Age=");
            text.push_str(&age.as_secs().to_string());
        }
        if https {
            text.push_str("; Secure");
        }
        // Values are our own base64url and fixed words; anything else would be a defect, and the
        // cookie is then left out rather than split.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(SET_COOKIE, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // SES-03
    fn every_cookie_has_every_flag_and_a_name_of_the_hall() {
        for https in [true, false] {
            for kind in CookieKind::ALL {
                let mut headers = HeaderMap::new();
                SetCookie::session(kind, "abc").append_to(&mut headers, https);
                let text = headers[SET_COOKIE].to_str().unwrap();
                assert!(text.contains("; Path=/; HttpOnly; SameSite=Lax"), "{text}");
                assert_eq!(text.contains("; Secure"), https, "{text}");
                assert_eq!(text.starts_with("__Host-hall"), https, "{text}");
                assert!(!text.contains("Domain"), "{text}");
                assert!(kind.bare().starts_with("hall"));
            }
        }
    }
}
