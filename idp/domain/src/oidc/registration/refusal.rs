//! Why a client can't be registered, for its developers: the member, and what it must be.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::applications::{BadEntries, BadEntry};
use crate::oidc::{ErrorCode, OAuthError};

/// A key of entries would permit it, which is no client's to write.
const PLAIN_HTTP: &str = "is http: without \"plain_http\"";
/// Problems that are told at once.
const MOST: usize = 5;

/// One member is wrong. `redirect_uris` has a word of its own (RFC 7591 §3.2.2).
pub(super) fn at(member: &str, why: &str) -> OAuthError {
    let code = if member.starts_with("redirect_uris") {
        ErrorCode::InvalidRedirectUri
    } else {
        ErrorCode::InvalidClientMetadata
    };
    OAuthError {
        code,
        description: Cow::Owned(plain(&format!("{member}: {why}"))),
    }
}

/// What is wrong with the entry that `metadata` would become, by the members that it came from.
pub(super) fn of(problems: &BadEntries, metadata: &Map<String, Value>) -> OAuthError {
    let mut told: Vec<String> = Vec::new();
    for problem in &problems.0 {
        let one = format!("{}: {}", member(problem), requirement(problem, metadata));
        if told.len() < MOST && !told.contains(&one) {
            told.push(one);
        }
    }
    let of_redirects = |problem: &BadEntry| member(problem).starts_with("redirect_uris");
    let code = if problems.0.iter().any(of_redirects) {
        ErrorCode::InvalidRedirectUri
    } else {
        ErrorCode::InvalidClientMetadata
    };
    OAuthError {
        code,
        description: Cow::Owned(plain(&told.join("; "))),
    }
}

/// `the entry ("dyn-1"), oidc.redirect_uris[0]` is the client's `redirect_uris[0]`.
fn member(problem: &BadEntry) -> &str {
    let key = problem.place.rsplit_once(", ").map_or("", |(_, key)| key);
    match key.strip_prefix("oidc.").unwrap_or(key) {
        "name.zh-CN" | "name.en" => "client_name",
        scopes if scopes.starts_with("scopes") => "scope",
        "" => "the metadata",
        member => member,
    }
}

/// The problem without the client's own words, which stand in front of it, or behind "invalid
/// type" and "unknown variant" where the value had another shape.
fn requirement<'a>(problem: &'a BadEntry, metadata: &Map<String, Value>) -> &'a str {
    let all = metadata.values().flat_map(|value| match value {
        Value::Array(values) => values.iter().collect::<Vec<_>>(),
        one => vec![one],
    });
    let mut said = problem.problem.as_str();
    for text in all.filter_map(Value::as_str) {
        if let Some(rest) = said.strip_prefix(&format!("{text:?} ")) {
            said = rest;
            break;
        }
    }
    if let Some(at) = said.rfind("expected ") {
        said = &said[at..];
    }
    if said.starts_with(PLAIN_HTTP) {
        return "must start with https://";
    }
    said.rsplit_once(" at line ").map_or(said, |(said, _)| said)
}

/// The characters that RFC 6749 §5.2 permits.
fn plain(text: &str) -> String {
    let permitted = |c: char| c == ' ' || c.is_ascii_graphic() && c != '\\';
    let quoted = text.replace('"', "'");
    quoted.chars().filter(|c| permitted(*c)).collect()
}
