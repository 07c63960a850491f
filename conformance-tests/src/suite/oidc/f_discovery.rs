//! F and J. What the server publishes (69 to 74, 93).

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use url::Url;

use super::provider::Provider;
use super::tokens::json;
use crate::cases;
use crate::suite::case::{Outcome, discouraged, missing};

cases! {
    pub CASES of Provider;
    69 Must "Discovery §4" ["oidcc-discovery-endpoint-verification"]
        "The configuration document lies under the issuer: 200, JSON" => there;
    70 "a" Must "Discovery §4.3" ["oidcc-discovery-endpoint-verification"]
        "Its `issuer` is the address it was asked for" => same_issuer;
    70 "b" Must "Discovery §3" ["oidcc-discovery-endpoint-verification"]
        "The issuer is https, without query and fragment" => issuer_form;
    71 "a" Must "Discovery §3" ["oidcc-discovery-endpoint-verification"]
        "The members that have to be there are, with their types" => required;
    71 "b" Must "Discovery §3" ["oidcc-discovery-endpoint-verification"]
        "ID tokens may be signed with RS256, responses are codes, subjects public or pairwise" => values;
    71 "c" Must "Discovery §3"
        "Lists are lists of text, and none is empty" => lists;
    72 "a" Must "Discovery §3" ["oidcc-discovery-endpoint-verification"]
        "All endpoints are https" => endpoints;
    72 "b" Must "Discovery §3" ["oidcc-discovery-endpoint-verification"]
        "`scopes_supported` has `openid`" => scopes;
    72 "c" Should "Discovery §3"
        "`userinfo_endpoint`, `claims_supported`, `scopes_supported` are there" => recommended;
    73 "a" Must "Discovery §3"
        "`request_uri_parameter_supported` is said to be false where it is off" => request_uri_off;
    73 "b" Must "Discovery §3"
        "The methods of client authentication are those that work" => methods;
    74 "a" Must "Core §10.1" ["oidcc-server"]
        "The key set has public members only" => public_keys;
    74 "b" Must "Core §10.1" ["oidcc-server"]
        "Each key has a `kid` of its own" => kids;
    74 "c" Must "RFC 7517 §4"
        "Each key has its kind, its use, and is long enough" => key_forms;
    74 "d" Should "Core §10.1.1"
        "The key set may be kept for a while, and no longer than a day" => key_cache;
}

cases! {
    /// The issuer in responses.
    pub ISSUER of Provider;
    93 "a" Must "RFC 9207 §2"
        "`iss` is in a successful response" => iss_in_success;
    93 "b" Must "RFC 9207 §2"
        "`iss` is in an error response" => iss_in_error;
    93 "c" Must "RFC 9207 §3"
        "That it is there is published" => iss_published;
}

async fn there(op: &mut Provider) -> Outcome {
    let reply = op.application()?.get(op.configuration_url()?).await?;
    ensure!(reply.status == 200, "{}", reply.summary());
    let document = json(&reply)?;
    ensure!(document.is_object(), "no object");
    Ok(())
}

async fn same_issuer(op: &mut Provider) -> Outcome {
    let issuer = &op.discovery["issuer"];
    let asked = op.configuration_url()?;
    let expected = asked
        .as_str()
        .trim_end_matches("/.well-known/openid-configuration");
    let issuer = issuer
        .as_str()
        .with_context(|| format!("the issuer is {issuer}"))?;
    ensure!(
        issuer.trim_end_matches('/') == expected,
        "the issuer is «{issuer}», not «{expected}»"
    );
    Ok(())
}

/// Plain http is for tests on loopback only.
fn is_safe(url: &Url) -> bool {
    url.scheme() == "https"
        || (url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1")))
}

async fn issuer_form(op: &mut Provider) -> Outcome {
    let issuer: Url = op.issuer_text().parse()?;
    ensure!(is_safe(&issuer), "{issuer}");
    ensure!(
        issuer.query().is_none() && issuer.fragment().is_none(),
        "{issuer}"
    );
    Ok(())
}

const REQUIRED: [&str; 6] = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
];

async fn required(op: &mut Provider) -> Outcome {
    for name in REQUIRED {
        let value = &op.discovery[name];
        let right = if name.ends_with("_supported") {
            value.is_array()
        } else {
            value.is_string()
        };
        ensure!(right, "{name} is {value}");
    }
    let algorithms = &op.discovery["id_token_signing_alg_values_supported"];
    ensure!(
        algorithms.is_array(),
        "id_token_signing_alg_values_supported is {algorithms}"
    );
    Ok(())
}

async fn values(op: &mut Provider) -> Outcome {
    let has = |list: &str, value: &str| -> Outcome {
        ensure!(
            op.lists(list, value),
            "{value} isn't in {list}: {}",
            op.discovery[list]
        );
        Ok(())
    };
    has("id_token_signing_alg_values_supported", "RS256")?;
    has("response_types_supported", "code")?;
    let subjects = "subject_types_supported";
    ensure!(
        op.lists(subjects, "public") || op.lists(subjects, "pairwise"),
        "{}",
        op.discovery[subjects]
    );
    if op.discovery.get("grant_types_supported").is_some() {
        has("grant_types_supported", "authorization_code")?;
    }
    Ok(())
}

async fn lists(op: &mut Provider) -> Outcome {
    let members = op.discovery.as_object().context("no object")?;
    for (name, value) in members {
        if !name.ends_with("_supported") {
            continue;
        }
        match value {
            Value::Array(all) => {
                ensure!(!all.is_empty(), "{name} is an empty list");
                ensure!(all.iter().all(Value::is_string), "{name} is {value}");
            }
            Value::Bool(_) | Value::Object(_) => {}
            other => anyhow::bail!("{name} is {other}"),
        }
    }
    Ok(())
}

async fn endpoints(op: &mut Provider) -> Outcome {
    let members = op.discovery.as_object().context("no object")?;
    for (name, value) in members {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            let text = value
                .as_str()
                .with_context(|| format!("{name} is {value}"))?;
            let url: Url = text.parse().with_context(|| format!("{name} is {value}"))?;
            ensure!(is_safe(&url), "{name} is {url}");
            ensure!(url.fragment().is_none(), "{name} is {url}");
        }
    }
    Ok(())
}

async fn scopes(op: &mut Provider) -> Outcome {
    if op.discovery.get("scopes_supported").is_none() {
        return Err(missing("no scopes_supported"));
    }
    ensure!(
        op.lists("scopes_supported", "openid"),
        "{}",
        op.discovery["scopes_supported"]
    );
    Ok(())
}

async fn recommended(op: &mut Provider) -> Outcome {
    for name in ["userinfo_endpoint", "claims_supported", "scopes_supported"] {
        ensure!(op.discovery.get(name).is_some(), "no {name}");
    }
    ensure!(
        op.lists("claims_supported", "sub"),
        "{}",
        op.discovery["claims_supported"]
    );
    Ok(())
}

async fn request_uri_off(op: &mut Provider) -> Outcome {
    let said = &op.discovery["request_uri_parameter_supported"];
    // Nobody serves it: a server that supports the parameter would say that it can't be fetched.
    let uri = "https://unregistered.invalid/request.jwt";
    let request = op.request(&op.basic(), "openid")?.with("request_uri", uri);
    let landing = op.open(&mut op.visitor().await?, &request).await?;
    let off = landing
        .error()
        .is_ok_and(|error| error == "request_uri_not_supported");
    ensure!(!off || *said == false, "it is off, and said to be {said}");
    Ok(())
}

async fn methods(op: &mut Provider) -> Outcome {
    let list = "token_endpoint_auth_methods_supported";
    for (name, client) in op.target.clients.all() {
        let method = serde_json::to_value(client.token_endpoint_auth_method)?;
        let method = method.as_str().context("no text")?.to_owned();
        // Without the list there is one method (Discovery §3).
        let published = match op.discovery.get(list) {
            Some(_) => op.lists(list, &method),
            None => method == "client_secret_basic",
        };
        ensure!(
            published,
            "clients.{name} uses {method}, which isn't in {list}"
        );
    }
    Ok(())
}

fn keys(op: &Provider) -> Result<Vec<Value>> {
    let keys = op.jwks["keys"].as_array().context("no keys")?;
    ensure!(!keys.is_empty(), "no key at all");
    Ok(keys.clone())
}

async fn public_keys(op: &mut Provider) -> Outcome {
    for key in keys(op)? {
        ensure!(key["kty"] != "oct", "a symmetric key is published");
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            ensure!(
                key.get(name).is_none(),
                "a key has the private member {name}"
            );
        }
    }
    Ok(())
}

async fn kids(op: &mut Provider) -> Outcome {
    let mut kids = Vec::new();
    for key in keys(op)? {
        kids.push(key["kid"].as_str().context("a key without kid")?.to_owned());
    }
    let count = kids.len();
    kids.sort_unstable();
    kids.dedup();
    ensure!(kids.len() == count, "a kid comes twice");
    Ok(())
}

async fn key_forms(op: &mut Provider) -> Outcome {
    for key in keys(op)? {
        let kind = key["kty"].as_str().context("a key without kty")?;
        ensure!(
            matches!(key["use"].as_str(), Some("sig" | "enc")) || key["use"].is_null(),
            "use is {}",
            key["use"]
        );
        if kind == "RSA" {
            // 2048 bits are 342 characters of base64url (RFC 7518 §3.3).
            let modulus = key["n"].as_str().map_or(0, str::len);
            ensure!(modulus >= 342, "a modulus of {modulus} characters");
        }
    }
    Ok(())
}

async fn key_cache(op: &mut Provider) -> Outcome {
    let reply = op.application()?.get(op.endpoint("jwks_uri")?).await?;
    let control = reply.header("cache-control").to_lowercase();
    let age = control
        .split(',')
        .find_map(|it| it.trim().strip_prefix("max-age="));
    let age = age.and_then(|it| it.parse::<u64>().ok());
    match age {
        Some(seconds) if (1..=86_400).contains(&seconds) => Ok(()),
        _ => Err(discouraged(format!("cache-control is «{control}»"))),
    }
}

async fn iss_in_success(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?;
    let landing = op.authorize(&mut op.visitor().await?, &request).await?;
    landing.code()?;
    let iss = landing.callback()?.get("iss");
    ensure!(iss == Some(op.issuer_text()), "iss is {iss:?}");
    Ok(())
}

async fn iss_in_error(op: &mut Provider) -> Outcome {
    let request = op.request(&op.basic(), "openid")?.with("prompt", "none");
    let landing = op.open(&mut op.browser()?, &request).await?;
    landing.error()?;
    let iss = landing.callback()?.get("iss");
    ensure!(iss == Some(op.issuer_text()), "iss is {iss:?}");
    Ok(())
}

async fn iss_published(op: &mut Provider) -> Outcome {
    let name = "authorization_response_iss_parameter_supported";
    ensure!(op.says(name), "{name} is {}", op.discovery[name]);
    Ok(())
}
