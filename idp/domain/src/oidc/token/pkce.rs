use crate::oidc::jose::sha256_base64url;

/// Whether the one who redeems is the one who asked (RFC 7636 §4.6). A verifier without a
/// challenge is refused too, since somebody may have taken the challenge out of the request
/// (RFC 9700 §4.8.2, OID-04).
pub(super) fn holds(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            is_verifier(verifier) && sha256_base64url(verifier) == challenge
        }
        _ => false,
    }
}

/// §4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636, appendix B
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test] // OID-03, OID-04, OIDC 35, OIDC 37
    fn the_verifier_is_that_of_the_challenge() {
        assert!(holds(Some(CHALLENGE), Some(VERIFIER)));
        assert!(holds(None, None));
        for wrong in [None, Some(""), Some(CHALLENGE), Some(&VERIFIER[..42])] {
            assert!(!holds(Some(CHALLENGE), wrong), "{wrong:?}");
        }
        assert!(!holds(None, Some(VERIFIER)));
        // `plain` is nothing here.
        assert!(!holds(Some(VERIFIER), Some(VERIFIER)));
    }

    #[test] // OIDC 36
    fn a_verifier_has_43_to_128_characters() {
        for (length, good) in [(42, false), (43, true), (128, true), (129, false)] {
            let verifier = "a".repeat(length);
            let challenge = sha256_base64url(&verifier);
            assert_eq!(holds(Some(&challenge), Some(&verifier)), good, "{length}");
        }
        for odd in ['+', ' ', 'ä', '\u{0}', '/', '='] {
            let verifier = format!("{}{odd}", "a".repeat(43));
            assert!(!holds(Some(&sha256_base64url(&verifier)), Some(&verifier)));
        }
    }
}
