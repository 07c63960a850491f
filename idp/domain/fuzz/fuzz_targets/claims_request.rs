//! The `claims` parameter of a stranger's authorization request: what is taken is bounded, is kept
//! as it was read, and discloses nothing that the entry doesn't release (OID-29).

#![no_main]

use std::sync::LazyLock;

use idp_domain::applications::{Registry, parse_entries};
use idp_domain::oidc::authorize::{Addressed, AuthorizeRequest, Parameters, Way};
use idp_domain::oidc::claims::{Place, Wanted};
use idp_domain::oidc::{ClaimAsk, ClaimsRequest, Scopes};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// By §5.5 the claims of these names are asked for, and of each other name none.
const RELEASED: [&str; 6] = [
    "name",
    "mail",
    "phone_number",
    "phone_number_verified",
    "school",
    "preferred_username",
];

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| {
    let entry = json!({
        "id": "rp", "name": { "zh-CN": "甲", "en": "A" },
        "oidc": {
            "client_id": "rp",
            "client_secret": "a-secret-of-the-tests",
            "redirect_uris": ["https://rp.example.edu/callback"],
        },
        "release": [
            "name", "phone", "number",
            { "attribute": "email", "as": "mail" },
            { "constant": "x", "as": "school" },
        ],
    });
    Registry::new(parse_entries(&entry.to_string(), false).expect("an entry"))
});

fuzz_target!(|text: &str| {
    let pairs = [
        ("client_id", "rp"),
        ("redirect_uri", "https://rp.example.edu/callback"),
        ("response_type", "code"),
        ("scope", "openid"),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("claims", text),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let Ok(parameters) = Parameters::read(&pairs) else {
        return;
    };
    let addressed = Addressed::of(parameters, &REGISTRY).expect("the client's own address");
    let Ok(request) = AuthorizeRequest::check(&addressed, Way::Plain) else {
        return;
    };
    let asked = &request.claims;
    for place in [&asked.userinfo, &asked.id_token] {
        assert!(place.len() <= 64);
        for (name, ask) in place {
            assert!(name.len() <= 256 && !name.chars().any(char::is_control));
            assert!(ask.values.len() <= 16 && ask.values.iter().all(is_simple));
        }
    }
    // Kept beside the code, and read again at each use of what it was redeemed for.
    let kept = serde_json::to_string(asked).expect("what is kept");
    let again: ClaimsRequest = serde_json::from_str(&kept).expect("what was kept");
    assert_eq!(without_fractions(&again), without_fractions(asked));
    // Only what the entry releases, whatever is asked for, and no more by reading it again.
    for disclosed in request.disclosure().iter() {
        let word = disclosed.to_string();
        assert!(["name", "phone", "number", "email"].contains(&word.as_str()));
    }
    let scopes = Scopes::parse("openid").expect("a scope");
    for (place, asks) in [
        (Place::UserInfo, &asked.userinfo),
        (Place::IdToken, &asked.id_token),
    ] {
        let wanted = Wanted::at(place, &request.application, &scopes, asked);
        let named = asks.keys().any(|name| RELEASED.contains(&name.as_str()));
        assert_eq!(wanted.is_empty(), !named, "{asks:?}");
    }
    // Another reader, which refuses objects with two members of one name, finds the same claims.
    if let Ok(members) = idp_domain::oidc::jose::object(text.as_bytes()) {
        for (place, asks) in [("userinfo", &asked.userinfo), ("id_token", &asked.id_token)] {
            let there = members.get(place).and_then(Value::as_object);
            let names: Vec<&String> = there.into_iter().flat_map(|there| there.keys()).collect();
            assert_eq!(names, asks.keys().collect::<Vec<_>>());
        }
    }
});

fn is_simple(value: &Value) -> bool {
    let nul = value.as_str().is_some_and(|text| text.contains('\0'));
    !value.is_object() && !value.is_array() && !nul
}

/// The last digit of a fraction may change in writing it down; no claim of ours is one.
fn without_fractions(asked: &ClaimsRequest) -> ClaimsRequest {
    let mut asked = asked.clone();
    let asks = asked.userinfo.values_mut().chain(asked.id_token.values_mut());
    for ClaimAsk { values, .. } in asks {
        values.retain(|value| !value.is_f64());
    }
    asked
}
