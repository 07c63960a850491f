//! RED-11: errors of an authorization request go to the application only where both its name and
//! its address are proven; everybody else gets a page of ours.

use crate::support::each_campus;
use crate::support::kit::{assert_own_page, changing_nothing, signed_in};
use crate::support::oidc::Rp;

/// What is wrong with a request beside its address, and how an application hears of it.
const WRONG: &[(&str, &str, &str)] = &[
    ("response_type", "bogus", "unsupported_response_type"),
    ("response_type", "", "invalid_request"),
    ("response_type", "code token", "unsupported_response_type"),
    ("response_mode", "form_post.jwt", "invalid_request"),
    ("response_mode", "query.jwt", "invalid_request"),
    ("response_mode", "jwt", "invalid_request"),
    ("response_mode", "fragment", "invalid_request"),
    ("response_mode", "web_message", "invalid_request"),
    ("scope", "", "invalid_scope"),
    ("prompt", "none consent", "invalid_request"),
    (
        "request",
        "eyJhbGciOiJub25lIn0.e30.",
        "request_not_supported",
    ),
    ("code_challenge", "", "invalid_request"),
];

/// Clients and addresses of which at least one isn't the registered one.
const UNPROVEN: &[(&str, &str)] = &[
    ("redirect_uri", "https://evil.example/cb"),
    (
        "redirect_uri",
        "https://rp.example.edu.evil.example/callback",
    ),
    (
        "redirect_uri",
        "https://rp.example.edu@evil.example/callback",
    ),
    ("redirect_uri", "https://rp.example.edu/callback/../evil"),
    ("redirect_uri", "//evil.example/callback"),
    (
        "redirect_uri",
        "javascript:evil//https://rp.example.edu/callback",
    ),
    ("redirect_uri", ""),
    ("client_id", "evil"),
    ("client_id", "RP"),
    ("client_id", ""),
];

#[tokio::test] // RED-11
async fn an_error_leads_nowhere_before_the_address_is_proven() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        let browsers = [campus.visitor(), signed_in(campus).await];
        let ((), trail) = changing_nothing(campus, async || {
            for (name, value, _) in WRONG {
                for unproven in UNPROVEN {
                    for browser in &browsers {
                        let changes = [(*name, *value), *unproven, ("state", "the-state")];
                        let reply = rp.open(&mut browser.clone(), &changes).await;
                        assert_own_page(&reply, 400, "refused_client");
                        for trace in ["evil", "the-state"] {
                            assert!(!reply.body().contains(trace), "{name}={value} {unproven:?}");
                        }
                    }
                }
            }
        })
        .await;
        // Whoever names no client leaves no trace.
        let named = UNPROVEN
            .iter()
            .filter(|unproven| **unproven != ("client_id", ""));
        assert_eq!(trail.len(), WRONG.len() * named.count() * browsers.len());
        assert!(
            trail
                .iter()
                .all(|row| row.starts_with("oidc.client.reject refused "))
        );
    })
    .await;
}

#[tokio::test] // RED-11, OID-05: and then to the registered one alone, by its query
async fn an_error_goes_to_the_registered_address() {
    each_campus(async |campus| {
        let rp = Rp::registered(campus).await;
        for mut browser in [campus.visitor(), signed_in(campus).await] {
            for (name, value, error) in WRONG {
                let reply = rp.open(&mut browser, &[(*name, *value)]).await;
                assert_eq!(
                    (reply.status.as_u16(), rp.error(&reply).as_str()),
                    (302, *error),
                    "{name}={value}"
                );
                assert_eq!(reply.headers.get_all("location").iter().count(), 1);
            }
        }
    })
    .await;
}
