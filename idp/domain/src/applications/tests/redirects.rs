//! Where an OIDC client may have browsers sent.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::application;
use crate::applications::{
    Application, BadRedirect, RedirectRules, RedirectUri, RefusedUrl, Registry,
};

const WEB: RedirectRules = RedirectRules {
    native: false,
    plain_http: false,
    demo: false,
};
const NATIVE: RedirectRules = RedirectRules {
    native: true,
    plain_http: false,
    demo: false,
};

fn client(oidc: &Value) -> Application {
    let mut whole = json!({ "client_secret": "only for this test" });
    for (key, value) in oidc.as_object().unwrap() {
        whole[key] = value.clone();
    }
    if whole["token_endpoint_auth_method"] == "none" {
        whole.as_object_mut().unwrap().remove("client_secret");
    }
    let entry = json!({ "id": "app", "name": { "zh-CN": "应用", "en": "App" }, "oidc": whole });
    application(&entry.to_string())
}

fn registry(oidc: &Value) -> (Registry, Application) {
    let app = client(oidc);
    (Registry::new(vec![app.clone()]), app)
}

#[track_caller]
fn sent(uris: &[&str], raw: &str) -> bool {
    let (registry, app) = registry(&json!({ "redirect_uris": uris }));
    registry.redirect(&app, raw).is_some()
}

#[test] // OID-01, OIDC 2, OIDC 3
fn a_redirect_uri_is_the_registered_one_byte_for_byte() {
    let uris = ["https://app.edu.cn/cb", "https://app.edu.cn/cb?tenant=1"];
    for good in uris {
        assert!(sent(&uris, good), "{good}");
    }
    for other in [
        "https://app.edu.cn/cb/",
        "https://app.edu.cn/cb?",
        "https://app.edu.cn/cb?x",
        "https://app.edu.cn/cb?tenant=1&x=2",
        "https://app.edu.cn/cb?tenant=2",
        "https://app.edu.cn/cb#",
        "https://app.edu.cn/cb#x",
        "https://app.edu.cn/CB",
        "https://APP.edu.cn/cb",
        "HTTPS://app.edu.cn/cb",
        "http://app.edu.cn/cb",
        "https://app.edu.cn:443/cb",
        "https://app.edu.cn:8443/cb",
        "https://app.edu.cn/%63b",
        "https://app.edu.cn/cb%00",
        "https://app.edu.cn/cb\0",
        "https://app.edu.cn/x/../cb",
        "https://app.edu.cn//cb",
        "https://user@app.edu.cn/cb",
        "https://app.edu.cn@evil.example/cb",
        "https://app.edu.cn.evil.example/cb",
        " https://app.edu.cn/cb",
        "https://app.edu.cn/cb ",
        "",
    ] {
        assert!(!sent(&uris, other), "{other:?}");
    }
    // As the client writes it, it is registered: a default port too.
    assert!(sent(
        &["https://app.edu.cn:443/cb"],
        "https://app.edu.cn:443/cb"
    ));
    assert!(!sent(
        &["https://app.edu.cn:443/cb"],
        "https://app.edu.cn/cb"
    ));
    assert!(!sent(&["https://app.edu.cn"], "https://app.edu.cn/"));
}

#[test] // OID-01, RFC 8252 §7.3
fn only_the_port_of_a_native_loopback_address_is_free() {
    let uris = json!([
        "http://127.0.0.1/cb?a=1",
        "http://[::1]:1234/cb",
        "http://localhost/"
    ]);
    let native = json!({ "redirect_uris": uris, "application_type": "native",
        "token_endpoint_auth_method": "none" });
    let (registry, app) = registry(&native);
    for (good, origin) in [
        ("http://127.0.0.1/cb?a=1", "http://127.0.0.1"),
        ("http://127.0.0.1:80/cb?a=1", "http://127.0.0.1"),
        ("http://127.0.0.1:49152/cb?a=1", "http://127.0.0.1:49152"),
        ("http://[::1]:1234/cb", "http:"),
        ("http://[::1]:9/cb", "http:"),
        ("http://[::1]/cb", "http:"),
        ("http://localhost:65535/", "http://localhost:65535"),
    ] {
        let proven = registry
            .redirect(&app, good)
            .unwrap_or_else(|| panic!("{good}"));
        assert_eq!((proven.as_str(), proven.origin()), (good, origin));
    }
    for other in [
        "http://127.0.0.1:49152/cb",
        "http://127.0.0.1:49152/cb?a=1&b=2",
        "http://127.0.0.1:49152/cb?a=1#x",
        "http://127.0.0.1:/cb?a=1",
        "http://127.0.0.1:0/cb?a=1",
        "http://127.0.0.1:080/cb?a=1",
        "http://127.0.0.1:65536/cb?a=1",
        "http://127.0.0.1:80@evil.example/cb?a=1",
        "http://127.0.0.1:80.evil.example/cb?a=1",
        "http://127.0.0.1.evil.example/cb?a=1",
        "http://127.0.0.1:+80/cb?a=1",
        "http://127.0.0.1: 80/cb?a=1",
        "https://127.0.0.1:80/cb?a=1",
        "http://127.0.0.2:80/cb?a=1",
        "http://127.1:80/cb?a=1",
        "http://[::1]:9/cb?",
        "http://localhost:80",
        "http://localhost:80:80/",
        "http://LOCALHOST:80/",
    ] {
        assert!(registry.redirect(&app, other).is_none(), "{other}");
    }
}

#[test] // OID-01
fn a_web_client_s_loopback_port_is_fixed_even_in_a_demonstration() {
    assert!(sent(
        &["http://127.0.0.1:3000/cb"],
        "http://127.0.0.1:3000/cb"
    ));
    assert!(!sent(
        &["http://127.0.0.1:3000/cb"],
        "http://127.0.0.1:3001/cb"
    ));
}

#[test] // OID-01: after the sign-out as before the sign-in
fn the_two_lists_are_apart_and_an_entry_that_is_gone_has_none() {
    let (registry, app) = registry(&json!({ "redirect_uris": ["https://app.edu.cn/cb"],
        "post_logout_redirect_uris": ["https://app.edu.cn/bye"] }));
    assert!(
        registry
            .post_logout_redirect(&app, "https://app.edu.cn/bye")
            .is_some()
    );
    assert!(
        registry
            .post_logout_redirect(&app, "https://app.edu.cn/cb")
            .is_none()
    );
    assert!(registry.redirect(&app, "https://app.edu.cn/bye").is_none());
    let later = Registry::default();
    assert!(later.redirect(&app, "https://app.edu.cn/cb").is_none());
    assert!(
        later
            .post_logout_redirect(&app, "https://app.edu.cn/bye")
            .is_none()
    );
}

#[test]
fn parameters_go_behind_the_registered_query_which_stays_as_it_is() {
    let with = |uri: &str, parameters: &[(&str, &str)]| {
        let (registry, app) = registry(&json!({ "redirect_uris": [uri] }));
        let proven = registry.redirect(&app, uri).unwrap();
        let whole = proven.with_parameters(parameters);
        assert_eq!(whole.origin(), proven.origin());
        whole.as_str().to_owned()
    };
    let answer = [
        ("code", "AC-1"),
        ("state", "a b&c=d#\r\n%41é"),
        ("iss", "https://id.edu.cn"),
    ];
    assert_eq!(
        with("https://app.edu.cn/cb", &answer),
        "https://app.edu.cn/cb?code=AC-1&state=a+b%26c%3Dd%23%0D%0A%2541%C3%A9\
         &iss=https%3A%2F%2Fid.edu.cn"
    );
    let one = [("code", "1")];
    for (uri, whole) in [
        (
            "https://app.edu.cn/cb?a=%e4+b&&x",
            "https://app.edu.cn/cb?a=%e4+b&&x&code=1",
        ),
        ("https://app.edu.cn/cb?", "https://app.edu.cn/cb?code=1"),
        ("https://app.edu.cn/cb?a&", "https://app.edu.cn/cb?a&code=1"),
        ("https://app.edu.cn", "https://app.edu.cn?code=1"),
    ] {
        assert_eq!(with(uri, &one), whole);
        assert_eq!(with(uri, &[]), uri);
    }
}

#[test] // RED-07, RED-13
fn what_could_lead_elsewhere_is_not_registered() {
    let refused = |text: &str, rules| RedirectUri::parse(text, rules).unwrap_err();
    for (text, why) in [
        ("", BadRedirect::Length),
        ("https://app.edu.cn/cb#", BadRedirect::Fragment),
        ("https://app.edu.cn/*", BadRedirect::Wildcard),
        ("https://*.edu.cn/cb", BadRedirect::Wildcard),
        (
            "https://app.edu.cn\\@evil.example/",
            BadRedirect::Url(RefusedUrl::Backslash),
        ),
        (
            "https://user@app.edu.cn/",
            BadRedirect::Url(RefusedUrl::UserInfo),
        ),
        (
            "https://app.edu.cn/a/../b",
            BadRedirect::Url(RefusedUrl::Path),
        ),
        (
            "https://app.edu.cn/a/%2e%2E/b",
            BadRedirect::Url(RefusedUrl::Path),
        ),
        (
            "https://app.edu.cn/%00",
            BadRedirect::Url(RefusedUrl::ControlByte),
        ),
        (
            "https://app.edu.cn/?x=%0d%0a",
            BadRedirect::Url(RefusedUrl::ControlByte),
        ),
        ("https://app.edu.cn/图", BadRedirect::Character),
        ("https://app.edu.cn/a b", BadRedirect::Character),
        ("https://app.edu.cn/\"", BadRedirect::Character),
        ("https://app.edu.cn/?code=1", BadRedirect::AnswerParameter),
        (
            "https://app.edu.cn/?a=1&%73tate",
            BadRedirect::AnswerParameter,
        ),
        ("http://app.edu.cn/", BadRedirect::PlainHttp),
        ("cn.edu.app:/cb", BadRedirect::NotNative),
        ("javascript:alert(1)", BadRedirect::NotNative),
        ("//app.edu.cn/cb", BadRedirect::Url(RefusedUrl::Scheme)),
        ("app.edu.cn/cb", BadRedirect::Url(RefusedUrl::Scheme)),
    ] {
        assert_eq!(refused(text, WEB), why, "{text}");
    }
    for local in [
        "https://localhost/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "https://lib/cb",
    ] {
        assert!(RedirectUri::parse(local, WEB).is_err(), "{local}");
    }
    let intranet = RedirectRules {
        plain_http: true,
        ..WEB
    };
    assert!(RedirectUri::parse("http://old.edu.cn/cb", intranet).is_ok());
    assert!(RedirectUri::parse("http://localhost/cb", intranet).is_err());
    for (text, why) in [
        ("http://app.edu.cn/", BadRedirect::NativeHttp),
        ("myapp:/cb", BadRedirect::Scheme),
        ("javascript:/alert(1)", BadRedirect::Scheme),
        ("data:/x", BadRedirect::Scheme),
        ("cn..app:/cb", BadRedirect::Scheme),
        ("Cn.edu.app:/cb", BadRedirect::Scheme),
        ("1.app:/cb", BadRedirect::Scheme),
        ("cn.edu.app:cb", BadRedirect::Custom),
        ("cn.edu.app:", BadRedirect::Custom),
        ("cn.edu.app://user@host/cb", BadRedirect::Custom),
        ("cn.edu.app:/a/../b", BadRedirect::Url(RefusedUrl::Path)),
        ("cn.edu.app:/%0a", BadRedirect::Url(RefusedUrl::ControlByte)),
        ("cn.edu.app:/#x", BadRedirect::Fragment),
    ] {
        assert_eq!(refused(text, NATIVE), why, "{text}");
    }
    assert!(RedirectUri::parse("https://localhost/cb", NATIVE).is_err());
    for (text, origin) in [
        ("cn.edu.app:/cb", "cn.edu.app:"),
        ("cn.edu.app://cb?x=1", "cn.edu.app:"),
        ("https://app.edu.cn:8443/cb", "https://app.edu.cn:8443"),
        ("http://localhost:1/cb", "http://localhost:1"),
    ] {
        assert_eq!(RedirectUri::parse(text, NATIVE).unwrap().origin(), origin);
    }
}

#[test]
fn a_scheme_of_an_application_s_own_is_taken_whole() {
    let (registry, app) = registry(&json!({ "redirect_uris": ["cn.edu.app:/cb"],
        "application_type": "native", "token_endpoint_auth_method": "none" }));
    let proven = registry.redirect(&app, "cn.edu.app:/cb").unwrap();
    assert_eq!(proven.origin(), "cn.edu.app:");
    assert_eq!(
        proven.with_parameters(&[("code", "1")]).as_str(),
        "cn.edu.app:/cb?code=1"
    );
    for other in [
        "cn.edu.app:/cb/",
        "CN.edu.app:/cb",
        "cn.edu.app:/cb?x",
        "cn.edu.app://cb",
    ] {
        assert!(registry.redirect(&app, other).is_none(), "{other}");
    }
}

/// Texts around what is registered: an edit here and there of a good one, or anything.
fn near() -> impl Strategy<Value = String> {
    let registered = prop_oneof![
        Just("https://app.edu.cn/cb?t=1"),
        Just("http://127.0.0.1:8000/cb"),
        Just("cn.edu.app:/cb"),
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..3_usize,
        "[ -~\\x00-\\x1f]{0,2}",
    );
    let edited = (registered, proptest::collection::vec(edit, 0..3)).prop_map(|(text, edits)| {
        let mut bytes = text.as_bytes().to_vec();
        for (at, removed, added) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, added.bytes());
        }
        String::from_utf8(bytes).unwrap()
    });
    prop_oneof![3 => edited, 1 => any::<String>()]
}

/// The request's address without the port behind `http://127.0.0.1`, read in another way.
fn without_port(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let plain = url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    let alone = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    (plain && alone).then(|| format!("{}{query}", url.path()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test] // OID-01
    fn nothing_but_the_registered_text_is_proven(raw in near()) {
        let uris = ["https://app.edu.cn/cb?t=1", "http://127.0.0.1:8000/cb", "cn.edu.app:/cb"];
        let (registry, app) = registry(&json!({ "redirect_uris": uris,
            "application_type": "native", "token_endpoint_auth_method": "none" }));
        if let Some(proven) = registry.redirect(&app, &raw) {
            prop_assert_eq!(proven.as_str(), &raw);
            prop_assert!(uris.contains(&raw.as_str()) || without_port(&raw).as_deref() == Some("/cb"));
            prop_assert!(raw.bytes().all(|b| b.is_ascii_graphic()));
        } else {
            prop_assert!(!uris.contains(&raw.as_str()));
        }
    }

    #[test]
    fn what_is_registered_has_one_meaning_and_fits_into_a_header(
        text in near(), native: bool, plain_http: bool, demo: bool,
    ) {
        if let Ok(uri) = RedirectUri::parse(&text, RedirectRules { native, plain_http, demo }) {
            prop_assert_eq!(uri.as_str(), &text);
            prop_assert!(text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains('#'));
            let url = url::Url::parse(&text).unwrap();
            prop_assert!(url.username().is_empty() && url.password().is_none());
            if uri.host().is_some() {
                prop_assert_eq!(url.origin().ascii_serialization(), uri.origin());
            }
            let proven = uri.prove(&text, false).unwrap();
            let whole = proven.with_parameters(&[("state", "\r\n \"#é")]);
            prop_assert!(whole.as_str().bytes().all(|b| b.is_ascii_graphic()));
            let read = url::Url::parse(whole.as_str()).unwrap();
            prop_assert_eq!(read.host_str(), url.host_str());
            let last = read.query_pairs().last().unwrap();
            prop_assert_eq!(last, ("state".into(), "\r\n \"#é".into()));
        }
    }
}
