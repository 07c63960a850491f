//! What single expressions and settings become. Whole registries are read in `tests/apereo.rs`,
//! and that nothing gets wider is shown in `tests/apereo_narrower.rs`.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;

fn convert_one(service: &Value) -> (Option<Value>, ServiceReport) {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let file = SourceFile {
        name: "Sample-7.json".into(),
        content: service.to_string().into_bytes(),
    };
    let options = Options {
        names: &AttributeNames::default(),
        zone: &zone,
        environments: &[],
        demo: false,
    };
    let mut conversion = convert(&[file], options);
    (
        conversion.entries.pop(),
        conversion.report.services.remove(0),
    )
}

fn service(with: Value) -> Value {
    let mut service = json!({
        "@class": "org.apereo.cas.services.CasRegisteredService",
        "serviceId": "^https://lib\\.example\\.edu/app/.*",
        "name": "Sample",
        "id": 7,
    });
    let Value::Object(with) = with else {
        panic!("an object")
    };
    service.as_object_mut().unwrap().extend(with);
    service
}

fn patterns(expression: &str) -> Vec<String> {
    let (entry, _) = convert_one(&service(json!({ "serviceId": expression })));
    entry.map_or_else(Vec::new, |entry| {
        let services = entry["cas"]["services"].as_array().unwrap();
        services
            .iter()
            .map(|s| s.as_str().unwrap().to_owned())
            .collect()
    })
}

#[test]
fn an_expression_becomes_the_patterns_it_stands_for() {
    for (expression, expected) in [
        (
            "^https://lib\\.example\\.edu/.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "https://lib.example.edu/.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "^https://lib\\.example\\.edu/.+",
            vec!["https://lib.example.edu/*+"],
        ),
        (
            "https://lib\\.example\\.edu",
            vec!["https://lib.example.edu/?"],
        ),
        (
            "https://lib\\.example\\.edu(/.*)?$",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "https://lib\\.example\\.edu/app(/.*)?",
            vec![
                "https://lib.example.edu/app?",
                "https://lib.example.edu/app/*",
            ],
        ),
        (
            "https://lib\\.example\\.edu/app/?.*",
            vec![
                "https://lib.example.edu/app",
                "https://lib.example.edu/app/*",
            ],
        ),
        (
            "https://lib\\.example\\.edu/app(\\?.*)?",
            vec!["https://lib.example.edu/app"],
        ),
        (
            "https://lib\\.example\\.edu/app/[^?]*",
            vec!["https://lib.example.edu/app/*?"],
        ),
        (
            "https://lib\\.example\\.edu/app/[^?]*(\\?.*)?",
            vec!["https://lib.example.edu/app/*"],
        ),
        (
            "^(http|https)://(www\\.)?a\\.example\\.edu(:8443)?/x$",
            vec![
                "http://a.example.edu/x?",
                "http://a.example.edu:8443/x?",
                "http://www.a.example.edu/x?",
                "http://www.a.example.edu:8443/x?",
                "https://a.example.edu/x?",
                "https://a.example.edu:8443/x?",
                "https://www.a.example.edu/x?",
                "https://www.a.example.edu:8443/x?",
            ],
        ),
        (
            "^https://a\\.example\\.edu(:\\d+)?/.*",
            vec!["https://a.example.edu/*"],
        ),
        (
            "^https://app[12]\\.example\\.edu/.*|^https://b\\.example\\.edu/cas\\?x=1",
            vec![
                "https://app1.example.edu/*",
                "https://app2.example.edu/*",
                "https://b.example.edu/cas?x=1",
            ],
        ),
        (
            "https://lib\\.example\\.edu.*",
            vec!["https://lib.example.edu/*"],
        ),
        (
            "\\Qhttps://lib.example.edu/a\\E",
            vec!["https://lib.example.edu/a?"],
        ),
        (
            "(?i)https://LIB\\.example\\.edu/A",
            vec!["https://lib.example.edu/A?"],
        ),
        (
            "https://图书馆\\.example\\.edu/.*",
            vec!["https://xn--1jq52s681d.example.edu/*"],
        ),
    ] {
        assert_eq!(patterns(expression), expected, "{expression}");
    }
}

#[test]
fn what_would_be_wider_is_left_out() {
    for expression in [
        ".*",
        "^https://.*",
        "^(https|imaps)://.*",
        "https?://.*\\.example\\.edu/.*",
        "https://[^/]+\\.example\\.edu/app/.*",
        "https://app\\d+\\.example\\.edu/.*",
        "https://a\\.example\\.edu/[a-z]+/callback",
        "https://a\\.example\\.edu/.*\\.do",
        "https://a\\.example\\.edu/app/\\*",
        "https://a\\.example\\.edu/app\\?id=.*",
        "https://a\\.example\\.edu/app\\?.+",
        "https://a\\.example\\.edu/#/.*",
        "https://a\\.example\\.edu:.*/",
        "https://a\\.example\\.edu/.{3,}",
        "https://user:secret@a\\.example\\.edu/",
        "https://a\\.example\\.edu\\\\@evil\\.example/.*",
        "https://(?!evil).*\\.example\\.edu/.*",
        "https://(a)\\1\\.example\\.edu/",
        "https://a\\.example\\.edu/.*+",
        "https://a\\.example\\.edu/[a-z&&[^b]]*",
        "https://a\\.example\\.edu/\\p{Alpha}*",
        "https://localhost/.*",
        "https://intranet/.*",
        "https://127\\.0\\.0\\.1/.*",
        "${app.url}",
        "testId",
        "",
        "https://a\\.example\\.edu/(a|b|c|d|e)(a|b|c|d|e)(a|b|c|d|e)(a|b|c|d|e)",
    ] {
        let (entry, report) = convert_one(&service(json!({ "serviceId": expression })));
        assert_eq!(entry, None, "{expression}");
        assert_eq!(report.mark(), Mark::LeftOut);
    }
}

fn client(with: &Value) -> (Option<Value>, String) {
    let mut client = json!({
        "@class": "org.apereo.cas.services.OidcRegisteredService",
        "serviceId": "^https://rp\\.example\\.edu/(cb|callback)$",
        "clientId": "rp",
        "clientSecret": "a secret of the old server",
        "supportedGrantTypes": ["java.util.HashSet", ["authorization_code"]],
    });
    client
        .as_object_mut()
        .unwrap()
        .extend(with.as_object().unwrap().clone());
    let (entry, report) = convert_one(&service(client));
    (entry, report.to_string())
}

#[test]
fn an_oidc_service_becomes_a_client_and_its_secret_a_hash() {
    let (entry, report) = client(&json!({
        "generateRefreshToken": true,
        "bypassApprovalPrompt": true,
        "scopes": ["java.util.HashSet", ["profile", "email", "offline_access", "eduroam"]],
        "idTokenSigningAlg": "ES256",
        "userInfoSigningAlg": "none",
        "jwtAccessToken": "true",
        "tokenEndpointAuthenticationMethod": "client_secret_post",
        "logoutType": "BACK_CHANNEL",
        "logoutUrl": "https://rp.example.edu/ended",
        "subjectType": "PUBLIC",
    }));
    let entry = entry.unwrap();
    assert_eq!(
        entry["oidc"],
        json!({
            "client_id": "rp",
            "client_secret_sha256": crate::applications::SecretHash::of("a secret of the old server").to_hex(),
            "token_endpoint_auth_method": "client_secret_post",
            "require_pkce": false,
            "redirect_uris": ["https://rp.example.edu/cb", "https://rp.example.edu/callback"],
            "backchannel_logout_uri": "https://rp.example.edu/ended",
            "grant_types": ["authorization_code", "refresh_token"],
            "scopes": ["openid", "profile", "email", "offline_access"],
            "consent": "implicit",
            "id_token_signed_response_alg": "ES256",
            "access_token_format": "jwt",
        })
    );
    assert_eq!(entry["release"], json!(["number", "name", "email"]));
    assert!(entry.get("cas").is_none());
    assert!(!report.contains("a secret of the old"), "{report}");
    for told in [
        "✗ line 1: scopes: eduroam — is no scope",
        "✗ line 1: userInfoSigningAlg: none — must be RS256",
        "! line 1: clientId: the old server didn't ask for PKCE",
        "\"sub\" was a user name",
    ] {
        assert!(report.contains(told), "{told}\n{report}");
    }
}

#[test]
fn an_oidc_service_that_can_t_be_kept_as_narrow_becomes_no_client() {
    for (with, told) in [
        (
            json!({ "serviceId": "^https://rp\\.example\\.edu/.*" }),
            "a redirect URI is compared whole",
        ),
        (
            json!({ "serviceId": "https://rp.example.edu/cb#x" }),
            "has a fragment",
        ),
        (
            json!({ "clientId": "a b" }),
            "clientId: a b — must be 1 to 128",
        ),
        (
            json!({ "clientSecret": "{cas-cipher}eyJhbGciOiJIUzUxMiJ9.AAAA" }),
            "clientSecret: is encrypted",
        ),
        (
            json!({ "clientSecret": "${RP_SECRET_OF_THE_OLD}" }),
            "clientSecret: is encrypted or stands elsewhere",
        ),
        (
            json!({ "clientSecret": "xyzzy" }),
            "clientSecret: is too short",
        ),
        (
            json!({ "tokenEndpointAuthenticationMethod": "client_secret_jwt" }),
            "is no way here",
        ),
        (
            json!({ "tokenEndpointAuthenticationMethod": "private_key_jwt", "jwks": "file:/etc/cas/rp.jwks" }),
            "jwks: is neither a set of public keys",
        ),
    ] {
        let (entry, report) = client(&with);
        assert_eq!(entry, None, "{report}");
        assert!(report.contains(told), "{told}\n{report}");
        assert!(report.contains("no client can be made of it"), "{report}");
        assert!(
            !report.contains("xyzzy") && !report.contains("eyJ"),
            "{report}"
        );
    }
}

#[test]
fn what_an_oidc_service_was_not_told_it_isn_t_told_here() {
    let release = |with: &Value| client(with).0.unwrap()["release"].clone();
    assert_eq!(release(&json!({})), json!(["number"]));
    let anonymous = "org.apereo.cas.services.AnonymousRegisteredServiceUsernameAttributeProvider";
    for with in [
        json!({ "usernameAttributeProvider": { "@class": anonymous } }),
        json!({ "subjectType": "pairwise" }),
    ] {
        assert_eq!(release(&with), Value::Null);
    }
    let (entry, report) = client(&json!({ "supportedGrantTypes": ["implicit", "password"],
        "supportedResponseTypes": ["code", "id_token token"], "encryptIdToken": true }));
    assert_eq!(
        entry.unwrap()["oidc"]["grant_types"],
        json!(["authorization_code"])
    );
    for told in [
        "implicit — is no way",
        "password — is no way",
        "id_token token — puts tokens",
    ] {
        assert!(report.contains(told), "{told}\n{report}");
    }
    // A native public client is asked about, whatever the old server did (RFC 8252 §8.6).
    let native = json!({ "applicationType": "native", "clientSecret": "", "bypassApprovalPrompt": true,
        "serviceId": "edu\\.example\\.rp:/cb" });
    let oidc = client(&native).0.unwrap()["oidc"].clone();
    assert_eq!(
        (
            oidc["consent"].as_str(),
            oidc["token_endpoint_auth_method"].as_str()
        ),
        (Some("ask"), Some("none"))
    );
}
