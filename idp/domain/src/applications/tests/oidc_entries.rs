//! Entries with an OIDC side, and those that are only listed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::entries::problems;
use crate::applications::{
    AccessTokenFormat, Application, ApplicationType, AuthMethod, ClientAuthentication, ClientKeys,
    Consent, GrantType, Profile, Registry, SecretHash, SubjectType, parse_entries,
};
use crate::oidc::jose::SigningAlgorithm;
use crate::oidc::{Scope, Scopes};

pub(super) fn entry(oidc: &Value) -> String {
    json!({ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" }, "oidc": oidc })
        .to_string()
}

pub(super) fn smallest() -> Value {
    json!({ "client_secret": "0123456789abcdef", "redirect_uris": ["https://lib.edu.cn/cb"] })
}

pub(super) fn public_key() -> Value {
    json!({ "kty": "EC", "crv": "P-256", "kid": "1",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM" })
}

fn read(oidc: &Value) -> Application {
    parse_entries(&entry(oidc), false).unwrap().remove(0)
}

#[test]
fn what_is_left_out_is_narrow() {
    let library = read(&smallest());
    let oidc = library.oidc.as_ref().unwrap();
    assert_eq!(oidc.client_id.as_str(), "library");
    assert_eq!(oidc.authentication.method(), AuthMethod::ClientSecretBasic);
    assert!(oidc.require_pkce && !oidc.is_public() && !oidc.is_fapi2() && oidc.is_assured());
    assert_eq!(oidc.grant_types, [GrantType::AuthorizationCode]);
    let scopes = "openid profile email phone address campus";
    assert_eq!(oidc.scopes, Scopes::parse(scopes).unwrap());
    assert_eq!(oidc.subject_type, SubjectType::Public);
    assert_eq!(oidc.id_token_signed_response_alg, SigningAlgorithm::Rs256);
    assert_eq!(oidc.userinfo_signed_response_alg, None);
    assert_eq!(oidc.access_token_format, AccessTokenFormat::Jwt);
    assert_eq!(oidc.application_type, ApplicationType::Web);
    assert_eq!(oidc.consent, Consent::Implicit);
    assert!(oidc.audiences.is_empty() && !oidc.may_name("https://api.edu.cn"));
    assert!(oidc.resource_server_for.is_empty() && !oidc.serves("https://api.edu.cn"));
    assert!(oidc.back_channel_logout.is_none() && oidc.front_channel_logout.is_none());
    assert!(library.cas.is_none() && library.listed.is_none());
}

#[test]
fn a_secret_is_known_by_its_hash_alone() {
    let library = read(&smallest());
    let oidc = library.oidc.as_ref().unwrap();
    let hash = oidc.authentication.secret().unwrap();
    assert!(hash.is_of("0123456789abcdef"));
    assert!(!hash.is_of("0123456789abcdeF") && !hash.is_of(""));
    let stored = library.to_json().to_string();
    assert!(!stored.contains("0123456789abcdef") && !format!("{library:?}").contains("456789ab"));
    // The hash of an imported file is that of `printf %s … | sha256sum`.
    assert_eq!(
        library.to_json()["oidc"]["client_secret_sha256"],
        "9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"
    );
    assert_eq!(
        Application::from_json(&library.to_json(), false),
        Ok(library)
    );
}

/// Every key that can stand together, with another value than its default.
fn whole() -> Value {
    json!({ "client_id": "Lib~1", "client_secret_sha256": SecretHash::of("x").to_hex(),
        "redirect_uris": ["https://lib.edu.cn/cb?x=%e4", "http://old.edu.cn:8080/cb"],
        "post_logout_redirect_uris": ["https://www.edu.cn/bye"],
        "backchannel_logout_uri": "https://lib.edu.cn/back",
        "backchannel_logout_session_required": true,
        "frontchannel_logout_uri": "https://lib.edu.cn/front?a=1",
        "frontchannel_logout_session_required": true,
        "token_endpoint_auth_method": "client_secret_post",
        "jwks": { "keys": [public_key()] },
        "grant_types": ["authorization_code", "refresh_token", "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code"],
        "scopes": ["openid", "offline_access", "https://api.edu.cn/read"],
        "subject_type": "pairwise", "sector_identifier": "edu.cn",
        "require_pkce": false, "require_pushed_authorization_requests": true,
        "dpop_bound_access_tokens": true, "dpop_nonce": true,
        "id_token_signed_response_alg": "ES256", "userinfo_signed_response_alg": "EdDSA",
        "access_token_format": "opaque", "audiences": ["https://api.edu.cn", "urn:edu:grades"],
        "resource_server_for": ["https://lib.edu.cn/api"],
        "application_type": "web", "plain_http": true, "consent": "ask",
        "default_max_age": 3600, "require_auth_time": true,
        "initiate_login_uri": "https://lib.edu.cn/start" })
}

#[test]
fn a_whole_side_is_read_and_survives_the_database_key_by_key() {
    let library = read(&whole());
    assert_eq!(library.to_json()["oidc"], whole());
    assert_eq!(
        Application::from_json(&library.to_json(), false),
        Ok(library.clone())
    );
    let oidc = library.oidc.unwrap();
    assert_eq!(
        oidc.subject_type,
        SubjectType::Pairwise {
            sector: "edu.cn".into()
        }
    );
    let told = oidc.back_channel_logout.unwrap();
    assert_eq!(told.uri.outbound().host(), "lib.edu.cn");
    assert!(told.session_required && oidc.default_max_age == Some(3600));
    assert!(matches!(oidc.spare_keys, Some(ClientKeys::Set(_))));
}

#[test]
fn a_client_with_a_key_survives_the_database() {
    for keys in [
        ("jwks", json!({ "keys": [public_key()] })),
        ("jwks_uri", json!("https://lib.edu.cn/jwks")),
    ] {
        let mut side = json!({ "redirect_uris": ["https://lib.edu.cn/cb"],
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256" });
        side[keys.0] = keys.1;
        let library = read(&side);
        assert_eq!(
            Application::from_json(&library.to_json(), false),
            Ok(library.clone())
        );
        let ClientAuthentication::PrivateKeyJwt { keys, algorithm } =
            library.oidc.unwrap().authentication
        else {
            panic!("another way to prove itself");
        };
        assert_eq!(algorithm, Some(SigningAlgorithm::Es256));
        if let ClientKeys::Uri(uri) = keys {
            assert_eq!(uri.outbound().url().as_str(), "https://lib.edu.cn/jwks");
        }
    }
}

#[test]
fn a_fapi2_client_needs_to_say_no_more_than_that() {
    let library = read(
        &json!({ "redirect_uris": ["https://lib.edu.cn/cb"], "profile": "fapi2",
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [public_key()] } }),
    );
    assert_eq!(
        Application::from_json(&library.to_json(), false),
        Ok(library.clone())
    );
    let oidc = library.oidc.unwrap();
    assert_eq!(oidc.profile, Some(Profile::Fapi2));
    assert!(oidc.require_pkce && oidc.dpop_bound_access_tokens);
    assert!(oidc.require_pushed_authorization_requests);
    assert_eq!(oidc.id_token_signed_response_alg, SigningAlgorithm::Ps256);
}

#[test]
fn defaults_follow_from_what_a_client_is() {
    let native = read(
        &json!({ "token_endpoint_auth_method": "none", "application_type": "native",
        "redirect_uris": ["cn.edu.lib:/cb"], "grant_types": ["authorization_code", "refresh_token"] }),
    );
    let oidc = native.oidc.unwrap();
    // RFC 8252 §8.6
    assert_eq!(oidc.consent, Consent::Ask);
    assert!(oidc.is_public() && !oidc.is_assured() && oidc.scopes.has(&Scope::OfflineAccess));

    let mut pairwise = smallest();
    pairwise["subject_type"] = json!("pairwise");
    let oidc = read(&pairwise).oidc.unwrap();
    assert_eq!(
        oidc.subject_type,
        SubjectType::Pairwise {
            sector: "lib.edu.cn".into()
        }
    );

    let machine = read(&json!({ "client_secret": "0123456789abcdef",
        "grant_types": ["client_credentials"] }));
    assert!(machine.oidc.unwrap().scopes.is_empty());
}

#[test]
fn an_application_can_be_listed_and_nothing_else() {
    let text = json!({ "id": "bus", "name": { "zh-CN": "班车", "en": "Bus" }, "listed": {
        "url": "http://bus.edu.cn/#/today", "category": { "zh-CN": "生活", "en": "Life" },
        "description": { "zh-CN": "校区之间的班车", "en": "Between the campuses" } } });
    let bus = parse_entries(&text.to_string(), false).unwrap().remove(0);
    assert_eq!(
        bus.listed.as_ref().unwrap().url.as_str(),
        "http://bus.edu.cn/#/today"
    );
    assert_eq!(bus.to_json()["listed"], text["listed"]);
    assert_eq!(Application::from_json(&bus.to_json(), false), Ok(bus));
    for (url, why) in [
        ("javascript:alert(1)", "must start with https://"),
        ("https://bus/", "names a host without a dot"),
        ("http://localhost/", "names this machine"),
        ("https://bus.edu.cn/*", "has a '*'"),
    ] {
        let mut bad = text.clone();
        bad["listed"]["url"] = json!(url);
        let told = problems(&bad.to_string());
        assert!(
            told.contains(&format!(r#"listed.url: "{url}" {why}"#)),
            "{told}"
        );
    }
}

#[test]
fn a_client_is_found_by_its_id_and_an_id_belongs_to_one() {
    let library = read(&smallest());
    let registry = Registry::new(vec![library.clone()]);
    assert_eq!(*registry.client("library").unwrap(), library);
    for other in ["Library", "library ", "", "lib"] {
        assert!(registry.client(other).is_none(), "{other:?}");
    }
    let mut second = smallest();
    second["client_id"] = json!("library");
    let other = entry(&second).replace(r#""id":"library""#, r#""id":"other""#);
    assert_eq!(
        problems(&format!("[{},{other}]", entry(&smallest()))),
        r#"oidc.client_id: the client id "library" is claimed by both "library" and "other""#
    );
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![
            Just("none"),
            Just("fapi2"),
            Just("native"),
            Just("pairwise"),
            Just("https://lib.edu.cn/cb"),
            Just("cn.edu.lib:/cb"),
            Just("private_key_jwt"),
            Just("refresh_token"),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("keys|kty|kid|n|e|d|[a-z]{1,3}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test] // no input panics, and what is read survives
    fn a_side_with_anything_in_it_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), json_value()), 0..4),
        removals in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
        demo: bool,
    ) {
        let mut side = whole();
        side["profile"] = Value::Null;
        side["jwks_uri"] = Value::Null;
        let keys: Vec<String> = side.as_object().unwrap().keys().cloned().collect();
        for (index, value) in changes {
            side[index.get(&keys)] = value;
        }
        for index in removals {
            side.as_object_mut().unwrap().remove(index.get(&keys));
        }
        if let Ok(read) = parse_entries(&entry(&side), demo) {
            let stored = read[0].to_json();
            prop_assert_eq!(&Application::from_json(&stored, demo), &Ok(read[0].clone()));
            prop_assert_eq!(Application::from_json(&stored, demo).unwrap().to_json(), stored);
        }
    }
}
