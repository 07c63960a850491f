use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_domain::applications::SecretHash;
use idp_domain::form::decode_strictly;
use idp_domain::oidc::{ErrorCode, client_assertion};

use super::super::answer::Fault;
use super::super::form::Form;
use super::refused;

/// RFC 7523 §2.2
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a request shows of its client: one thing (RFC 6749 §2.3).
pub(super) enum Presented<'a> {
    /// A name at most.
    Nothing {
        client_id: Option<&'a str>,
    },
    Basic(Basic),
    Post {
        client_id: Option<&'a str>,
        secret: &'a str,
    },
    Assertion {
        client_id: Option<String>,
        text: &'a str,
    },
}

impl<'a> Presented<'a> {
    pub(super) fn read(headers: &HeaderMap, form: &'a Form) -> Result<Self, Fault> {
        let invalid = |why| Fault::new(ErrorCode::InvalidRequest, why);
        let basic = Basic::read(headers)?;
        let secret = form.get("client_secret");
        let assertion = form.get("client_assertion");
        let typed = form.get("client_assertion_type");
        let methods = [
            basic.is_some(),
            form.has("client_secret"),
            form.has("client_assertion") || form.has("client_assertion_type"),
        ];
        if methods.into_iter().filter(|shown| *shown).count() > 1 {
            return Err(invalid("more than one method of client authentication"));
        }
        let client_id = form.get("client_id");
        let presented = match (basic, secret, assertion, typed) {
            (Some(basic), ..) => Self::Basic(basic),
            (_, Some(secret), ..) => Self::Post { client_id, secret },
            (.., Some(text), Some(JWT_BEARER)) => Self::Assertion {
                client_id: claimed(text),
                text,
            },
            (_, _, None, None) => Self::Nothing { client_id },
            _ => return Err(invalid("client_assertion and its type belong together")),
        };
        // Said twice, it must be the same (RFC 7521 §4.2).
        let elsewhere = presented.client_id();
        if client_id.is_some() && elsewhere.is_some() && client_id != elsewhere {
            return Err(invalid("client_id is not the client that is authenticated"));
        }
        Ok(presented)
    }

    /// Whose proof it wants to be.
    pub(super) fn client_id(&self) -> Option<&str> {
        match self {
            Self::Nothing { client_id } | Self::Post { client_id, .. } => *client_id,
            Self::Basic(basic) => Some(&basic.client_id),
            Self::Assertion { client_id, .. } => client_id.as_deref(),
        }
    }
}

fn claimed(text: &str) -> Option<String> {
    let assertion = client_assertion::read(text).ok()?;
    client_assertion::claimed_client(&assertion).map(str::to_owned)
}

/// Name and secret of an `Authorization: Basic` header.
pub(super) struct Basic {
    client_id: String,
    /// As it stands there, and as RFC 6749 §2.3.1 has it: form-decoded. Programs that encode
    /// nothing are common, and their secret is theirs either way.
    secrets: [Option<String>; 2],
}

impl Basic {
    fn read(headers: &HeaderMap) -> Result<Option<Self>, Fault> {
        let mut headers = headers.get_all(AUTHORIZATION).iter();
        let Some(header) = headers.next() else {
            return Ok(None);
        };
        if headers.next().is_some() {
            let why = "more than one Authorization header";
            return Err(Fault::new(ErrorCode::InvalidRequest, why));
        }
        let header = header.to_str().unwrap_or_default();
        Self::parse(header)
            .map(Some)
            .ok_or_else(|| refused("bad_header"))
    }

    fn parse(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (client_id, secret) = pair.split_once(':')?;
        Some(Self {
            // No character of a client id is changed by either reading.
            client_id: decode_strictly(client_id.as_bytes()).ok()?,
            secrets: [
                decode_strictly(secret.as_bytes()).ok(),
                Some(secret.to_owned()),
            ],
        })
    }

    pub(super) fn holds(&self, hash: &SecretHash) -> bool {
        self.secrets
            .iter()
            .flatten()
            .any(|secret| hash.is_of(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(pair: &str) -> Option<Basic> {
        Basic::parse(&format!("Basic {}", STANDARD.encode(pair)))
    }

    #[test] // OIDC 41
    fn a_header_is_form_decoded() {
        for (sent, meant) in [
            ("plain-secret", "plain-secret"),
            ("a%3Ab%25c%2Bd+e", "a:b%c+d e"),
            ("%E5%AF%86%E7%A0%81", "密码"),
            // Sent by programs that encode nothing.
            ("a:b%c+d e", "a:b%c+d e"),
            ("100%", "100%"),
        ] {
            let basic = basic(&format!("library:{sent}")).unwrap();
            assert_eq!(basic.client_id, "library");
            assert!(basic.holds(&SecretHash::of(meant)), "{sent}");
            assert!(!basic.holds(&SecretHash::of("other")), "{sent}");
        }
        assert_eq!(basic("my%2Dclient:x").unwrap().client_id, "my-client");
    }

    #[test] // OID-33
    fn other_headers_are_nobodys() {
        assert!(basic("no-colon").is_none());
        for header in [
            "Basic",
            "Basic ",
            "Basic é",
            "Bearer x",
            "Basic Zg=",
            "Basic /w==",
        ] {
            assert!(Basic::parse(header).is_none(), "{header}");
        }
    }
}
