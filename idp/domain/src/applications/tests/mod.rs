mod entries;
mod patterns;
mod resolve;
mod service_urls;

use super::{Application, Registry, parse_entries};

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
