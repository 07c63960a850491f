//! What is asked of the person and about her.

use jiff::Timestamp;
use serde_json::json;

use super::super::Prompt;
use super::{E, check, check_at, registry};

#[test] // OIDC 8, 9, 55
fn scopes_are_those_of_the_entry() {
    let scopes = |text: &str| check(&[("scope", text)]).map(|r| r.scopes.to_string());
    assert_eq!(scopes("profile  openid").unwrap(), "openid profile");
    assert_eq!(scopes("openid unknown:scope").unwrap(), "openid");
    assert_eq!(scopes("profile").unwrap(), "profile");
    for bad in ["", "nothing:known", "openid \"", "openid ä"] {
        assert_eq!(scopes(bad).unwrap_err(), E::InvalidScope, "{bad}");
    }
    let offline = check(&[("scope", "openid offline_access")]).unwrap();
    assert!(
        offline
            .code_request(Timestamp::UNIX_EPOCH, &[])
            .granted
            .offline
    );
    // Offline access is an OpenID request's.
    assert_eq!(scopes("profile offline_access").unwrap(), "profile");
    // RFC 8707
    let named = |uri: &str| check(&[("resource", uri)]).map(|r| r.resources);
    assert_eq!(named("https://api.example.edu/").unwrap().len(), 1);
    assert_eq!(
        named("https://api.example.edu").unwrap_err(),
        E::InvalidTarget
    );
}

#[test] // OIDC 13, 16, 18
fn what_is_asked_of_the_person_is_read_strictly_and_hints_are_tolerated() {
    let prompt = |text: &str| check(&[("prompt", text)]).map(|r| r.prompt);
    assert!(prompt("none").unwrap().none);
    let all = prompt("login consent select_account").unwrap();
    assert!(all.login && all.consent && all.select_account && !all.none);
    for bad in ["none login", "create", "None", "consent none"] {
        assert_eq!(prompt(bad).unwrap_err(), E::InvalidRequest, "{bad}");
    }
    // What is published is what is read.
    for word in Prompt::WORDS {
        assert!(prompt(word).is_ok(), "{word}");
    }
    let age = |text: &str| check(&[("max_age", text)]).map(|r| r.max_age);
    assert_eq!(age("0").unwrap(), Some(0));
    assert_eq!(age("99999999999999999999").unwrap(), Some(u32::MAX));
    for bad in ["-1", "1.5", "ten", "+1", " 1"] {
        assert_eq!(age(bad).unwrap_err(), E::InvalidRequest, "{bad}");
    }
    let default = registry(&json!({ "default_max_age": 60 }));
    assert_eq!(check_at(&default, &[]).unwrap().max_age, Some(60));
    assert_eq!(
        check_at(&default, &[("max_age", "5")]).unwrap().max_age,
        Some(5)
    );
    for (name, value) in [
        ("display", "popup"),
        ("ui_locales", "se"),
        ("claims_locales", "se"),
        ("acr_values", "1 2 urn:whatever"),
        ("login_hint", "someone@example.edu"),
    ] {
        assert!(check(&[(name, value)]).is_ok(), "{name}");
    }
    assert_eq!(
        check(&[("dpop_jkt", "short")]).unwrap_err(),
        E::InvalidRequest
    );
    let thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    let bound = check(&[("dpop_jkt", thumbprint)]).unwrap();
    assert_eq!(bound.key_thumbprint.as_deref(), Some(thumbprint));
}

#[test] // OIDC 27; OID-29: what the request names and the entry releases, and nothing else
fn claims_are_read_with_limits_and_disclose_no_more_than_the_entry() {
    let claims = |text: &str| check(&[("claims", text)]).map(|r| r.claims);
    let asked = claims(
        "{\n \"userinfo\": { \"phone_number\": { \"essential\": true }, \"id_number\": null },
          \"id_token\": { \"acr\": { \"values\": [\"a\"] }, \"x\": { \"value\": 1, \"new\": [] } },
          \"other\": 1 }",
    );
    let asked = asked.unwrap();
    assert!(asked.userinfo["phone_number"].essential);
    assert_eq!(asked.id_token["x"].values, [json!(1)]);
    let deep = "[".repeat(2000);
    let many: Vec<String> = (0..65).map(|n| format!("\"c{n}\":null")).collect();
    for bad in [
        "",
        "[]",
        "null",
        "{",
        "{\"userinfo\":[]}",
        "{\"userinfo\":{\"a\":true}}",
        "{\"userinfo\":{\"a\":{\"essential\":\"yes\"}}}",
        "{\"id_token\":{\"a\":{\"values\":1}}}",
        "{\"id_token\":{\"a\":{\"value\":{\"b\":1}}}}",
        deep.as_str(),
        &format!("{{\"userinfo\":{{{}}}}}", many.join(",")),
        &format!("{{\"userinfo\":{{\"{}\":null}}}}", "n".repeat(5000)),
    ] {
        if !bad.is_empty() {
            assert_eq!(claims(bad).unwrap_err(), E::InvalidRequest, "{bad}");
        }
    }
    let words = |changes: &[(&str, &str)]| -> Vec<String> {
        let disclosure = check(changes).unwrap().disclosure();
        disclosure.iter().map(ToString::to_string).collect()
    };
    assert_eq!(words(&[("scope", "openid")]), [""; 0]);
    assert_eq!(words(&[]), ["name", "number"]);
    let single = r#"{"userinfo":{"phone_number":null,"groups":null,"id_number":null}}"#;
    assert_eq!(words(&[("scope", "openid"), ("claims", single)]), ["phone"]);
    // By the entry's own name for it, too.
    let renamed = r#"{"id_token":{"mail":null}}"#;
    assert_eq!(
        words(&[("scope", "openid"), ("claims", renamed)]),
        ["email"]
    );
    assert_eq!(
        words(&[("scope", "openid campus offline_access")]),
        ["offline"]
    );
}

#[test] // OIDC 19
fn an_essential_acr_must_be_one_that_there_is() {
    let acr = |how: &str| {
        let claims = format!("{{\"id_token\":{{\"acr\":{how}}}}}");
        check(&[("claims", &claims)]).map(|r| r.required_acr)
    };
    let mfa = acr(r#"{"essential":true,"values":["urn:x","urn:yimen:acr:mfa"]}"#).unwrap();
    assert!(!mfa.is_met_by(crate::oidc::Acr::One) && mfa.is_met_by(crate::oidc::Acr::Two));
    let one = acr(r#"{"essential":true,"value":"urn:yimen:acr:1fa"}"#).unwrap();
    assert!(one.is_met_by(crate::oidc::Acr::One) && one.is_met_by(crate::oidc::Acr::Two));
    let unknown = acr(r#"{"essential":true,"value":"urn:x"}"#);
    assert_eq!(unknown.unwrap_err(), E::UnmetAuthenticationRequirements);
    for wish in ["null", r#"{"value":"urn:x"}"#, r#"{"essential":true}"#] {
        assert!(
            acr(wish).unwrap().is_met_by(crate::oidc::Acr::One),
            "{wish}"
        );
    }
}
