mod access;
mod entries;
mod entry_keys;
mod entry_values;
mod numbers;
mod oidc_entries;
mod oidc_refusals;
mod patterns;
mod proxies;
mod redirects;
mod resolve;
mod service_urls;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Application, Registry, parse_entries};
use crate::accounts::Affiliation;
use crate::ids::PersonId;
use crate::signin::{HeldNumber, Holder, PersonState};

fn application(json: &str) -> Application {
    parse_entries(json, true).unwrap().pop().unwrap()
}

/// An entry with these patterns and, for brevity, everything permitted.
fn entry(id: &str, services: &[&str]) -> Application {
    application(
        &serde_json::json!({
            "id": id, "name": { "zh-CN": id, "en": id },
            "cas": { "services": services, "plain_http": true },
        })
        .to_string(),
    )
}

fn registry(services: &[&str]) -> Registry {
    Registry::new(vec![entry("app", services)])
}

/// Somebody with these numbers, each `number/affiliation/org`, the oldest first.
fn holder(numbers: &[&str]) -> Holder {
    let number = |(index, text): (usize, &&str)| {
        let parts: Vec<&str> = text.splitn(3, '/').collect();
        HeldNumber {
            display: parts[0].to_uppercase(),
            number: parts[0].to_owned(),
            name: "李明".to_owned(),
            affiliation: Affiliation::parse(parts[1]).unwrap(),
            org: parts.get(2).map(ToString::to_string),
            valid_from: None,
            valid_until: None,
            import_seq: i64::try_from(index).unwrap(),
        }
    };
    Holder {
        person: PersonId(Uuid::nil()),
        state: PersonState::Active,
        activated: true,
        must_change_password: false,
        phone_bound: true,
        notice_version: None,
        numbers: numbers.iter().enumerate().map(number).collect(),
        groups: Vec::new(),
        probes: None,
    }
}

fn now() -> Timestamp {
    "2026-11-21T08:00:00Z".parse().unwrap()
}
