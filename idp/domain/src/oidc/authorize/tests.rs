use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::applications::{Registry, parse_entries};
use crate::ids::{PersonId, Sid};
use crate::oidc::ErrorCode as E;
use crate::secrets::Tag;
use crate::sessions::Session;
use crate::signin::{Answers, Question};

const REDIRECT: &str = "https://rp.example.edu/callback?fixed=1";

/// A registry with one client, some of whose members are replaced.
fn registry(changes: &serde_json::Value) -> Registry {
    let mut oidc = json!({
        "client_id": "rp",
        "client_secret": "a-secret-of-the-tests",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "audiences": ["https://api.example.edu/"],
        "consent": "implicit",
    });
    for (name, value) in changes.as_object().unwrap() {
        oidc[name] = value.clone();
    }
    let entry = json!({
        "id": "rp", "name": { "zh-CN": "甲", "en": "A" },
        "oidc": oidc,
        "release": ["name", "number", "phone", { "attribute": "email", "as": "mail" }],
    });
    Registry::new(parse_entries(&entry.to_string(), false).unwrap())
}

fn pairs(changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let mut all = vec![
        ("client_id", "rp"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("code_challenge", challenge),
        ("code_challenge_method", "S256"),
    ];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend_from_slice(changes);
    let owned = all.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned()));
    owned.collect()
}

fn addressed(registry: &Registry, changes: &[(&str, &str)]) -> Result<Addressed, Unaddressed> {
    Addressed::of(Parameters::read(&pairs(changes))?, registry)
}

fn check(changes: &[(&str, &str)]) -> Result<AuthorizeRequest, ErrorCode> {
    check_at(&registry(&json!({})), changes)
}

fn check_at(registry: &Registry, changes: &[(&str, &str)]) -> Result<AuthorizeRequest, ErrorCode> {
    let addressed = addressed(registry, changes).unwrap();
    AuthorizeRequest::check(&addressed, Way::Plain).map_err(|error| {
        let permitted = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
        assert!(error.description.chars().all(permitted), "OIDC 23: {error}");
        error.code
    })
}

#[test] // OIDC 2, 3, 5; OID-01
fn nothing_is_said_to_an_address_that_is_not_proven() {
    let registry = registry(&json!({}));
    let reason = |changes: &[(&str, &str)]| addressed(&registry, changes).unwrap_err().reason();
    assert_eq!(reason(&[("client_id", "")]), "no_client_id");
    assert_eq!(reason(&[("client_id", "other")]), "unknown_client");
    assert_eq!(reason(&[("redirect_uri", "")]), "no_redirect_uri");
    for bad in [
        "https://rp.example.edu/callback",
        "https://rp.example.edu/callback?fixed=1&x=2",
        "https://rp.example.edu/callback?fixed=1#",
        "https://rp.example.edu/Callback?fixed=1",
        "https://rp.example.edu:443/callback?fixed=1",
        "https://rp.example.edu/a/../callback?fixed=1",
        "https://rp.example.edu/%63allback?fixed=1",
        "https://rp.example.edu/callback?fixed=1/",
        "http://rp.example.edu/callback?fixed=1",
    ] {
        assert_eq!(
            reason(&[("redirect_uri", bad)]),
            "unregistered_redirect_uri",
            "{bad}"
        );
    }
    let nul = format!("{REDIRECT}\0");
    assert_eq!(reason(&[("redirect_uri", &nul)]), "bad_characters");
    // Whose would the answer be?
    for name in ["client_id", "redirect_uri", "state"] {
        let mut twice = pairs(&[("state", "s")]);
        twice.push((name.into(), "rp".into()));
        assert_eq!(Parameters::read(&twice), Err(Unreadable::Repeated));
    }
}

#[test] // OIDC 6: the unknown is ignored, the repeated refused, the empty absent
fn parameters_stand_once() {
    assert!(check(&[("foo", "1"), ("bar", "2")]).is_ok());
    assert!(
        check(&[("nonce", ""), ("max_age", "")])
            .unwrap()
            .nonce
            .is_none()
    );
    let mut twice = pairs(&[]);
    twice.push(("scope".into(), "openid".into()));
    let parameters = Parameters::read(&twice).unwrap();
    let addressed = Addressed::of(parameters, &registry(&json!({}))).unwrap();
    let refused = AuthorizeRequest::check(&addressed, Way::Plain).unwrap_err();
    assert_eq!(refused.code, E::InvalidRequest);
}

#[test] // OID-20
fn what_is_handed_back_is_bounded_and_exact() {
    let state = |text: &str| addressed(&registry(&json!({})), &[("state", text)]);
    let longest = "x".repeat(2048);
    assert_eq!(state(&longest).unwrap().answer.state, Some(longest));
    let bad = |text: &str| state(text).unwrap_err();
    assert_eq!(
        bad(&"x".repeat(2049)),
        Unaddressed::Unreadable(Unreadable::State)
    );
    assert_eq!(
        bad(&"x".repeat(65536)),
        Unaddressed::Unreadable(Unreadable::TooLong)
    );
    assert_eq!(
        bad("a\r\nb"),
        Unaddressed::Unreadable(Unreadable::Characters)
    );
    let html = "<script>\"'&=%00 一";
    assert_eq!(state(html).unwrap().answer.state.as_deref(), Some(html));
    assert_eq!(
        check(&[("nonce", &"n".repeat(1024))])
            .unwrap()
            .nonce
            .unwrap()
            .len(),
        1024
    );
    assert_eq!(
        check(&[("nonce", &"n".repeat(1025))]).unwrap_err(),
        E::InvalidRequest
    );
    assert_eq!(check(&[("nonce", "a\nb")]).unwrap_err(), E::InvalidRequest);
}

#[test] // OIDC 4, 25, 31; OID-22
fn only_codes_are_answered_with() {
    assert_eq!(
        check(&[("response_type", "")]).unwrap_err(),
        E::InvalidRequest
    );
    for other in [
        "token",
        "id_token",
        "id_token token",
        "code token",
        "none",
        "Code",
    ] {
        let refused = check(&[("response_type", other)]).unwrap_err();
        assert_eq!(refused, E::UnsupportedResponseType, "{other}");
    }
    let form = check(&[("response_mode", "form_post")]).unwrap();
    assert_eq!(form.answer.mode, ResponseMode::FormPost);
    assert_eq!(check(&[]).unwrap().answer.mode, ResponseMode::Query);
    for other in ["fragment", "jwt", "query.jwt", "web_message"] {
        assert_eq!(
            check(&[("response_mode", other)]).unwrap_err(),
            E::InvalidRequest
        );
    }
    assert_eq!(
        check(&[("request", "e30.e30.")]).unwrap_err(),
        E::RequestNotSupported
    );
    let by_reference = [("request_uri", "https://evil.example.org/r")];
    assert_eq!(check(&by_reference).unwrap_err(), E::RequestUriNotSupported);
    assert_eq!(
        check(&[("registration", "{}")]).unwrap_err(),
        E::RegistrationNotSupported
    );
}

#[test] // OIDC 32, 33, 34, 36; OID-04, OID-21
fn a_challenge_is_required_and_of_one_kind() {
    const NONE: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];
    assert_eq!(check(&NONE).unwrap_err(), E::InvalidRequest);
    let lenient = registry(&json!({ "require_pkce": false }));
    assert_eq!(check_at(&lenient, &NONE).unwrap().code_challenge, None);
    // Where it isn't required it is still checked.
    for registry in [&lenient, &registry(&json!({}))] {
        for method in ["", "plain", "s256", "S512"] {
            let refused = check_at(registry, &[("code_challenge_method", method)]);
            assert_eq!(refused.unwrap_err(), E::InvalidRequest, "{method}");
        }
        let lone = [("code_challenge", ""), ("code_challenge_method", "S256")];
        assert_eq!(check_at(registry, &lone).unwrap_err(), E::InvalidRequest);
        for bad in [
            &"a".repeat(42),
            &"a".repeat(44),
            &"a".repeat(128),
            &"+".repeat(43),
        ] {
            let refused = check_at(registry, &[("code_challenge", bad)]);
            assert_eq!(refused.unwrap_err(), E::InvalidRequest, "{bad}");
        }
    }
}

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

#[test] // OIDC 97; FAPI 2.0 §5.3.2.2
fn who_must_push_can_not_ask_otherwise() {
    let pushing = registry(&json!({ "require_pushed_authorization_requests": true }));
    assert_eq!(check_at(&pushing, &[]).unwrap_err(), E::InvalidRequest);
    let addressed = addressed(&pushing, &[]).unwrap();
    assert!(AuthorizeRequest::check(&addressed, Way::Pushed).is_ok());
}

fn session(signed_in: &str) -> Session {
    Session {
        id_hash: Tag([0; 32]),
        sid: Sid(Uuid::nil()),
        person: PersonId(Uuid::nil()),
        factors: vec![Factor::Password],
        signed_in_at: signed_in.parse().unwrap(),
        last_seen_at: signed_in.parse().unwrap(),
        expires_at: "2026-11-21T16:00:00Z".parse().unwrap(),
        ended: false,
        warn: false,
        remembered: false,
        not_before: Timestamp::UNIX_EPOCH,
    }
}

#[test] // OIDC 11, 12, 14, 16, 17; OID-19
fn a_session_is_enough_or_credentials_are_wanted() {
    let now: Timestamp = "2026-11-21T08:01:00Z".parse().unwrap();
    let session = session("2026-11-21T08:00:00Z");
    let ask = |changes: &[(&str, &str)], fresh, expected| {
        let here = Here {
            session: &session,
            fresh,
            expected,
        };
        check(changes)
            .unwrap()
            .entrance(Some(here), now)
            .map_err(|e| e.code)
    };
    let stranger = |changes: &[(&str, &str)]| {
        check(changes)
            .unwrap()
            .entrance(None, now)
            .map_err(|e| e.code)
    };
    assert_eq!(stranger(&[]), Ok(Entrance::SignIn));
    assert_eq!(stranger(&[("prompt", "none")]), Err(E::LoginRequired));
    assert_eq!(ask(&[], false, true), Ok(Entrance::Open));
    assert_eq!(ask(&[("prompt", "none")], false, true), Ok(Entrance::Open));
    for wanting in [("prompt", "login"), ("max_age", "59"), ("max_age", "0")] {
        assert_eq!(
            ask(&[wanting], false, true),
            Ok(Entrance::SignIn),
            "{wanting:?}"
        );
        assert_eq!(
            ask(&[wanting], true, true),
            Ok(Entrance::Open),
            "{wanting:?}"
        );
    }
    assert_eq!(ask(&[("max_age", "60")], false, true), Ok(Entrance::Open));
    let silent_and_old = [("prompt", "none"), ("max_age", "59")];
    assert_eq!(ask(&silent_and_old, false, true), Err(E::LoginRequired));
    // Somebody else: asked to sign in, and if it still isn't she, never answered with a code.
    assert_eq!(ask(&[], false, false), Ok(Entrance::SignIn));
    assert_eq!(
        ask(&[("prompt", "none")], false, false),
        Err(E::LoginRequired)
    );
    assert_eq!(ask(&[], true, false), Err(E::LoginRequired));
}

#[test] // OIDC 11, 15: one question after the other, in one order
fn questions_come_in_their_order_and_once() {
    let asking = registry(&json!({ "consent": "ask" }));
    let request = check_at(&asking, &[("prompt", "consent select_account")]).unwrap();
    let mut answers = Answers::default();
    let mut seen = Vec::new();
    for _ in 0..5 {
        let open = Open {
            answers: &answers,
            fresh: false,
            number: !seen.contains(&Question::Number),
            consented: true,
            warn: true,
        };
        let Some(question) = request.question(open).unwrap() else {
            break;
        };
        seen.push(question);
        answers.add(question);
    }
    // Who agreed was asked whether to enter.
    assert_eq!(
        seen,
        [Question::Account, Question::Number, Question::Consent]
    );
    let silent = check_at(&asking, &[("prompt", "none")]).unwrap();
    let ask = |number, consented, warn| {
        let open = Open {
            answers: &Answers::default(),
            fresh: false,
            number,
            consented,
            warn,
        };
        silent.question(open).map_err(|e| e.code)
    };
    assert_eq!(ask(true, true, false), Err(E::InteractionRequired));
    assert_eq!(ask(false, false, false), Err(E::ConsentRequired));
    assert_eq!(ask(false, true, true), Err(E::InteractionRequired));
    assert_eq!(ask(false, true, false), Ok(None));
}

#[test] // OIDC 7, 22, 93; OID-05
fn an_answer_holds_what_belongs_to_it_and_nothing_else() {
    let registry = registry(&json!({}));
    let with = addressed(&registry, &[("state", "a b&c=<x>")])
        .unwrap()
        .answer;
    let error = OAuthError::new(E::AccessDenied, "no");
    let fields = with.refusal(&error, "https://id.example.edu");
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["error", "error_description", "state", "iss"]);
    let address = with.redirect.with_parameters(&fields);
    assert_eq!(
        address.as_str(),
        "https://rp.example.edu/callback?fixed=1&error=access_denied&error_description=no\
         &state=a+b%26c%3D%3Cx%3E&iss=https%3A%2F%2Fid.example.edu"
    );
    let without = addressed(&registry, &[]).unwrap().answer;
    let fields = without.success("AC-1", "https://id.example.edu");
    assert_eq!(
        fields,
        [("code", "AC-1"), ("iss", "https://id.example.edu")]
    );
}

proptest! {
    /// Whatever comes, reading ends in a request or a refusal, and what was read is read again as
    /// the same.
    #[test]
    fn any_parameters_are_read_or_refused(
        some in prop::collection::vec(
            (prop::sample::select(vec![
                "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt",
                "max_age", "claims", "code_challenge", "code_challenge_method", "dpop_jkt",
                "resource", "response_mode", "id_token_hint", "acr_values", "x",
            ]), any::<String>()),
            0..12,
        ),
    ) {
        let registry = registry(&json!({}));
        let mut all: Vec<(String, String)> =
            some.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if let Ok(read) = Parameters::read(&all) {
            prop_assert_eq!(read.repeated().is_some()
                || Parameters::read(&read.to_pairs()) == Ok(read.clone()), true);
        }
        // Behind a proven address, too.
        all.retain(|(name, _)| name != "client_id" && name != "redirect_uri");
        all.push(("client_id".into(), "rp".into()));
        all.push(("redirect_uri".into(), REDIRECT.into()));
        if let Ok(parameters) = Parameters::read(&all) {
            let addressed = Addressed::of(parameters, &registry).unwrap();
            if let Ok(request) = AuthorizeRequest::check(&addressed, Way::Plain) {
                prop_assert!(request.code_challenge.is_some());
                prop_assert!(!request.scopes.is_empty());
            }
        }
    }

    /// No `claims` parameter gets more out than the entry releases.
    #[test]
    fn no_claims_request_discloses_what_the_entry_does_not(text in "\\{\"(userinfo|id_token)\":\\{(\"[a-z_]{1,20}\":null,){0,8}\"groups\":null\\}\\}") {
        let request = check(&[("scope", "openid"), ("claims", &text)]).unwrap();
        for one in request.disclosure().iter() {
            let word = one.to_string();
            prop_assert!(["name", "number", "phone", "email"].contains(&word.as_str()));
        }
    }
}
