//! Our cookies: names, flags, and nothing of value in them but random ids.
//!
//! With https every one is `__Host-…; Secure; HttpOnly; SameSite=Lax; Path=/`, so that no
//! sub-domain can plant or read it (SES-01, SES-03); on loopback http the prefix is dropped.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use jiff::SignedDuration;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieKind {
    /// The SSO session (CAS calls it the ticket-granting cookie).
    Session,
    /// A sign-in under way, after its first proof.
    SignIn,
    /// A stranger's browser, for the token against forgery.
    Visitor,
    /// A browser in which an account was signed in before.
    Device,
    /// An attempt waiting for the password hash.
    Queue,
    /// The language that was chosen.
    Locale,
    /// A code asked for to let this browser try again.
    Unlock,
}

impl CookieKind {
    fn bare(self) -> &'static str {
        match self {
            Self::Session => "TGC",
            Self::SignIn => "signin",
            Self::Visitor => "visitor",
            Self::Device => "device",
            Self::Queue => "queue",
            Self::Locale => "locale",
            Self::Unlock => "unlock",
        }
    }

    /// The name that goes over the wire.
    pub fn name(self, https: bool) -> String {
        if https {
            format!("__Host-{}", self.bare())
        } else {
            self.bare().to_owned()
        }
    }
}

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub struct Cookies {
    jar: cookie::CookieJar,
    https: bool,
}

/// A cookie that is longer is none of ours.
const LONGEST: usize = 256;

impl Cookies {
    pub fn read(headers: &HeaderMap, https: bool) -> Self {
        let mut jar = cookie::CookieJar::new();
        for header in headers.get_all(axum::http::header::COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            for cookie in cookie::Cookie::split_parse(text).flatten() {
                if cookie.value().len() <= LONGEST {
                    jar.add_original(cookie.into_owned());
                }
            }
        }
        Self { jar, https }
    }

    pub fn get(&self, kind: CookieKind) -> Option<&str> {
        self.jar
            .get(&kind.name(self.https))
            .map(cookie::Cookie::value)
            .filter(|value| !value.is_empty())
    }
}

/// A cookie to be set or removed with a response.
#[derive(Clone, Debug)]
pub struct SetCookie {
    pub kind: CookieKind,
    /// Empty: remove it.
    pub value: String,
    /// `None`: until the browser closes.
    pub max_age: Option<SignedDuration>,
}

impl SetCookie {
    pub fn session(kind: CookieKind, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
            max_age: None,
        }
    }

    pub fn lasting(kind: CookieKind, value: impl Into<String>, life: SignedDuration) -> Self {
        Self {
            kind,
            value: value.into(),
            max_age: Some(life),
        }
    }

    pub fn removed(kind: CookieKind) -> Self {
        Self {
            kind,
            value: String::new(),
            max_age: Some(SignedDuration::ZERO),
        }
    }

    /// Adds the header.
    pub fn append_to(&self, headers: &mut HeaderMap, https: bool) {
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
        // Values are our own base62 and fixed words; anything else would be a defect, and the
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
    fn every_cookie_has_every_flag() {
        for https in [true, false] {
            for kind in [CookieKind::Session, CookieKind::SignIn, CookieKind::Visitor] {
                let mut headers = HeaderMap::new();
                SetCookie::session(kind, "abc").append_to(&mut headers, https);
                let text = headers[SET_COOKIE].to_str().unwrap();
                assert!(text.contains("; Path=/; HttpOnly; SameSite=Lax"), "{text}");
                assert_eq!(text.contains("; Secure"), https, "{text}");
                assert_eq!(text.starts_with("__Host-"), https, "{text}");
                assert!(
                    !text.contains("Domain") && !text.contains("Max-Age"),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn overlong_and_unreadable_cookies_are_nobodys() {
        let mut headers = HeaderMap::new();
        let long = format!("TGC={}; signin=ok", "x".repeat(300));
        headers.insert(axum::http::header::COOKIE, long.parse().unwrap());
        let cookies = Cookies::read(&headers, false);
        assert_eq!(cookies.get(CookieKind::Session), None);
        assert_eq!(cookies.get(CookieKind::SignIn), Some("ok"));
    }
}
