//! A token of others against keys of ours: nothing that wasn't signed by them is believed, and what
//! is believed is what another reader takes from the same text.

#![no_main]

use std::sync::LazyLock;

use idp_domain::oidc::jose::{KeySet, SigningAlgorithm, SigningKey, Typ, Unverified, base64url};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// Keys of this process alone: no input of a corpus is signed by them.
static KEYS: LazyLock<[SigningKey; 2]> = LazyLock::new(|| {
    [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa].map(|alg| {
        let der = SigningKey::generate(alg).expect("a key");
        SigningKey::from_pkcs8(alg, &der).expect("the same")
    })
});

const TYPES: [Typ; 5] = [
    Typ::IdToken,
    Typ::AccessToken,
    Typ::LogoutToken,
    Typ::ClientAssertion,
    Typ::DpopProof,
];

fuzz_target!(|text: &str| {
    let set = KeySet::of(KEYS.iter().map(|key| key.public().clone()).collect());
    let mut read_as = 0;
    for typ in TYPES {
        let Ok(token) = Unverified::read(text, typ) else {
            continue;
        };
        read_as += 1;
        assert!(token.clone().verify(&set, &SigningAlgorithm::ALL).is_err());
        // Header and claims as another reader takes them, which wants types of members that we
        // don't look at.
        if let Ok(header) = jsonwebtoken::decode_header(text) {
            assert_eq!(header.kid.as_deref(), token.kid());
        }
        let claims: Value = jsonwebtoken::dangerous::insecure_decode_claims(text)
            .expect("the claims of a token that we read");
        assert_eq!(claims, Value::Object(token.claimed().members().clone()));
    }
    // `JWT` stands for an ID token and an assertion, every other type for itself.
    assert!(read_as <= 2, "{text}");
    // The text as claims, signed by us: read and believed as it was written, if it is an object.
    if let Ok(claims) = idp_domain::oidc::jose::object(text.as_bytes()) {
        for key in KEYS.iter() {
            let signed = key.sign(Typ::AccessToken, &claims).expect("a token");
            let read = Unverified::read(&signed, Typ::AccessToken);
            let Ok(read) = read else {
                assert!(signed.len() > idp_domain::oidc::jose::MAX_TOKEN_BYTES);
                continue;
            };
            read.verify(&set, &[key.algorithm()])
                .expect("our own signature");
        }
        // The same payload under a foreign signature.
        let forged = format!(
            "{}.{}.{}",
            base64url(r#"{"alg":"ES256","typ":"at+jwt"}"#),
            base64url(text),
            base64url([7; 64])
        );
        if let Ok(read) = Unverified::read(&forged, Typ::AccessToken) {
            assert!(read.verify(&set, &SigningAlgorithm::ALL).is_err());
        }
    }
});
