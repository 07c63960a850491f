//! Every wrong value of an OIDC side is told with its place.

use serde_json::{Value, json};

use super::entries::problems;
use super::oidc_entries::{entry, public_key, smallest};
use crate::applications::parse_entries;

/// What `change` makes of the smallest side, as the lines behind the entry's place.
fn told(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut side = smallest();
    change(&mut side);
    let side = side
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, v)| **v != json!("—"));
    let side: Value = side.map(|(k, v)| (k.clone(), v.clone())).collect();
    let told = problems(&entry(&side));
    let place = r#"the entry ("library"), oidc."#;
    told.lines()
        .map(|line| line.strip_prefix(place).unwrap_or(line).to_owned())
        .collect()
}

/// These keys with these values; “—” leaves a key out.
#[track_caller]
fn refused(changes: &[(&str, Value)], expected: &[&str]) {
    let lines = told(|side| {
        for (key, value) in changes {
            side[*key] = value.clone();
        }
    });
    let fits = lines.len() == expected.len()
        && lines
            .iter()
            .zip(expected)
            .all(|(line, start)| line.starts_with(start));
    assert!(fits, "{lines:#?}\nare not\n{expected:#?}");
}

#[test]
fn a_value_of_a_wrong_kind_is_told_with_its_place() {
    refused(
        &[("redirect_uri", json!("x"))],
        &["redirect_uri: unknown field"],
    );
    refused(
        &[("client_id", json!("a b"))],
        &["client_id: must be 1 to 128"],
    );
    refused(
        &[("client_id", json!(""))],
        &["client_id: must be 1 to 128"],
    );
    refused(
        &[("grant_types", json!(["authorization_code", "password"]))],
        &["grant_types[1]: unknown variant `password`"],
    );
    refused(
        &[("grant_types", json!(["implicit"]))],
        &["grant_types[0]: unknown variant"],
    );
    refused(
        &[("response_types", json!(["code", "token"]))],
        &["response_types[1]: unknown variant `token`"],
    );
    refused(
        &[("response_types", json!([]))],
        &["response_types: must be"],
    );
    refused(
        &[("id_token_signed_response_alg", json!("none"))],
        &["id_token_signed_response_alg: unknown variant `none`"],
    );
    refused(
        &[("id_token_signed_response_alg", json!("HS256"))],
        &["id_token_signed_response_alg: unknown variant"],
    );
    refused(
        &[("profile", json!("fapi1"))],
        &["profile: unknown variant `fapi1`"],
    );
    refused(
        &[("default_max_age", json!(-1))],
        &["default_max_age: invalid value"],
    );
    refused(
        &[("default_max_age", json!(31_536_001))],
        &["default_max_age: must be at most"],
    );
    refused(
        &[("scopes", json!(["openid", "a\"b"]))],
        &[r#"scopes[1]: "a\"b" must be 1 to 64"#],
    );
    refused(
        &[("scopes", json!(["openid", "openid"]))],
        &["scopes[1]: \"openid\" stands here twice"],
    );
    refused(
        &[("audiences", json!(["api"]))],
        &["audiences[0]: \"api\" must be an absolute URI"],
    );
    refused(
        &[("audiences", json!(["https://a.edu.cn/#x"]))],
        &["audiences[0]: \"https://a.edu.cn/#x\" has a fragment"],
    );
    refused(
        &[("resource_server_for", json!(["api"]))],
        &["resource_server_for[0]: \"api\" must be an absolute URI"],
    );
}

#[test] // OID-01
fn a_bad_redirect_uri_is_told_with_its_place() {
    let with = |second: &str| json!(["https://lib.edu.cn/cb", second]);
    refused(
        &[("redirect_uris", with("https://lib.edu.cn/*"))],
        &[r#"redirect_uris[1]: "https://lib.edu.cn/*" has a '*'"#],
    );
    refused(
        &[("redirect_uris", with("http://lib.edu.cn/cb"))],
        &[r#"redirect_uris[1]: "http://lib.edu.cn/cb" is http: without "plain_http""#],
    );
    refused(
        &[("redirect_uris", with("https://lib.edu.cn/cb"))],
        &[r#"redirect_uris[1]: "https://lib.edu.cn/cb" stands here twice"#],
    );
    refused(
        &[("post_logout_redirect_uris", with("https://lib.edu.cn/#x"))],
        &[r#"post_logout_redirect_uris[1]: "https://lib.edu.cn/#x" has a fragment"#],
    );
    refused(
        &[("redirect_uris", json!([]))],
        &["redirect_uris: must have 1 to 50"],
    );
    refused(
        &[("redirect_uris", json!("—"))],
        &["redirect_uris: must have 1 to 50"],
    );
}

#[test]
fn how_a_client_proves_itself_fits_what_it_has() {
    let none = ("token_endpoint_auth_method", json!("none"));
    let key = ("token_endpoint_auth_method", json!("private_key_jwt"));
    let no_secret = ("client_secret", json!("—"));
    let set = ("jwks", json!({ "keys": [public_key()] }));
    refused(
        std::slice::from_ref(&no_secret),
        &["client_secret: is missing"],
    );
    refused(
        &[("client_secret", json!("0123456789abcde"))],
        &["client_secret: must be 16 to 256"],
    );
    refused(
        &[("client_secret", json!("0123456789abcde\n"))],
        &["client_secret: has a control"],
    );
    refused(
        std::slice::from_ref(&none),
        &["client_secret: isn't for \"token_endpoint_auth_method\": \"none\""],
    );
    refused(
        &[key.clone(), set.clone()],
        &["client_secret: isn't for \"token_endpoint_auth_method\": \"private_key_jwt\""],
    );
    refused(&[key.clone(), no_secret.clone()], &["jwks: is missing"]);
    refused(
        &[set.clone(), ("jwks_uri", json!("https://lib.edu.cn/jwks"))],
        &["jwks_uri: stands beside \"jwks\""],
    );
    refused(
        &[("client_secret_sha256", json!("00"))],
        &["client_secret_sha256: stands beside"],
    );
    refused(
        &[no_secret.clone(), ("client_secret_sha256", json!("00"))],
        &["client_secret_sha256: must be 64 hexadecimal digits"],
    );
    refused(
        &[("token_endpoint_auth_signing_alg", json!("ES256"))],
        &["token_endpoint_auth_signing_alg: isn't for"],
    );
    refused(
        &[
            none,
            no_secret,
            ("require_pkce", json!(false)),
            (
                "grant_types",
                json!(["authorization_code", "client_credentials"]),
            ),
        ],
        &[
            "require_pkce: must be true",
            "grant_types[1]: \"client_credentials\" needs",
        ],
    );
    // A demonstration's may be short.
    let short = entry(&json!({ "client_secret": "x", "redirect_uris": ["http://localhost:1/"] }));
    assert!(parse_entries(&short, true).is_ok());
}

#[test]
fn a_key_set_has_public_keys_alone_and_one_that_fits() {
    let set = |keys: Value| [("jwks", json!({ "keys": keys }))];
    for private in ["d", "p", "k"] {
        let mut key = public_key();
        key[private] = json!("AA");
        refused(&set(json!([key])), &["jwks: keys[0] holds a private"]);
    }
    refused(
        &[("jwks", json!([public_key()]))],
        &["jwks: must be a JSON object"],
    );
    refused(
        &[("jwks", json!("https://lib.edu.cn/jwks"))],
        &["jwks: must be a JSON object"],
    );
    refused(
        &set(json!([{ "kty": "RSA", "n": 1, "e": "AQAB" }])),
        &["jwks: keys[0] is not a valid key"],
    );
    let by_key = |keys: Value, more: (&'static str, Value)| {
        [
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("client_secret", json!("—")),
            ("jwks", json!({ "keys": keys })),
            more,
        ]
    };
    let alg = |alg: &str| ("token_endpoint_auth_signing_alg", json!(alg));
    refused(
        &by_key(json!([]), alg("ES256")),
        &["jwks: has no key for ES256"],
    );
    refused(
        &by_key(json!([public_key()]), alg("PS256")),
        &["jwks: has no key for PS256"],
    );
    let mut for_encryption = public_key();
    for_encryption["use"] = json!("enc");
    refused(
        &by_key(json!([for_encryption]), ("profile", json!("fapi2"))),
        &["jwks: has no key for PS256, ES256, EdDSA"],
    );
}

#[test] // OID-09: our server asks only what the entry names, and by https
fn addresses_are_https_and_whole() {
    for key in [
        "jwks_uri",
        "backchannel_logout_uri",
        "frontchannel_logout_uri",
        "initiate_login_uri",
    ] {
        for (url, why) in [
            ("/back", "must start with https://"),
            ("file:///etc/passwd", "must start with https://"),
            ("https://lib.edu.cn/#x", "has a fragment"),
            ("https://lib.edu.cn/*", "has a '*'"),
            ("http://lib.edu.cn/", "is http:"),
            ("https://localhost/", "names this machine"),
            (
                "https://169.254.169.254/latest",
                "names an address that is no server's",
            ),
            ("https://user@lib.edu.cn/", "may name only host and port"),
        ] {
            refused(&[(key, json!(url))], &[&format!("{key}: {url:?} {why}")]);
        }
    }
    refused(
        &[("frontchannel_logout_uri", json!("https://other.edu.cn/"))],
        &["frontchannel_logout_uri: must have scheme, host and port of one of"],
    );
    refused(
        &[("backchannel_logout_session_required", json!(true))],
        &["backchannel_logout_session_required: says nothing"],
    );
    refused(
        &[("frontchannel_logout_session_required", json!(true))],
        &["frontchannel_logout_session_required: says nothing"],
    );
}

#[test]
fn grants_need_one_another() {
    refused(
        &[("grant_types", json!([]))],
        &["grant_types: must have at least one"],
    );
    refused(
        &[(
            "grant_types",
            json!(["authorization_code", "authorization_code"]),
        )],
        &["grant_types[1]: \"authorization_code\" stands here twice"],
    );
    refused(
        &[(
            "grant_types",
            json!(["client_credentials", "refresh_token"]),
        )],
        &["grant_types[1]: \"refresh_token\" needs"],
    );
    refused(
        &[("scopes", json!(["openid", "offline_access"]))],
        &["scopes[1]: \"offline_access\" needs \"refresh_token\""],
    );
}

#[test] // RFC 8252
fn a_native_application_is_told_what_it_may_not() {
    let native = ("application_type", json!("native"));
    refused(
        &[native.clone(), ("plain_http", json!(true))],
        &["plain_http: isn't for native"],
    );
    refused(
        &[
            native.clone(),
            ("redirect_uris", json!(["http://lib.edu.cn/"])),
        ],
        &["redirect_uris[0]: \"http://lib.edu.cn/\" is http: on a host"],
    );
    refused(
        &[native.clone(), ("redirect_uris", json!(["lib:/cb"]))],
        &["redirect_uris[0]: \"lib:/cb\" has a scheme without a dot"],
    );
    // RFC 8252 §8.6
    let public = [
        native,
        ("client_secret", json!("—")),
        ("token_endpoint_auth_method", json!("none")),
        ("redirect_uris", json!(["http://127.0.0.1/cb"])),
        ("consent", json!("implicit")),
    ];
    refused(&public, &["consent: must be \"ask\""]);
}

#[test] // OIDC 62
fn a_sector_is_one_host_or_named() {
    let pairwise = ("subject_type", json!("pairwise"));
    let two = (
        "redirect_uris",
        json!(["https://a.edu.cn/", "https://b.edu.cn/"]),
    );
    refused(&[pairwise.clone(), two], &["sector_identifier: is missing"]);
    refused(
        &[
            pairwise.clone(),
            ("sector_identifier", json!("https://edu.cn/")),
        ],
        &["sector_identifier: \"https://edu.cn/\" is no host name"],
    );
    refused(
        &[("sector_identifier", json!("edu.cn"))],
        &["sector_identifier: is for"],
    );
    refused(
        &[
            pairwise,
            ("application_type", json!("native")),
            ("redirect_uris", json!(["cn.edu.lib:/"])),
        ],
        &["sector_identifier: is missing"],
    );
}

#[test] // FAPI 2.0 §5.3.2, §5.4.1
fn each_deviation_from_fapi2_is_told() {
    let fapi2 = [
        ("profile", json!("fapi2")),
        ("client_secret", json!("—")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("jwks", json!({ "keys": [public_key()] })),
    ];
    let refused = |change: (&str, Value), expected: &[&str]| {
        let mut changes = fapi2.to_vec();
        changes.push(change);
        refused(&changes, expected);
    };
    refused(
        ("require_pkce", json!(false)),
        &["require_pkce: must be true with"],
    );
    refused(
        ("require_pushed_authorization_requests", json!(false)),
        &["require_pushed_authorization_requests: must be true with"],
    );
    refused(
        ("dpop_bound_access_tokens", json!(false)),
        &["dpop_bound_access_tokens: must be true"],
    );
    refused(("plain_http", json!(true)), &["plain_http: must be false"]);
    refused(
        (
            "grant_types",
            json!([
                "authorization_code",
                "urn:ietf:params:oauth:grant-type:device_code"
            ]),
        ),
        &["grant_types[1]: must not be the device grant"],
    );
    let must = |key: &str| format!("{key}: must be \"PS256\", \"ES256\" or \"EdDSA\"");
    for key in [
        "id_token_signed_response_alg",
        "userinfo_signed_response_alg",
    ] {
        refused((key, json!("RS256")), &[&must(key)]);
    }
    let key = "token_endpoint_auth_signing_alg";
    refused(
        (key, json!("RS256")),
        &[&must(key), "jwks: has no key for RS256"],
    );
    let lines = told(|side| side["profile"] = json!("fapi2"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("token_endpoint_auth_method: must be \"private_key_jwt\""));
}

#[test] // an entry can't say who somebody is
fn claims_of_the_protocol_are_not_released() {
    for claim in [
        "sub",
        "iss",
        "aud",
        "exp",
        "sid",
        "acr",
        "cnf",
        "client_id",
        "scope",
    ] {
        let release = json!([{ "attribute": "number", "as": claim }]);
        let text = json!({ "id": "library", "name": { "zh-CN": "图书馆", "en": "Library" },
            "oidc": smallest(), "release": release });
        let told = problems(&text.to_string());
        assert!(
            told.ends_with(&format!(
                "release[0]: {claim:?} is a claim of OpenID Connect itself"
            )),
            "{told}"
        );
    }
}
