//! Devices that wait: one network of strangers can't fill the room for everybody else.

use jiff::SignedDuration;
use serde_json::json;

use crate::given::{fault, good};
use crate::support::kit::{audited_by, changing_nothing};
use crate::support::oidc::Rp;
use crate::support::{Campus, Reply, each_campus};

const PATH: &str = "/oidc/device";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const A_NETWORK: i64 = 100;

/// A request of a public client, which shows nothing.
async fn ask(campus: &Campus, public: &Rp) -> Reply {
    let fields = [
        ("client_id", public.client_id.as_str()),
        ("scope", "openid"),
    ];
    campus.visitor().post(PATH, &fields).await
}

#[tokio::test] // OIDC 103
async fn one_network_of_strangers_has_so_much_room_and_others_theirs() {
    each_campus(async |campus| {
        let mut entry = Rp::entry_with(&json!({
            "client_id": "proven", "grant_types": ["authorization_code", DEVICE],
        }));
        entry["id"] = "proven".into();
        let proven = Rp::of_entry(campus, &entry).await;
        let public = json!({
            "client_secret": null, "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", DEVICE],
        });
        let public = Rp::registered_with(campus, &public).await;
        let ((), trail) = audited_by(campus, async || {
            for _ in 0..A_NETWORK {
                good(&ask(campus, &public).await);
            }
        })
        .await;
        // Strangers don't write the audit trail either.
        assert_eq!(trail, Vec::<String>::new());
        let (reply, _) = changing_nothing(campus, async || ask(campus, &public).await).await;
        assert_eq!(fault(&reply, 429), "temporarily_unavailable");
        assert_eq!(reply.header("retry-after"), Some("600"));
        assert_eq!(campus.count("device_grants").await, A_NETWORK);
        // Who shows who it is isn't held up by them.
        good(&proven.post(campus, PATH, &[("scope", "openid")]).await);
        campus.advance(SignedDuration::from_mins(10));
        good(&ask(campus, &public).await);
    })
    .await;
}
