use crate::oidc::{ErrorCode, OAuthError};

/// For whom a token is: the resources that are named, or all that were granted; us, without any
/// (RFC 8707 §2.2, RFC 9068 §3).
///
/// # Errors
/// `invalid_target` for one that was not granted.
pub fn audiences<'a>(
    granted: &[String],
    named: impl Iterator<Item = &'a str>,
    issuer: &str,
) -> Result<Vec<String>, OAuthError> {
    let mut audiences = Vec::new();
    for resource in named {
        if !granted.iter().any(|known| known == resource) {
            let why = "resource is none that was granted";
            return Err(OAuthError::new(ErrorCode::InvalidTarget, why));
        }
        if !audiences.iter().any(|known| known == resource) {
            audiences.push(resource.to_owned());
        }
    }
    if audiences.is_empty() {
        audiences.extend_from_slice(granted);
    }
    if audiences.is_empty() {
        audiences.push(issuer.to_owned());
    }
    Ok(audiences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // OID-17
    fn a_token_is_for_what_was_granted() {
        let (books, rooms) = ("https://books.example", "https://rooms.example");
        let granted = [books.to_owned(), rooms.to_owned()];
        let of = |granted: &[String], named: &[&str]| {
            audiences(granted, named.iter().copied(), "https://id.example")
        };
        assert_eq!(of(&granted, &[]).unwrap(), granted);
        assert_eq!(of(&granted, &[rooms, rooms]).unwrap(), [rooms]);
        assert_eq!(of(&[], &[]).unwrap(), ["https://id.example"]);
        for (granted, named) in [(&granted[..], "https://books.example/"), (&[], books)] {
            let refused = of(granted, &[named]).unwrap_err();
            assert_eq!(refused.code, ErrorCode::InvalidTarget);
        }
    }
}
