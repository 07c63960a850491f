use proptest::prelude::*;

use super::*;
use crate::applications::{Consent, ReleasedAttribute};
use crate::oidc::ErrorCode;
use crate::oidc::arbitrary::{any_change, any_object};

const CALLBACK: &str = "https://rp.example.edu/cb";

fn permission(hosts: &[&str]) -> Permission {
    let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
    Permission::new("Course 4711", &[ReleasedAttribute::Name], &hosts).unwrap()
}

fn register_by(permission: &Permission, metadata: &Value) -> Result<Application, OAuthError> {
    let id = ApplicationId::parse("dyn-1").unwrap();
    let metadata = metadata.as_object().unwrap();
    let registrant = Registrant {
        id: &id,
        secret: wants_secret(metadata).then_some("0123456789abcdef"),
        permission,
        demo: false,
    };
    entry(metadata, registrant)
}

fn register(metadata: &Value) -> Result<Application, OAuthError> {
    register_by(&permission(&[]), metadata)
}

/// The ordinary metadata with these members beside them, or in their place.
fn with(members: &Value) -> Value {
    let mut metadata = json!({ "redirect_uris": [CALLBACK] });
    for (name, value) in members.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

#[track_caller]
fn assert_refused(members: &Value, code: ErrorCode, description: &str) {
    let error = register(&with(members)).unwrap_err();
    assert_eq!(error.code, code, "{members} {error}");
    assert_eq!(error.description, description, "{members}");
}

#[test] // OID-30
fn a_client_gets_what_its_token_permits_and_people_are_asked() {
    let application = register(&with(&json!({
        "client_name": "Courses",
        "client_name#zh-CN": "选课",
        "scope": "openid profile",
        "consent": "implicit",
        "plain_http": true,
        "audiences": ["https://api.example.edu"],
        "profile": "fapi2",
        "require_pkce": false,
        "release": ["phone"],
        "access": { "affiliations": ["student"] },
    })))
    .unwrap();
    let side = application.oidc.as_ref().unwrap();
    assert_eq!(side.consent, Consent::Ask);
    assert_eq!(side.client_id.as_str(), "dyn-1");
    assert!(side.audiences.is_empty() && side.require_pkce && !side.is_fapi2());
    assert_eq!(application.release.len(), 1);
    assert_eq!(application.release[0].name.as_str(), "name");
    assert_eq!(application.names.zh_cn, "选课");
    assert_eq!(application.names.en, "Courses");
    assert_eq!(application.contact.as_ref().unwrap().en, "Course 4711");
}

#[test]
fn what_is_registered_is_told_by_the_names_that_clients_have_for_it_and_without_its_secret() {
    let asked = with(&json!({ "client_name": "Courses", "scope": "openid" }));
    let document = Value::Object(described(&register(&asked).unwrap()));
    assert_eq!(document["redirect_uris"], asked["redirect_uris"]);
    assert_eq!(document["client_name"], "Courses");
    assert_eq!(document["scope"], "openid");
    assert_eq!(
        document["token_endpoint_auth_method"],
        "client_secret_basic"
    );
    assert_eq!(document["response_types"], json!(["code"]));
    for ours in [
        "client_secret",
        "client_secret_sha256",
        "consent",
        "scopes",
        "contact",
    ] {
        assert_eq!(document.get(ours), None, "{ours}");
    }
}

#[test] // OID-09, OID-30
fn our_server_asks_no_address_but_where_its_browsers_are_sent_to() {
    let why = "must have scheme, host and port of one of the redirect_uris";
    for address in [
        "https://10.0.0.1/x",
        "https://other.edu/x",
        "https://rp.example.edu:8443/x",
        "https://rp.example.edu.evil.example/x",
    ] {
        for name in ["jwks_uri", "backchannel_logout_uri"] {
            let description = format!("{name}: {why}");
            let code = ErrorCode::InvalidClientMetadata;
            assert_refused(&json!({ name: address }), code, &description);
        }
        // Also where the keys are nobody's proof, and where they are.
        let keys = json!({ "jwks_uri": address, "token_endpoint_auth_method": "private_key_jwt" });
        let code = ErrorCode::InvalidClientMetadata;
        assert_refused(&keys, code, &format!("jwks_uri: {why}"));
    }
    for name in ["jwks_uri", "backchannel_logout_uri"] {
        let metadata = with(&json!({ name: "https://rp.example.edu/x" }));
        assert!(register(&metadata).is_ok(), "{name}");
        let metadata = with(&json!({ name: "http://rp.example.edu/x" }));
        let refused = register(&metadata).unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidClientMetadata);
        assert!(refused.description.starts_with(name), "{refused}");
    }
}

#[test] // OID-30
fn what_is_not_for_clients_to_say_is_refused_where_they_would_rely_on_it() {
    let code = ErrorCode::InvalidClientMetadata;
    let grants = "grant_types: may be authorization_code and refresh_token";
    let scopes = "scope: may be of openid profile email phone address offline_access campus";
    for (name, value, description) in [
        (
            "sector_identifier_uri",
            json!("https://rp.example.edu/s"),
            "sector_identifier_uri: is not supported",
        ),
        (
            "software_statement",
            json!("a.b.c"),
            "software_statement: is not supported",
        ),
        ("grant_types", json!(["client_credentials"]), grants),
        ("grant_types", json!(["implicit"]), grants),
        ("scope", json!(["openid"]), "scope: must be a text"),
        ("scope", json!("openid grades:write"), scopes),
        ("client_name", json!(7), "client_name: must be a text"),
        (
            "client_name#zh-CN",
            json!("图书\u{200b}馆"),
            "client_name#zh-CN: has a character that nobody sees",
        ),
    ] {
        assert_refused(&json!({ name: value }), code, description);
    }
}

#[test]
fn the_member_that_is_wrong_is_named_without_the_words_of_the_client() {
    let code = ErrorCode::InvalidClientMetadata;
    for (members, description) in [
        (
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
            "token_endpoint_auth_method: expected one of `none`, `client_secret_basic`, \
             `client_secret_post`, `private_key_jwt`",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "jwks: is missing; 'private_key_jwt' needs 'jwks' or 'jwks_uri'",
        ),
        (
            json!({ "id_token_signed_response_alg": "none" }),
            "id_token_signed_response_alg: expected one of `RS256`, `PS256`, `ES256`, `EdDSA`",
        ),
        (
            json!({ "response_types": ["code id_token"] }),
            "response_types[0]: expected `code`",
        ),
        (
            json!({ "default_max_age": "x" }),
            "default_max_age: expected u32",
        ),
        (
            json!({ "default_max_age": 99_999_999 }),
            "default_max_age: must be at most 31536000 seconds, which is a year",
        ),
        (
            json!({ "post_logout_redirect_uris": ["javascript:alert(1)"] }),
            "post_logout_redirect_uris[0]: is no web address, which is only for \
             'application_type': 'native'",
        ),
        (
            json!({ "client_name": " " }),
            "client_name: must be 1 to 60 characters on one line",
        ),
    ] {
        assert_refused(&members, code, description);
    }
}

#[test] // RFC 7591 §3.2.2
fn a_redirect_uri_has_its_own_word() {
    let code = ErrorCode::InvalidRedirectUri;
    for (uris, description) in [
        (
            json!(["http://rp.example.edu/cb"]),
            "redirect_uris[0]: must start with https://",
        ),
        (
            json!([CALLBACK, "https://*.edu/cb"]),
            "redirect_uris[1]: has a '*': a redirect URI is compared whole; write one for each",
        ),
        (
            json!(["https://rp.edu/cb#x"]),
            "redirect_uris[0]: has a fragment, which a redirect URI may not have",
        ),
        (json!([]), "redirect_uris: must have 1 to 50 entries"),
        (json!(CALLBACK), "redirect_uris: expected a sequence"),
    ] {
        assert_refused(&json!({ "redirect_uris": uris }), code, description);
    }
    assert_eq!(register(&json!({})).unwrap_err().code, code);
}

#[test] // OID-30, RED-10
fn nobody_is_sent_elsewhere_after_a_sign_out_or_for_a_sign_in() {
    let permission = permission(&["cs.example.edu"]);
    let (home, evil) = ("https://cs.example.edu/cb", "https://evil.example/bye");
    for (member, value) in [
        ("post_logout_redirect_uris", json!([home, evil])),
        ("initiate_login_uri", json!(evil)),
    ] {
        let metadata = json!({ "redirect_uris": [home], member: value });
        let error = register_by(&permission, &metadata).unwrap_err();
        assert!(
            error.description.starts_with(member),
            "{}",
            error.description
        );
        assert!(
            error
                .description
                .ends_with("is at a host that the token is not for")
        );
    }
    let metadata = json!({
        "redirect_uris": [home], "post_logout_redirect_uris": [home], "initiate_login_uri": home,
    });
    register_by(&permission, &metadata).unwrap();
}

#[test] // OID-30
fn codes_go_only_to_hosts_that_the_administrator_named() {
    let permission = permission(&["CS.example.edu"]);
    assert_eq!(permission.hosts, ["cs.example.edu"]);
    for (uri, good) in [
        ("https://cs.example.edu/cb", true),
        ("https://a.b.cs.example.edu:8443/cb", true),
        ("https://example.edu/cb", false),
        ("https://notcs.example.edu/cb", false),
        ("https://cs.example.edu.evil.example/cb", false),
    ] {
        let metadata = json!({ "redirect_uris": ["https://cs.example.edu/first", uri] });
        match register_by(&permission, &metadata) {
            Ok(_) => assert!(good, "{uri}"),
            Err(error) => {
                assert!(!good, "{uri}");
                assert_eq!(error.code, ErrorCode::InvalidRedirectUri);
                let description = "redirect_uris[1]: is at a host that the token is not for";
                assert_eq!(error.description, description);
            }
        }
    }
    // A program on somebody's own computer is at no host.
    let native = json!({
        "redirect_uris": ["http://127.0.0.1/cb", "cn.edu.example.app:/cb"],
        "application_type": "native",
        "token_endpoint_auth_method": "none",
    });
    assert!(register_by(&permission, &native).is_ok());
}

#[test]
fn a_permission_is_read_strictly() {
    let new = |label: &str, hosts: &[&str]| {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        Permission::new(label, &[], &hosts)
    };
    for label in ["", "  ", "two\nlines", &"x".repeat(121)] {
        assert_eq!(new(label, &[]), Err(BadPermission::Label), "{label:?}");
    }
    for host in [
        "",
        "*.example.edu",
        "https://example.edu",
        "a/b",
        "example.edu:443",
    ] {
        let bad = BadPermission::Host(host.to_owned());
        assert_eq!(new("x", &[host]), Err(bad), "{host}");
    }
    assert_eq!(new("x", &["a.example"; 33]), Err(BadPermission::Hosts));
}

fn anything_said() -> impl Strategy<Value = Map<String, Value>> {
    let good = json!({
        "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [CALLBACK],
        "backchannel_logout_uri": CALLBACK, "frontchannel_logout_uri": CALLBACK,
        "token_endpoint_auth_method": "client_secret_post", "scope": "openid profile",
        "token_endpoint_auth_signing_alg": "ES256", "jwks": { "keys": [] },
        "grant_types": ["authorization_code"], "response_types": ["code"],
        "subject_type": "pairwise", "id_token_signed_response_alg": "ES256",
        "application_type": "web", "default_max_age": 60, "client_name": "Courses",
    });
    any_change(good)
}

proptest! {
    #[test] // OID-30, OID-33: whatever is said, it is refused or no wider than the token
    fn no_metadata_widens_an_entry(metadata in anything_said(), beside in any_object()) {
        let mut all = beside.as_object().unwrap().clone();
        all.extend(metadata);
        if let Ok(application) = register(&Value::Object(all)) {
            let side = application.oidc.as_ref().unwrap();
            prop_assert_eq!(side.consent, Consent::Ask);
            prop_assert_eq!(side.client_id.as_str(), "dyn-1");
            prop_assert!(side.audiences.is_empty() && side.require_pkce);
            prop_assert_eq!(application.release.len(), 1);
            prop_assert!(application.cas.is_none() && application.listed.is_none());
            // An entry like any other: it is read as it was written.
            prop_assert!(Application::from_json(&application.to_json(), false).is_ok());
        }
    }
}
