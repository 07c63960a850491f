use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Parameters;
use crate::oidc::{ClaimAsk, ClaimsRequest, ErrorCode, OAuthError};

const MOST_BYTES: usize = 4 * 1024;
/// In each of the two places.
const MOST_CLAIMS: usize = 64;
const MOST_VALUES: usize = 16;
const LONGEST_NAME: usize = 256;

/// The `claims` parameter (OpenID Connect Core §5.5). Members and claims that nobody understands
/// are kept or left out without a word; what is no claims request at all is refused.
///
/// # Errors
/// `invalid_request`
pub(super) fn read(parameters: &Parameters) -> Result<ClaimsRequest, OAuthError> {
    match parameters.get("claims") {
        None => Ok(ClaimsRequest::default()),
        Some(text) => parse(text).ok_or(OAuthError::new(
            ErrorCode::InvalidRequest,
            "claims is no claims request of OpenID Connect Core 5.5",
        )),
    }
}

fn parse(text: &str) -> Option<ClaimsRequest> {
    if text.len() > MOST_BYTES {
        return None;
    }
    // The reader itself bounds the depth.
    let members: Map<String, Value> = serde_json::from_str(text).ok()?;
    let place = |name: &str| match members.get(name) {
        None => Some(BTreeMap::new()),
        Some(Value::Object(asked)) => asks(asked),
        Some(_) => None,
    };
    Some(ClaimsRequest {
        userinfo: place("userinfo")?,
        id_token: place("id_token")?,
    })
}

fn asks(asked: &Map<String, Value>) -> Option<BTreeMap<String, ClaimAsk>> {
    if asked.len() > MOST_CLAIMS {
        return None;
    }
    let mut asks = BTreeMap::new();
    for (name, how) in asked {
        if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return None;
        }
        asks.insert(name.clone(), ask(how)?);
    }
    Some(asks)
}

/// `null`, or an object of `essential`, `value`, `values` (§5.5.1).
fn ask(how: &Value) -> Option<ClaimAsk> {
    let members = match how {
        Value::Null => return Some(ClaimAsk::default()),
        Value::Object(members) => members,
        _ => return None,
    };
    let essential = match members.get("essential") {
        None => false,
        Some(essential) => essential.as_bool()?,
    };
    let mut values = match members.get("values") {
        None => Vec::new(),
        Some(values) => values.as_array()?.clone(),
    };
    values.extend(members.get("value").cloned());
    // Nothing nested is a value that any of our claims has.
    let simple = |value: &Value| {
        let nul = value.as_str().is_some_and(|text| text.contains('\0'));
        !value.is_object() && !value.is_array() && !nul
    };
    if values.len() > MOST_VALUES || !values.iter().all(simple) {
        return None;
    }
    Some(ClaimAsk { essential, values })
}
