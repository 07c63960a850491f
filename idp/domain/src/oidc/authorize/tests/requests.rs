//! What is asked for, by whom, and where the answer goes.

use serde_json::json;

use super::super::*;
use super::{E, REDIRECT, addressed, check, check_at, pairs, registry};

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
    for name in [
        "client_id",
        "redirect_uri",
        "state",
        "request_uri",
        "request",
    ] {
        let mut twice = pairs(&[(name, "rp")]);
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

#[test] // OIDC 97; FAPI 2.0 §5.3.2.2
fn who_must_push_can_not_ask_otherwise() {
    let pushing = registry(&json!({ "require_pushed_authorization_requests": true }));
    assert_eq!(check_at(&pushing, &[]).unwrap_err(), E::InvalidRequest);
    let addressed = addressed(&pushing, &[]).unwrap();
    assert!(AuthorizeRequest::check(&addressed, Way::Pushed).is_ok());
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
