use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::ids::GrantId;
use crate::oidc::IdTokenHint;
use crate::oidc::jose::{Claims, SigningAlgorithm, SigningKey, Typ, Unverified};

const ISSUER: &str = "https://id.example.edu";

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[test]
fn each_parameter_counts_once_and_an_empty_one_not_at_all() {
    let read = |given: &[(&str, &str)]| LogoutRequest::read(&pairs(given));
    let request = read(&[
        ("state", "a b&c"),
        ("client_id", ""),
        ("logout_hint", "s1"),
        ("logout_hint", "s2"),
        ("client_id", "library"),
    ]);
    let expected = LogoutRequest {
        client_id: Some("library".into()),
        state: Some("a b&c".into()),
        ..LogoutRequest::default()
    };
    assert_eq!(request, Ok(expected));
    for name in LogoutRequest::KNOWN {
        let twice = read(&[(name, "a"), (name, "a")]);
        assert_eq!(twice, Err(UnreadableLogout::Repeated), "{name}");
        let long = "a".repeat(8 * 1024 + 1);
        assert_eq!(read(&[(name, &long)]), Err(UnreadableLogout::TooLong));
    }
    let hint = "a".repeat(8 * 1024);
    assert!(read(&[("id_token_hint", &hint)]).is_ok());
}

/// Claims as they come out of a token.
fn claims(value: &serde_json::Value) -> Claims {
    let pkcs8 = SigningKey::generate(SigningAlgorithm::Es256).unwrap();
    let key = SigningKey::from_pkcs8(SigningAlgorithm::Es256, &pkcs8).unwrap();
    let token = key.sign(Typ::IdToken, value).unwrap();
    let keys = crate::oidc::jose::KeySet::of(vec![key.public().clone()]);
    let token = Unverified::read(&token, Typ::IdToken).unwrap();
    token.verify(&keys, &SigningAlgorithm::ALL).unwrap()
}

#[test] // OIDC 76, OIDC 77
fn a_hint_names_one_client_of_ours_and_a_person() {
    let sid = GrantId(Uuid::from_u128(7));
    let whole = json!({ "iss": ISSUER, "aud": "library", "sub": "s", "sid": sid.to_string(),
        "iat": 1, "exp": 1 });
    let read = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = whole.clone();
        change(&mut value);
        IdTokenHint::read(&claims(&value), ISSUER)
    };
    let hint = IdTokenHint {
        client_id: "library".into(),
        subject: "s".into(),
        sid: Some(sid),
    };
    assert_eq!(read(&|_| {}), Some(hint.clone()));
    assert_eq!(read(&|v| v["aud"] = json!(["library"])), Some(hint.clone()));
    let without = IdTokenHint { sid: None, ..hint };
    let removed = read(&|v| {
        v.as_object_mut().unwrap().remove("sid");
    });
    assert_eq!(removed, Some(without));
    for (name, other) in [
        ("iss", json!("https://id.example.edu/")),
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!(["library", "mail"])),
        ("aud", json!([])),
        ("aud", json!(1)),
        ("sub", json!(1)),
        ("sid", json!("session 7")),
        ("sid", json!(7)),
    ] {
        assert_eq!(read(&|v| v[name] = other.clone()), None, "{name} {other}");
    }
    // Other things that we sign have no time (OID-17).
    for name in ["iss", "aud", "sub", "iat", "exp"] {
        let removed = read(&|v| {
            v.as_object_mut().unwrap().remove(name);
        });
        assert_eq!(removed, None, "{name}");
    }
}

#[test] // OIDC 83
fn a_logout_token_has_these_claims_and_no_others() {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let sid = GrantId(Uuid::from_u128(7));
    let token = LogoutToken::new(ISSUER, "library", "s", sid, "id".into(), now);
    assert_eq!(
        serde_json::to_value(&token).unwrap(),
        json!({
            "iss": ISSUER, "aud": "library", "iat": 1_790_000_000, "exp": 1_790_000_120,
            "jti": "id", "sub": "s", "sid": sid.to_string(),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        })
    );
}
