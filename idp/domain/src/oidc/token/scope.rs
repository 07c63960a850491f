use crate::oidc::{ErrorCode, OAuthError, Scopes};

/// The scope of a token: what was granted, or the part of it that is asked for (RFC 6749 §6,
/// OID-15).
///
/// # Errors
/// `invalid_scope` for more than was granted.
pub fn narrow(granted: &Scopes, asked: Option<&str>) -> Result<Scopes, OAuthError> {
    let Some(asked) = asked else {
        return Ok(granted.clone());
    };
    match Scopes::parse(asked) {
        Ok(scopes) if scopes.is_within(granted) && !scopes.is_empty() => Ok(scopes),
        _ => Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "scope may narrow what was granted, and nothing else",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OID-15, OIDC 52
    fn a_scope_only_narrows() {
        let granted = Scopes::parse("openid profile email").unwrap();
        assert_eq!(narrow(&granted, None).as_ref(), Ok(&granted));
        let less = Scopes::parse("openid email").unwrap();
        assert_eq!(narrow(&granted, Some("email openid")), Ok(less));
        for more in ["openid phone", "admin", " ", "a\"b"] {
            let refused = narrow(&granted, Some(more)).unwrap_err();
            assert_eq!(refused.code, ErrorCode::InvalidScope, "{more}");
        }
    }
}
