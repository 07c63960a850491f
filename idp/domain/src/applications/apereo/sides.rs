//! Logout, proxying, the user name and whom to ask.

use serde_json::{Value, json};

use super::attributes::{AttributeNames, Word};
use super::document::{class, flag, is_blank, list, text};
use super::notes::Notes;
use super::pattern::{Services, addresses};
use crate::applications::{PatternRules, RegisteredUrl};

/// Characters of a contact's line.
const MAX_CONTACT_CHARS: usize = 120;
/// Callbacks of one entry.
const MAX_CALLBACKS: usize = 20;

/// `cas.logout`, where it isn't the default.
pub(super) fn logout(service: &Value, services: &Services, demo: bool, notes: &mut Notes) -> Value {
    let path = &["logoutType"];
    let kind = text(&service["logoutType"]);
    let channel = match kind.rsplit('.').next().unwrap_or_default() {
        _ if is_blank(&service["logoutType"]) => "back",
        "BACK_CHANNEL" => "back",
        "FRONT_CHANNEL" => "front",
        "NONE" => "none",
        _ => {
            notes
                .differs(path, "is no way of logout known here; our server tells it")
                .value(&kind);
            "back"
        }
    };
    if !is_blank(&service["logoutType"]) {
        notes
            .converted(path, format!("→ \"channel\": \"{channel}\""))
            .value(&kind);
    }
    let mut logout = json!({ "channel": channel });
    if let Some(url) = logout_url(service, services, demo, notes) {
        logout["url"] = json!(url);
    }
    if logout == json!({ "channel": "back" }) {
        Value::Null
    } else {
        logout
    }
}

fn logout_url(
    service: &Value,
    services: &Services,
    demo: bool,
    notes: &mut Notes,
) -> Option<String> {
    if is_blank(&service["logoutUrl"]) {
        return None;
    }
    let path = &["logoutUrl"];
    let url = text(&service["logoutUrl"]);
    let rules = PatternRules {
        plain_http: services.plain_http(),
        demo,
    };
    let parsed = match RegisteredUrl::parse(&url, rules) {
        Ok(parsed) => parsed,
        Err(error) => {
            let instead = "without it, the service itself is told at its own address";
            notes
                .left_out(path, error.to_string())
                .value(url)
                .instead(instead);
            return None;
        }
    };
    let ours = |p: &crate::applications::ServicePattern| p.is_origin_of(parsed.service_url());
    if services.patterns.iter().any(ours) {
        notes.converted(path, "→ \"logout\".\"url\"").value(&url);
        return Some(url);
    }
    let says = "is at none of the entry's services: scheme, host and port must be one of theirs";
    notes
        .left_out(path, says)
        .value(url)
        .instead("an address on the service's own host; without one, the service itself is told");
    None
}

/// `cas.proxy`, where the service may act for people.
pub(super) fn proxy(service: &Value, demo: bool, notes: &mut Notes) -> Value {
    let policy = &service["proxyPolicy"];
    let path = &["proxyPolicy"];
    if flag(service, "allowedToProxy", false) {
        let says = "proxying needs its callback addresses here";
        notes.left_out(&["allowedToProxy"], says).instead(
            "\"proxy\": {\"callbacks\": [\"https://HOST/CALLBACK\"], \"targets\": [\"ID\"]}",
        );
    }
    let expression = match class(policy) {
        "" | "RefuseRegisteredServiceProxyPolicy" => return Value::Null,
        "RegexMatchingRegisteredServiceProxyPolicy" if flag(policy, "useServiceId", false) => {
            text(&service["serviceId"])
        }
        "RegexMatchingRegisteredServiceProxyPolicy" => text(&policy["pattern"]),
        other => {
            notes
                .left_out(
                    path,
                    "asks someone else for each callback; no callback is registered",
                )
                .value(other)
                .instead("\"callbacks\" with each address");
            return Value::Null;
        }
    };
    let path = &["proxyPolicy", "pattern"];
    let addresses = match addresses(&expression) {
        Ok(addresses) => addresses,
        Err(problem) => {
            let says = format!("{problem}, and a callback is compared whole; none is registered");
            notes.left_out(path, says).value(expression).instead(
                "\"proxy\": {\"callbacks\": [\"https://HOST/CALLBACK\"], \"targets\": [\"ID\"]}",
            );
            return Value::Null;
        }
    };
    let mut callbacks: Vec<String> = Vec::new();
    for address in addresses {
        match RegisteredUrl::parse_callback(&address, demo) {
            Ok(_) if callbacks.len() == MAX_CALLBACKS => {
                notes
                    .left_out(path, "is one callback too many")
                    .value(address);
            }
            Ok(known) if callbacks.iter().any(|c| c == known.as_str()) => {}
            Ok(callback) => callbacks.push(callback.as_str().to_owned()),
            Err(error) => {
                notes.left_out(path, error.to_string()).value(address);
            }
        }
    }
    if callbacks.is_empty() {
        notes
            .left_out(path, "no callback is left")
            .value(expression);
        return Value::Null;
    }
    notes
        .converted(path, format!("→ \"callbacks\": {}", json!(callbacks)))
        .value(expression);
    let says = "it got proxy tickets for every service; here it gets them for named ones only";
    notes
        .differs(&["proxyPolicy"], says)
        .instead("\"targets\": [\"ID\", …] with the applications that it calls");
    json!({ "callbacks": callbacks })
}

/// The user name that the service is told is the account number. Under another name its users
/// would be strangers to it, or worse, someone else.
pub(super) fn user_name(service: &Value, names: &AttributeNames, notes: &mut Notes) {
    let provider = &service["usernameAttributeProvider"];
    let path = &["usernameAttributeProvider"];
    if flag(service, "anonymousAccess", false) {
        let says = "it knew people by names that tell nothing, and would get account numbers";
        notes.closes(&["anonymousAccess"], says);
    }
    let old = &service["usernameAttribute"];
    let attribute = match class(provider) {
        "" if is_blank(provider) && is_blank(old) => return,
        "" if is_blank(provider) => Some(text(old)),
        "" | "DefaultRegisteredServiceUsernameProvider" => None,
        "PrincipalAttributeRegisteredServiceUsernameProvider" => {
            Some(text(&provider["usernameAttribute"]))
        }
        other => {
            let says = "it knows people by another name than the account number";
            notes.closes(path, says).value(other);
            return;
        }
    };
    match attribute.as_deref().map(|name| (name, names.word(name))) {
        None => notes.converted(path, "→ the account number"),
        Some((name, Some(Word::Number))) => {
            notes.converted(path, "→ the account number").value(name)
        }
        Some((name, word)) => {
            let says = "it knows people by another name than the account number";
            let finding = notes.closes(path, says).value(name);
            match word {
                Some(word) if word != Word::None => finding.instead(format!(
                    "let the application read the attribute {name:?}: \"release\": \
                     [{{\"attribute\": \"{}\", \"as\": {name:?}}}]",
                    word.as_str()
                )),
                _ => finding,
            }
        }
    };
    for key in ["scope", "removePattern"] {
        if !is_blank(&provider[key]) {
            notes
                .closes(
                    &[path[0], key],
                    "changes the user name, which isn't done here",
                )
                .value(text(&provider[key]));
        }
    }
    if flag(provider, "encryptUsername", false) {
        notes.closes(
            &[path[0], "encryptUsername"],
            "changes the user name, which isn't done here",
        );
    }
    let mode = text(&provider["canonicalizationMode"]);
    if matches!(mode.as_str(), "UPPER" | "LOWER") {
        let says = "letters of a number stay as they are on the roster";
        notes
            .differs(&[path[0], "canonicalizationMode"], says)
            .value(mode);
    }
}

/// Whom to ask, on one line.
pub(super) fn contact(service: &Value, notes: &mut Notes) -> Value {
    let contacts = list(&service["contacts"]);
    let path = &["contacts"];
    let line = |contact: &Value| {
        let parts = ["name", "department", "phone", "email"];
        let parts = parts.iter().map(|key| &contact[*key]);
        let parts: Vec<String> = parts.filter(|v| !is_blank(v)).map(text).collect();
        let line = parts.join(", ");
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        line.trim().to_owned()
    };
    let lines: Vec<String> = contacts
        .into_iter()
        .map(line)
        .filter(|l| !l.is_empty())
        .collect();
    let Some((first, others)) = lines.split_first() else {
        return Value::Null;
    };
    let short: String = first.chars().take(MAX_CONTACT_CHARS).collect();
    if short == *first {
        notes.converted(path, "→ \"contact\"").value(first);
    } else {
        notes
            .differs(path, "was cut to 120 characters")
            .value(first);
    }
    for other in others {
        notes
            .left_out(path, "an entry has one contact")
            .value(other);
    }
    json!({ "zh-CN": short, "en": short })
}
