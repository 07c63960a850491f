use super::{audiences, narrow};
use crate::applications::OidcSide;
use crate::oidc::{ErrorCode, Granted, OAuthError, Scopes};

/// What a token permits, and for whom it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub scopes: Scopes,
    /// At least one.
    pub audiences: Vec<String>,
}

impl Target {
    /// What was granted, as far as the entry permits it today, or the part of it that `scope` and
    /// `resources` ask for. What an entry has lost comes back with a new decision only.
    ///
    /// # Errors
    /// `invalid_scope` and `invalid_target` for more than that, and where nothing of it is left.
    pub fn of<'a>(
        granted: &Granted,
        client: &OidcSide,
        scope: Option<&str>,
        resources: impl Iterator<Item = &'a str>,
        issuer: &str,
    ) -> Result<Self, OAuthError> {
        let scopes = narrow(&granted.scopes.both(&client.scopes), scope)?;
        if scopes.is_empty() {
            let why = "the client may have none of the scopes that were granted any more";
            return Err(OAuthError::new(ErrorCode::InvalidScope, why));
        }
        let known = granted.resources.iter().filter(|one| client.may_name(one));
        let known: Vec<String> = known.cloned().collect();
        // Without any, a token would be for us.
        if known.is_empty() && !granted.resources.is_empty() {
            let why = "the client may name none of the resources that were granted any more";
            return Err(OAuthError::new(ErrorCode::InvalidTarget, why));
        }
        let audiences = audiences(&known, resources, issuer)?;
        Ok(Self { scopes, audiences })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications::parse_entries;
    use crate::oidc::{ClaimsRequest, Disclosure};
    use jiff::Timestamp;
    use serde_json::json;

    const BOOKS: &str = "https://books.example";
    const ROOMS: &str = "https://rooms.example";
    const US: &str = "https://id.example";

    fn client(scopes: &[&str], audiences: &[&str]) -> OidcSide {
        let entry = json!({ "id": "a", "name": { "zh-CN": "甲", "en": "A" }, "oidc": {
            "client_secret": "a-secret-of-the-tests", "scopes": scopes, "audiences": audiences,
            "redirect_uris": ["https://a.example/cb"] } });
        let mut all = parse_entries(&entry.to_string(), false).unwrap();
        all.remove(0).oidc.unwrap()
    }

    fn granted(scopes: &str, resources: &[&str]) -> Granted {
        Granted {
            scopes: Scopes::parse(scopes).unwrap(),
            claims: ClaimsRequest::default(),
            disclosure: Disclosure::default(),
            nonce: None,
            resources: resources.iter().map(ToString::to_string).collect(),
            signed_in_at: Timestamp::UNIX_EPOCH,
            factors: Vec::new(),
            key_thumbprint: None,
            offline: false,
        }
    }

    #[test] // OID-15: the entry of today is a limit too
    fn what_an_entry_lost_is_not_given_any_more() {
        let before = granted("openid email", &[BOOKS, ROOMS]);
        let of = |client: &OidcSide, scope, named: &[&str]| {
            let target = Target::of(&before, client, scope, named.iter().copied(), US);
            target
                .map(|target| (target.scopes.to_string(), target.audiences))
                .map_err(|error| error.code)
        };
        let whole = client(&["openid", "email", "phone"], &[BOOKS, ROOMS, US]);
        let both = vec![BOOKS.to_owned(), ROOMS.to_owned()];
        assert_eq!(of(&whole, None, &[]), Ok(("openid email".into(), both)));
        let phone = of(&whole, Some("phone"), &[]);
        assert_eq!(phone, Err(ErrorCode::InvalidScope));

        let less = client(&["openid"], &[ROOMS]);
        let rest = Ok(("openid".to_owned(), vec![ROOMS.to_owned()]));
        assert_eq!(of(&less, None, &[]), rest);
        assert_eq!(of(&less, Some("email"), &[]), Err(ErrorCode::InvalidScope));
        assert_eq!(of(&less, None, &[BOOKS]), Err(ErrorCode::InvalidTarget));
        // Nothing left is not the same as nothing asked for: that would open userinfo.
        let none = client(&["openid"], &[]);
        assert_eq!(of(&none, None, &[]), Err(ErrorCode::InvalidTarget));
        let none = client(&["campus"], &[BOOKS]);
        assert_eq!(of(&none, None, &[]), Err(ErrorCode::InvalidScope));
    }
}
