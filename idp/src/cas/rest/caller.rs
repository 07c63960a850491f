//! Who may use the REST protocol: servers in the networks of an application's entry, with its key
//! where it has one.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idp_domain::applications::Application;

use super::answer::Fault;
use crate::visit::Visit;

/// What a server shows of itself.
pub(super) struct Caller {
    address: IpAddr,
    /// HTTP Basic: the application's id, and its key.
    key: Option<(String, String)>,
}

impl Caller {
    /// A caller whom at least one application admits. Asked before a body is read and anything is
    /// counted or looked up, so that to all others this is no place to guess at.
    ///
    /// # Errors
    /// [`Fault::NOT_TRUSTED`], whatever is missing.
    pub(super) fn trusted(visit: &Visit, headers: &HeaderMap) -> Result<Self, Fault> {
        let caller = Self {
            address: visit.address,
            key: basic(headers),
        };
        let registry = visit.app.applications.current();
        if registry.iter().any(|a| caller.is_admitted_by(a)) {
            return Ok(caller);
        }
        metrics::counter!("cas_rest_untrusted_total").increment(1);
        Err(Fault::NOT_TRUSTED)
    }

    /// Whether it may have tickets for this application.
    pub(super) fn is_admitted_by(&self, application: &Application) -> bool {
        let rule = application.cas.as_ref().and_then(|cas| cas.rest.as_ref());
        // A key counts for the application that it was given to, and for no other.
        let key = self.key.as_ref();
        let key = key.filter(|(id, _)| id == application.id.as_str());
        application.enabled
            && rule.is_some_and(|rule| rule.admits(self.address, key.map(|(_, key)| key.as_str())))
    }
}

/// The user and the password of `Authorization: Basic` (RFC 7617 §2).
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, credentials) = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())?
        .split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, key) = text.split_once(':')?;
    Some((id.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn basic_credentials_are_read_strictly() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(text));
            basic(&headers)
        };
        let both = Some(("portal".to_owned(), "k:1".to_owned()));
        assert_eq!(read("Basic cG9ydGFsOms6MQ=="), both);
        assert_eq!(read("basic cG9ydGFsOms6MQ=="), both);
        for bad in [
            "Bearer cG9ydGFsOms6MQ==",
            "Basic",
            "Basic cG9ydGFs",
            "Basic cG9ydGFsOms6MQ=",
            "Basic /zo=",
            "Basic portal:k",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(basic(&HeaderMap::new()), None);
    }
}
