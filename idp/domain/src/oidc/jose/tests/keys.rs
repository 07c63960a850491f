//! JWKs and sets of others.

use super::*;
use SigningAlgorithm::{EdDsa, Es256, Rs256};

fn read(jwk: &Value) -> Result<PublicKey, BadKey> {
    PublicKey::from_jwk(jwk.as_object().unwrap())
}

fn with(algorithm: SigningAlgorithm, name: &str, value: Value) -> Value {
    let mut jwk = key(algorithm).public().to_jwk();
    jwk[name] = value;
    jwk
}

#[test]
fn a_key_is_what_it_says() {
    for algorithm in SigningAlgorithm::ALL {
        let jwk = key(algorithm).public().to_jwk();
        let read = read(&jwk).unwrap();
        assert_eq!(&read, key(algorithm).public());
        assert_eq!(read.kid(), Some(read.thumbprint().as_str()));
        assert_eq!(read.to_jwk(), jwk);
        assert_eq!(jwk["alg"], algorithm.as_str());
        assert_eq!(jwk["use"], "sig");
    }
}

#[test] // OID-26, OID-31
fn our_jwks_have_public_members_only() {
    for key in all_keys().to_json()["keys"].as_array().unwrap() {
        let names: Vec<&str> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let public = ["kty", "kid", "alg", "use", "crv", "x", "y", "n", "e"];
        assert!(names.iter().all(|name| public.contains(name)), "{names:?}");
    }
}

#[test]
fn a_private_key_is_refused_with_its_set() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        let leaked = with(Rs256, name, json!("AQAB"));
        assert_eq!(read(&leaked), Err(BadKey::Private), "{name}");
        let keys = set(&[key(Es256).public().to_jwk(), leaked]);
        assert_eq!(keys, Err(BadKeySet::Key(1, BadKey::Private)));
    }
    let shared = json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" });
    assert_eq!(read(&shared), Err(BadKey::Private));
}

#[test] // OID-06: 512-bit keys
fn small_and_odd_rsa_keys_are_refused() {
    let modulus = |bytes: usize, first: u8| {
        let mut n = vec![0xA7; bytes];
        n[0] = first;
        json!({ "kty": "RSA", "n": base64url(n), "e": "AQAB" })
    };
    assert_eq!(read(&modulus(64, 0xA7)), Err(BadKey::Size));
    assert_eq!(read(&modulus(128, 0xA7)), Err(BadKey::Size));
    assert_eq!(read(&modulus(256, 0x7F)), Err(BadKey::Size), "2047 bits");
    assert!(read(&modulus(256, 0x80)).is_ok());
    assert!(read(&modulus(512, 0xFF)).is_ok());
    assert_eq!(read(&modulus(513, 1)), Err(BadKey::Size));
    assert_eq!(
        read(&modulus(257, 0)),
        Err(BadKey::Value),
        "a zero in front"
    );
    for e in [
        "", "AA", "AQ", "AAEAAQ", "Ag", "AQAAAAAB", "AQAB=", "=", "A Q A B",
    ] {
        assert_eq!(
            read(&with(Rs256, "e", json!(e))),
            Err(BadKey::Value),
            "{e:?}"
        );
    }
    for n in [json!(null), json!(17), json!(""), json!("!!")] {
        assert_eq!(read(&with(Rs256, "n", n)), Err(BadKey::Value));
    }
}

#[test]
fn points_lie_on_their_curve() {
    let zero = base64url([0; 32]);
    assert_eq!(read(&with(Es256, "x", json!(zero))), Err(BadKey::Value));
    assert_eq!(read(&with(Es256, "y", json!(zero))), Err(BadKey::Value));
    assert_eq!(
        read(&with(Es256, "x", json!(base64url([1; 31])))),
        Err(BadKey::Value)
    );
    assert_eq!(
        read(&with(EdDsa, "x", json!(base64url([1; 33])))),
        Err(BadKey::Value)
    );
    assert_eq!(read(&with(Es256, "crv", json!("P-384"))), Err(BadKey::Kind));
    assert_eq!(
        read(&with(EdDsa, "crv", json!("X25519"))),
        Err(BadKey::Kind)
    );
    assert_eq!(read(&with(EdDsa, "kty", json!("EC"))), Err(BadKey::Kind));
}

#[test]
fn keys_for_other_purposes_are_left_out() {
    let odd = [
        with(Rs256, "use", json!("enc")),
        with(Rs256, "alg", json!("RSA-OAEP")),
        with(Rs256, "alg", json!("ES256")),
        with(Es256, "alg", json!("ES384")),
        with(Es256, "key_ops", json!(["deriveKey"])),
        json!({ "kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "AA" }),
        json!({}),
    ];
    assert_eq!(set(&odd).unwrap().keys(), []);
    let good = with(Es256, "key_ops", json!(["verify"]));
    let mut all = odd.to_vec();
    all.push(good);
    let keys = set(&all).unwrap();
    assert_eq!(keys.keys().len(), 1);
    assert!(keys.has_key_for(&[Rs256, Es256]));
    assert!(!keys.has_key_for(&[Rs256, EdDsa]));
    assert_eq!(
        set(&[with(Es256, "kid", json!(7))]),
        Err(BadKeySet::Key(0, BadKey::Value))
    );
    assert_eq!(
        set(&[with(Es256, "kid", json!("k".repeat(256)))]),
        Err(BadKeySet::Key(0, BadKey::Value))
    );
}

#[test]
fn sets_are_bounded() {
    let jwk = key(EdDsa).public().to_jwk();
    assert!(set(&vec![jwk.clone(); MAX_KEYS]).is_ok());
    assert_eq!(set(&vec![jwk; MAX_KEYS + 1]), Err(BadKeySet::Size));
    let padded = format!("{{\"keys\":[]{}}}", " ".repeat(MAX_KEY_SET_BYTES));
    assert_eq!(KeySet::read(padded.as_bytes()), Err(BadKeySet::Size));
    assert_eq!(KeySet::read(b"{\"keys\":[]}"), Ok(KeySet::default()));
    for odd in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        "{\"keys\":[1]}",
        "{\"keys\":[],\"keys\":[]}",
    ] {
        assert_eq!(KeySet::read(odd.as_bytes()), Err(BadKeySet::Form), "{odd}");
    }
}

#[test]
fn a_private_key_of_another_kind_or_a_damaged_one_is_refused() {
    let der = SigningKey::generate(Es256).unwrap();
    assert!(SigningKey::from_pkcs8(Es256, &der).is_ok());
    assert_eq!(SigningKey::from_pkcs8(Rs256, &der).unwrap_err(), CantSign);
    assert_eq!(SigningKey::from_pkcs8(EdDsa, &der).unwrap_err(), CantSign);
    assert_eq!(
        SigningKey::from_pkcs8(Es256, &der[1..]).unwrap_err(),
        CantSign
    );
    assert_eq!(SigningKey::from_pkcs8(Es256, b"").unwrap_err(), CantSign);
    let shown = format!("{:?}", SigningKey::from_pkcs8(Es256, &der).unwrap());
    assert!(shown.starts_with("SigningKey(ES256 "), "{shown}");
}

#[test] // OID-31
fn no_two_keys_are_the_same() {
    for algorithm in [Es256, EdDsa] {
        let kid = || {
            let der = SigningKey::generate(algorithm).unwrap();
            SigningKey::from_pkcs8(algorithm, &der)
                .unwrap()
                .kid()
                .to_owned()
        };
        let kids: std::collections::HashSet<String> = (0..100).map(|_| kid()).collect();
        assert_eq!(kids.len(), 100);
    }
}
