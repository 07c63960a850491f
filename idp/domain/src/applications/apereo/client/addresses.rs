//! Where browsers are sent, and where the end of a session is told.

use serde_json::{Map, Value, json};

use crate::applications::apereo::document::{class, is_blank, text};
use crate::applications::apereo::notes::Notes;
use crate::applications::apereo::pattern::addresses;
use crate::applications::{RedirectRules, RedirectUri, RegisteredUrl};

pub(super) fn redirect_uris(
    service: &Value,
    native: bool,
    demo: bool,
    side: &mut Map<String, Value>,
    notes: &mut Notes,
) -> Vec<RedirectUri> {
    const INSTEAD: &str = "\"redirect_uris\": [\"https://HOST/CALLBACK\"] with each address in use";
    let path = &["serviceId"];
    let expression = text(&service["serviceId"]);
    let literal = class(&service["matchingStrategy"]).starts_with("Literal");
    let found = if literal {
        Ok(vec![expression.clone()])
    } else {
        addresses(&expression)
    };
    let found = match found {
        Ok(found) => found,
        Err(problem) => {
            let says =
                format!("{problem}, and a redirect URI is compared whole; none is registered");
            notes
                .left_out(path, says)
                .value(expression)
                .instead(INSTEAD);
            return Vec::new();
        }
    };
    let rules = RedirectRules {
        native,
        plain_http: !native,
        demo,
    };
    let mut uris: Vec<RedirectUri> = Vec::new();
    for address in found {
        match RedirectUri::parse(&address, rules) {
            Ok(uri) if uris.contains(&uri) => {}
            Ok(uri) => uris.push(uri),
            Err(error) => {
                notes
                    .left_out(path, error.to_string())
                    .value(address)
                    .instead(INSTEAD);
            }
        }
    }
    let texts: Vec<&str> = uris.iter().map(RedirectUri::as_str).collect();
    if !texts.is_empty() {
        notes
            .converted(path, format!("→ \"redirect_uris\": {}", json!(texts)))
            .value(&expression);
        side.insert("redirect_uris".into(), json!(texts));
    }
    if !native && texts.iter().any(|text| text.starts_with("http:")) {
        let says = "has http: addresses, where codes travel in clear: \"plain_http\": true";
        notes.differs(path, says).value(expression);
        side.insert("plain_http".into(), json!(true));
    }
    uris
}

pub(super) fn logout(
    service: &Value,
    uris: &[RedirectUri],
    demo: bool,
    side: &mut Map<String, Value>,
    notes: &mut Notes,
) {
    let path = &["logoutUrl"];
    if is_blank(&service["logoutUrl"]) {
        return;
    }
    let url = text(&service["logoutUrl"]);
    let kind = text(&service["logoutType"]);
    let front = kind.ends_with("FRONT_CHANNEL");
    if kind.ends_with("NONE") {
        return;
    }
    let plain = side.contains_key("plain_http");
    let parsed = match RegisteredUrl::parse_endpoint(&url, plain, demo) {
        Ok(parsed) => parsed,
        Err(error) => {
            notes.left_out(path, error.to_string()).value(url);
            return;
        }
    };
    let origin = parsed.service_url().origin();
    if front && !uris.iter().any(|uri| uri.origin() == origin) {
        let says = "is at none of the redirect URIs: scheme, host and port must be one of theirs";
        notes.left_out(path, says).value(url);
        return;
    }
    let key = if front {
        "frontchannel_logout_uri"
    } else {
        "backchannel_logout_uri"
    };
    notes.converted(path, format!("→ \"{key}\"")).value(&url);
    side.insert(key.into(), json!(url));
}
