//! The clients of a target as servers take them.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::target::{Client, Target};

/// The form of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// An array of entries for `yimen import applications`.
    Yimen,
    /// An array of client metadata by RFC 7591, with `client_id` and `client_secret` chosen.
    Rfc7591,
}

/// What people release to the clients: there has to be something to ask for.
const RELEASED: [&str; 8] = [
    "name",
    "number",
    "numbers",
    "affiliation",
    "org",
    "email",
    "phone",
    "address",
];

/// The document.
pub fn write(target: &Target, form: Form) -> Result<Value> {
    let clients = target.clients.all();
    let clients = clients.into_iter().map(|(name, client)| match form {
        Form::Yimen => entry(name, client),
        Form::Rfc7591 => client.metadata(),
    });
    Ok(Value::Array(clients.collect::<Result<_>>()?))
}

/// An entry of Yimen's: the metadata in its `oidc` side, less what the entry says elsewhere.
fn entry(name: &str, client: &Client) -> Result<Value> {
    let metadata = client.metadata()?;
    let mut side: Map<String, Value> = metadata.as_object().context("no object")?.clone();
    side.remove("scope");
    side.insert(
        "scopes".to_owned(),
        json!(client.scope.split(' ').collect::<Vec<_>>()),
    );
    if !client.may("authorization_code") {
        side.remove("response_types");
    }
    if client.client_secret.is_some() {
        side.insert("require_pkce".to_owned(), json!(client.require_pkce));
    }
    for (key, value) in own_keys(name, client) {
        side.insert(key.to_owned(), value);
    }
    let title = format!("Conformance: {name}");
    Ok(json!({
        "id": client.client_id,
        "name": { "zh-CN": title, "en": title },
        "release": RELEASED,
        "oidc": side,
    }))
}

/// What no metadata of the specifications says.
fn own_keys(name: &str, client: &Client) -> Vec<(&'static str, Value)> {
    // Of a program on somebody's device nobody knows whose it is: people are always asked.
    let native = client.application_type.as_deref() == Some("native");
    let asks = name == "asking" || native;
    let mut keys = vec![("consent", json!(if asks { "ask" } else { "implicit" }))];
    match name {
        "opaque" => keys.push(("access_token_format", json!("opaque"))),
        "nonce" => keys.push(("dpop_nonce", json!(true))),
        "fapi" => keys.push(("profile", json!("fapi2"))),
        _ => {}
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::oidc::target::Account;

    fn target() -> Target {
        let user = Account {
            name: "u".to_owned(),
            password: "p".to_owned(),
        };
        Target::fresh("127.0.0.1:9911".parse().unwrap(), user, None).unwrap()
    }

    #[test]
    fn a_fresh_target_comes_back_from_its_file() {
        let text = toml::to_string(&target()).unwrap();
        let again = Target::parse(&text).unwrap();
        assert_eq!(toml::to_string(&again).unwrap(), text);
        assert_eq!(again.clients.all().len(), 13);
        assert!(Target::parse(&text.replace("client_secret =", "secret =")).is_err());
    }

    #[test]
    fn no_registration_tells_a_private_key() {
        for form in [Form::Yimen, Form::Rfc7591] {
            let document = write(&target(), form).unwrap();
            assert!(!document.to_string().contains("\"d\""), "{document}");
            assert_eq!(document.as_array().unwrap().len(), 13);
        }
        let entries = write(&target(), Form::Yimen).unwrap();
        assert_eq!(entries[0]["oidc"]["require_pkce"], false);
        assert_eq!(entries[2]["oidc"]["jwks"]["keys"][0]["crv"], "P-256");
        assert_eq!(entries[7]["oidc"]["consent"], "ask");
    }
}
