//! Tokens that want to be checked in another way than their key is meant for.

use aws_lc_rs::hmac;

use super::*;
use SigningAlgorithm::{EdDsa, Es256, Ps256, Rs256};

fn refusal(token: &str) -> BadToken {
    read_and_verify(token, &all_keys(), &SigningAlgorithm::ALL).unwrap_err()
}

#[test] // OID-06
fn no_algorithm_is_no_signature() {
    for alg in [
        "none", "None", "nOnE", "NONE", "", " RS256", "rs256", "HS256", "RS1", "ES384",
    ] {
        for signature in [b"".as_slice(), b"x"] {
            let token = token(&json!({ "alg": alg }), &claims(), signature);
            assert_eq!(refusal(&token), BadToken::Algorithm, "{alg}");
        }
    }
    let missing = token(&json!({ "typ": "JWT" }), &claims(), b"x");
    assert_eq!(refusal(&missing), BadToken::Header);
    for alg in [json!(null), json!(["RS256"]), json!({}), json!(256)] {
        let token = token(&json!({ "alg": alg }), &claims(), b"x");
        assert_eq!(refusal(&token), BadToken::Header);
    }
}

#[test] // OID-06
fn a_public_key_is_no_shared_secret() {
    let kid = key(Rs256).kid();
    let jwk = key(Rs256).public().to_jwk().to_string();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        key(Rs256).public().to_jwk()["n"]
    );
    for secret in [jwk.as_bytes(), pem.as_bytes()] {
        let header = json!({ "alg": "HS256", "kid": kid });
        let unsigned = token(&header, &claims(), b"");
        let input = unsigned.trim_end_matches('.');
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        let forged = format!("{input}.{}", base64url(mac.as_ref()));
        assert_eq!(refusal(&forged), BadToken::Algorithm);
    }
}

#[test] // OID-06: one key, one algorithm, whatever the header says
fn the_record_says_the_algorithm() {
    for signer in SigningAlgorithm::ALL {
        let token = key(signer).sign(Typ::ClientAssertion, &claims()).unwrap();
        for registered in SigningAlgorithm::ALL {
            let verdict = read_and_verify(&token, &all_keys(), &[registered]);
            assert_eq!(
                verdict.is_ok(),
                signer == registered,
                "{signer} {registered}"
            );
        }
    }
    // An RSA key without `alg` is for the first of the record that suits it.
    let mut jwk = key(Ps256).public().to_jwk();
    jwk.as_object_mut().unwrap().remove("alg");
    let bare = set(&[jwk]).unwrap();
    let token = key(Ps256).sign(Typ::ClientAssertion, &claims()).unwrap();
    let by = |permitted: &[SigningAlgorithm]| read_and_verify(&token, &bare, permitted);
    assert!(by(&[Ps256]).is_ok());
    assert!(by(&SigningAlgorithm::FAPI).is_ok());
    assert_eq!(by(&[Rs256, Ps256]).unwrap_err(), BadToken::Algorithm);
    assert_eq!(by(&[Es256, EdDsa]).unwrap_err(), BadToken::Algorithm);
}

#[test] // OID-06
fn what_must_be_understood_is_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
    ] {
        let mut header = json!({ "alg": "ES256", "kid": key(Es256).kid() });
        header[name] = value;
        let token = token(&header, &claims(), &[0; 64]);
        assert_eq!(refusal(&token), BadToken::Header, "{name}");
    }
}

#[test] // OID-08
fn keys_in_the_header_decide_nothing() {
    let theirs = SigningKey::generate(Es256).unwrap();
    let theirs = SigningKey::from_pkcs8(Es256, &theirs).unwrap();
    // Signed well, with the key in the header.
    let carried = theirs.sign_proof(&claims()).unwrap();
    let verify = |token: &str| {
        Unverified::read(token, Typ::DpopProof)
            .and_then(|token| token.verify(&all_keys(), &SigningAlgorithm::ALL))
    };
    assert_eq!(verify(&carried).unwrap_err(), BadToken::UnknownKey);
    let ours = key(Es256).kid();
    for header in [
        json!({ "alg": "ES256", "kid": ours, "jwk": theirs.public().to_jwk() }),
        json!({ "alg": "ES256", "kid": ours, "jku": "https://evil.example/jwks" }),
        json!({ "alg": "ES256", "kid": ours, "x5u": "https://evil.example/cert" }),
        json!({ "alg": "ES256", "kid": ours, "x5c": ["MIIB"] }),
        json!({ "alg": "ES256", "kid": "../../../dev/null", "jku": "file:///etc/passwd" }),
    ] {
        let refused = refusal(&token(&header, &claims(), &[7; 64]));
        assert!(
            matches!(refused, BadToken::Signature | BadToken::UnknownKey),
            "{header} {refused}"
        );
    }
}

#[test] // OID-17
fn a_token_of_one_type_is_nothing_as_another() {
    let types = [
        Typ::IdToken,
        Typ::AccessToken,
        Typ::LogoutToken,
        Typ::DpopProof,
    ];
    for made in types {
        let token = key(EdDsa).sign(made, &claims()).unwrap();
        for read in types {
            let verdict = Unverified::read(&token, read).err();
            let expected = (made != read).then_some(BadToken::Type);
            assert_eq!(verdict, expected, "{made:?} as {read:?}");
        }
        let assertion = Unverified::read(&token, Typ::ClientAssertion).is_ok();
        assert_eq!(assertion, made == Typ::IdToken, "{made:?}");
    }
    let typed = |typ: &str, read| {
        let token = token(&json!({ "alg": "ES256", "typ": typ }), &claims(), b"");
        Unverified::read(&token, read).is_ok()
    };
    assert!(typed("application/at+JWT", Typ::AccessToken));
    assert!(typed("APPLICATION/dpop+jwt", Typ::DpopProof));
    assert!(typed("jwt", Typ::IdToken));
    assert!(typed("client-authentication+jwt", Typ::ClientAssertion));
    for odd in ["text/at+jwt", "application/", "at+jwt ", "at", "", "JWT"] {
        assert!(!typed(odd, Typ::AccessToken), "{odd:?}");
    }
}

#[test]
fn parts_and_spellings() {
    let good = key(Es256).sign(Typ::ClientAssertion, &claims()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("{good}");
    };
    for odd in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        payload.to_owned(),
        format!("{header}.{payload}"),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{signature}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}=.{payload}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}.{}.{signature}", payload.replace('-', "+")) + "+",
        format!("{}.{payload}.{signature}", base64url("[]")),
        format!("{}.{payload}.{signature}", base64url(b"\xff")),
        format!("{header}.{}.{signature}", base64url("\"text\"")),
        // Twice the same name: which one counts?
        format!(
            "{header}.{}.{signature}",
            base64url(r#"{"iss":"a","iss":"b"}"#)
        ),
        format!(
            "{header}.{}.{signature}",
            base64url(r#"{"a":{"b":1,"b":2}}"#)
        ),
        format!(
            "{}.{payload}.{signature}",
            base64url(r#"{"alg":"none","alg":"ES256"}"#)
        ),
    ] {
        let read = Unverified::read(&odd, Typ::ClientAssertion);
        assert_eq!(read.unwrap_err(), BadToken::Form, "{odd}");
    }
    let long = format!("{header}.{}.{signature}", "A".repeat(MAX_TOKEN_BYTES));
    let read = Unverified::read(&long, Typ::ClientAssertion);
    assert_eq!(read.unwrap_err(), BadToken::Size);
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let deep = format!(
        "{header}.{}.{signature}",
        base64url(format!(r#"{{"a":{deep}}}"#))
    );
    let read = Unverified::read(&deep, Typ::ClientAssertion);
    assert_eq!(read.unwrap_err(), BadToken::Form);
}

#[test]
fn several_keys_need_a_kid() {
    let other = SigningKey::generate(Es256).unwrap();
    let other = SigningKey::from_pkcs8(Es256, &other).unwrap();
    let without_kid = |key: &SigningKey| {
        let mut jwk = key.public().to_jwk();
        jwk.as_object_mut().unwrap().remove("kid");
        jwk
    };
    let token = other.sign(Typ::ClientAssertion, &claims()).unwrap();
    let verify = |keys: &[Value]| read_and_verify(&token, &set(keys).unwrap(), &[Es256]);
    // The kid names it, whatever stands beside it.
    assert!(verify(&[key(Es256).public().to_jwk(), other.public().to_jwk()]).is_ok());
    assert!(verify(&[without_kid(&other)]).is_ok());
    assert_eq!(
        verify(&[without_kid(&other), without_kid(key(Es256))]).unwrap_err(),
        BadToken::AmbiguousKey
    );
    assert_eq!(
        verify(&[key(Es256).public().to_jwk()]).unwrap_err(),
        BadToken::UnknownKey
    );
    assert_eq!(verify(&[]).unwrap_err(), BadToken::UnknownKey);
    assert_eq!(
        verify(&[without_kid(key(Es256))]).unwrap_err(),
        BadToken::Signature
    );
}
