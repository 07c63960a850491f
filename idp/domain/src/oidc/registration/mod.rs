//! What a client says of itself when it registers (RFC 7591 §2, OpenID Connect Registration §2),
//! read as the entry that an administrator could have written, and no more than that.

mod permission;
mod refusal;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub use self::permission::{BadPermission, Permission};
use super::{OAuthError, Scope};
use crate::accounts::{is_forbidden, is_invisible};
use crate::applications::{Application, ApplicationId, ClientKeys, OidcSide};

/// What is taken over as it is. Whatever else a client says is ignored (RFC 7591 §2), so that
/// nothing of it widens what the entry may do: no audiences, no plain http, no consent of its own.
const TAKEN: &[&str] = &[
    "redirect_uris",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "backchannel_logout_session_required",
    "frontchannel_logout_uri",
    "frontchannel_logout_session_required",
    "token_endpoint_auth_method",
    "token_endpoint_auth_signing_alg",
    "jwks",
    "jwks_uri",
    "grant_types",
    "response_types",
    "subject_type",
    "require_pushed_authorization_requests",
    "dpop_bound_access_tokens",
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "application_type",
    "default_max_age",
    "require_auth_time",
    "initiate_login_uri",
];
/// Grants for people who are there; what an application may do for itself or a device is for the
/// school to say.
const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];
/// What would widen the entry, and can't be left out unheard: the client would rely on it.
const UNSUPPORTED: [&str; 2] = ["sector_identifier_uri", "software_statement"];

/// Who registers, and what the administrator's token lets it have.
#[derive(Clone, Copy, Debug)]
pub struct Registrant<'a> {
    /// Made for it; also its client id.
    pub id: &'a ApplicationId,
    /// Made for it, unless it proves itself in another way.
    pub secret: Option<&'a str>,
    pub permission: &'a Permission,
    pub demo: bool,
}

/// Whether the client needs a secret made for it.
pub fn wants_secret(metadata: &Map<String, Value>) -> bool {
    let method = metadata.get("token_endpoint_auth_method");
    match method.and_then(Value::as_str) {
        None => true,
        Some(method) => method.starts_with("client_secret_"),
    }
}

/// The entry of a client that registers itself: people are always asked, they see whom to ask
/// about it, and our server asks no address but those where its browsers are sent to anyway
/// (OID-09, OID-30).
///
/// # Errors
/// `invalid_redirect_uri`, `invalid_client_metadata`, each with the member that is wrong.
pub fn entry(
    metadata: &Map<String, Value>,
    registrant: Registrant<'_>,
) -> Result<Application, OAuthError> {
    refuse_unsupported(metadata)?;
    let mut side: Map<String, Value> = TAKEN
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), metadata.get(*name)?.clone())))
        .filter(|(_, value)| !value.is_null())
        .collect();
    side.insert("client_id".into(), registrant.id.as_str().into());
    side.insert("consent".into(), "ask".into());
    if let Some(secret) = registrant.secret {
        side.insert("client_secret".into(), secret.into());
    }
    if let Some(words) = scopes(metadata)? {
        side.insert("scopes".into(), words.into());
    }
    let permission = registrant.permission;
    let release: Vec<&str> = permission.releasable.iter().map(|a| a.as_str()).collect();
    let label = permission.label.as_str();
    let entry = json!({
        "id": registrant.id.as_str(),
        "name": {
            "zh-CN": name(metadata, &["client_name#zh-CN", "client_name#zh"], registrant.id)?,
            "en": name(metadata, &["client_name#en"], registrant.id)?,
        },
        "contact": { "zh-CN": label, "en": label },
        "oidc": side,
        "release": release,
    });
    let application = Application::from_json(&entry, registrant.demo)
        .map_err(|problems| refusal::of(&problems, metadata))?;
    if let Some(side) = &application.oidc {
        stays_at_home(side)?;
        within(permission, side)?;
    }
    Ok(application)
}

/// What is registered (RFC 7591 §3.2.1), by the names that clients have for it, and without what
/// it proves itself by.
pub fn described(application: &Application) -> Map<String, Value> {
    let entry = application.to_json();
    let mut document: Map<String, Value> = TAKEN
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), entry["oidc"].get(*name)?.clone())))
        .collect();
    let names = &application.names;
    document.insert("client_name".into(), names.en.as_str().into());
    if names.zh_cn != names.en {
        document.insert("client_name#zh-CN".into(), names.zh_cn.as_str().into());
    }
    if let Some(side) = &application.oidc {
        document.insert("client_id".into(), side.client_id.as_str().into());
        document.insert("response_types".into(), json!(["code"]));
        document.insert("scope".into(), side.scopes.to_string().into());
    }
    document
}

fn refuse_unsupported(metadata: &Map<String, Value>) -> Result<(), OAuthError> {
    for name in UNSUPPORTED {
        if metadata.contains_key(name) {
            return Err(refusal::at(name, "is not supported"));
        }
    }
    let Some(grants) = metadata.get("grant_types").filter(|all| !all.is_null()) else {
        return Ok(());
    };
    let known = |grant: &Value| grant.as_str().is_some_and(|g| GRANTS.contains(&g));
    // Anything but a list is refused with the entry.
    let wrong = grants.as_array().into_iter().flatten().any(|g| !known(g));
    if wrong {
        let why = "may be authorization_code and refresh_token";
        return Err(refusal::at("grant_types", why));
    }
    Ok(())
}

/// The scopes of ours that it asks for; others are for applications that the school knows.
fn scopes(metadata: &Map<String, Value>) -> Result<Option<Vec<&str>>, OAuthError> {
    let Some(scope) = metadata.get("scope").filter(|scope| !scope.is_null()) else {
        return Ok(None);
    };
    let text = scope.as_str();
    let text = text.ok_or_else(|| refusal::at("scope", "must be a text"))?;
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let ours = |word: &str| Scope::OURS.iter().any(|scope| scope.as_str() == word);
    if words.iter().all(|word| ours(word)) {
        Ok(Some(words))
    } else {
        let all: Vec<&str> = Scope::OURS.iter().map(Scope::as_str).collect();
        let why = format!("may be of {}", all.join(" "));
        Err(refusal::at("scope", &why))
    }
}

/// Its name in a language (RFC 7591 §2.2), or the one without a language, or its id. Nothing that
/// nobody sees may make it look like another one's.
fn name(
    metadata: &Map<String, Value>,
    tagged: &[&str],
    id: &ApplicationId,
) -> Result<String, OAuthError> {
    let mut names = tagged.iter().chain(&["client_name"]);
    let found = names.find_map(|name| {
        let value = metadata.get(*name)?;
        (!value.is_null()).then_some((name, value))
    });
    let Some((member, value)) = found else {
        return Ok(id.to_string());
    };
    let text = value.as_str();
    let text = text.ok_or_else(|| refusal::at(member, "must be a text"))?;
    if text.chars().any(|c| is_invisible(c) || is_forbidden(c)) {
        return Err(refusal::at(member, "has a character that nobody sees"));
    }
    Ok(text.trim().to_owned())
}

/// Our server is sent by a client only to where it receives people's codes: scheme, host and port
/// of a redirect URI (OID-09). Whether such an address may be asked at all is the egress policy's.
fn stays_at_home(side: &OidcSide) -> Result<(), OAuthError> {
    let home = |origin: &str| side.redirect_uris.iter().any(|uri| uri.origin() == origin);
    let keys = match side.authentication.keys().or(side.spare_keys.as_ref()) {
        Some(ClientKeys::Uri(address)) => Some(address),
        Some(ClientKeys::Set(_)) | None => None,
    };
    let told = side.back_channel_logout.as_ref().map(|told| &told.uri);
    for (member, address) in [("jwks_uri", keys), ("backchannel_logout_uri", told)] {
        if address.is_some_and(|address| !home(address.origin())) {
            let why = "must have scheme, host and port of one of the redirect_uris";
            return Err(refusal::at(member, why));
        }
    }
    Ok(())
}

/// Browsers are sent only to hosts that the administrator named, if any were named; an application on
/// somebody's own device is at none.
fn within(permission: &Permission, side: &OidcSide) -> Result<(), OAuthError> {
    let why = "is at a host that the token is not for";
    let lists = [
        ("redirect_uris", &side.redirect_uris),
        ("post_logout_redirect_uris", &side.post_logout_redirect_uris),
    ];
    for (name, uris) in lists {
        for (index, uri) in uris.iter().enumerate() {
            let host = uri.host().filter(|_| uri.has_host());
            if host.is_some_and(|host| !permission.admits(host)) {
                return Err(refusal::at(&format!("{name}[{index}]"), why));
            }
        }
    }
    let begins = side.initiate_login_uri.as_ref();
    if begins.is_some_and(|uri| !permission.admits(uri.outbound().host())) {
        return Err(refusal::at("initiate_login_uri", why));
    }
    Ok(())
}
