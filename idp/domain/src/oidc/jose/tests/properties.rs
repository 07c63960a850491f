use proptest::prelude::*;

use super::*;
use crate::oidc::arbitrary::any_object;

proptest! {
    #[test] // OID-33
    fn reading_ends_for_every_text(text in "\\PC{0,300}") {
        let _ = Unverified::read(&text, Typ::ClientAssertion);
        let _ = KeySet::read(text.as_bytes());
        let _ = object(text.as_bytes());
    }

    #[test] // OID-33
    fn reading_ends_for_every_header(header in any_object(), claims in any_object()) {
        let token = token(&header, &claims, b"signature");
        if let Ok(read) = Unverified::read(&token, Typ::ClientAssertion) {
            prop_assert!(read.verify(&all_keys(), &SigningAlgorithm::ALL).is_err());
        }
    }

    #[test] // OID-33
    fn a_key_that_was_taken_is_written_and_read_alike(which in 0_usize..4, odd in any_object()) {
        let mut jwk = key(SigningAlgorithm::ALL[which]).public().to_jwk();
        jwk.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        if let Ok(taken) = PublicKey::from_jwk(jwk.as_object().unwrap()) {
            let written = taken.to_jwk();
            prop_assert_eq!(PublicKey::from_jwk(written.as_object().unwrap()), Ok(taken));
        }
    }

    #[test]
    fn one_object_is_read_as_any_reader_does(value in any_object()) {
        let text = value.to_string();
        let read = object(text.as_bytes()).unwrap();
        prop_assert_eq!(Value::Object(read), serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test] // OID-06: no other text is the same token
    fn a_changed_token_is_refused(
        which in 0_usize..4,
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![Just(b'.'), Just(b'-'), Just(b'A'), Just(b'_'), Just(b'='), 33_u8..127],
    ) {
        let signer = key(SigningAlgorithm::ALL[which]);
        let good = signer.sign(Typ::ClientAssertion, &claims()).unwrap();
        prop_assert!(read_and_verify(&good, &all_keys(), &[signer.algorithm()]).is_ok());
        let mut bytes = good.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(read_and_verify(&changed, &all_keys(), &SigningAlgorithm::ALL).is_err(), "{}", changed);
        let cut = &good[..at];
        prop_assert!(read_and_verify(cut, &all_keys(), &SigningAlgorithm::ALL).is_err(), "{}", cut);
    }
}
