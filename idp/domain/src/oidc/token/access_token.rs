use serde::Serialize;

/// What an access token that can be read says (RFC 9068 §2.2).
#[derive(Clone, Debug, Serialize)]
pub struct AccessTokenClaims<'a> {
    pub iss: &'a str,
    pub sub: &'a str,
    /// One text, or a list of several.
    pub aud: Audience<'a>,
    pub client_id: &'a str,
    /// Absent where there is none (RFC 9068 §2.2.3).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    pub jti: &'a str,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
    /// When and how she signed in; nothing of an application itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation<'a>>,
}

/// For whom it is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

impl<'a> From<&'a [String]> for Audience<'a> {
    fn from(audiences: &'a [String]) -> Self {
        match audiences {
            [one] => Self::One(one),
            several => Self::Several(several),
        }
    }
}

/// The key that must come along (RFC 7800 §3.1, RFC 9449 §6.1).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Confirmation<'a> {
    pub jkt: &'a str,
}
