use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::ids::GrantId;

/// How long an application may take a logout token for good (Back-Channel Logout 1.0 §2.4: no more
/// than two minutes are recommended).
pub const LOGOUT_TOKEN_TTL: SignedDuration = SignedDuration::from_mins(2);

/// What a client is told at the end of a session that it has a grant in (Back-Channel Logout 1.0
/// §2.4). There is no `nonce`, by which an ID token is recognised.
#[derive(Clone, Debug, Serialize)]
pub struct LogoutToken<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sub: &'a str,
    sid: String,
    events: Events,
}

/// What makes a token a logout token (§2.4).
#[derive(Clone, Debug, Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Empty,
}

/// `{}`
#[derive(Clone, Debug, Serialize)]
struct Empty {}

impl<'a> LogoutToken<'a> {
    /// `id` is drawn for each token, also where the same end is told again.
    pub fn new(
        issuer: &'a str,
        client_id: &'a str,
        subject: &'a str,
        sid: GrantId,
        id: String,
        now: Timestamp,
    ) -> Self {
        let iat = now.as_second();
        Self {
            iss: issuer,
            aud: client_id,
            iat,
            exp: iat.saturating_add(LOGOUT_TOKEN_TTL.as_secs()),
            jti: id,
            sub: subject,
            sid: sid.to_string(),
            events: Events { logout: Empty {} },
        }
    }
}
