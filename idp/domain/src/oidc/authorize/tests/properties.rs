//! What holds whatever comes.

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use super::{REDIRECT, check, registry};

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
