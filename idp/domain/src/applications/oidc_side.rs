use serde::{Deserialize, Serialize};

use super::{ClientId, ClientKeys, ProvenRedirect, RedirectUri, RegisteredUrl, SecretHash};
use crate::oidc::Scopes;
use crate::oidc::jose::SigningAlgorithm;

/// How an application speaks OpenID Connect: the registered client (OIDC Registration §2,
/// RFC 7591 §2). What can't stand together was refused when the entry was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the metadata of RFC 7591, RFC 9126, RFC 9449"
)]
pub struct OidcSide {
    pub client_id: ClientId,
    pub authentication: ClientAuthentication,
    /// Keys that a client has who proves itself otherwise; nothing is checked by them.
    pub spare_keys: Option<ClientKeys>,
    /// At least one with [`GrantType::AuthorizationCode`].
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where our server tells the end of a session.
    pub back_channel_logout: Option<LogoutUri>,
    /// Where the person's browser tells it.
    pub front_channel_logout: Option<LogoutUri>,
    /// At least one.
    pub grant_types: Vec<GrantType>,
    /// What it may ask for.
    pub scopes: Scopes,
    pub subject_type: SubjectType,
    /// Always true for a public client.
    pub require_pkce: bool,
    /// Always true with [`Profile::Fapi2`].
    pub require_pushed_authorization_requests: bool,
    /// Always true with [`Profile::Fapi2`].
    pub dpop_bound_access_tokens: bool,
    /// Its proofs must hold a nonce of ours (RFC 9449 §8).
    pub dpop_nonce: bool,
    pub profile: Option<Profile>,
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// Where not, plain JSON.
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    pub access_token_format: AccessTokenFormat,
    /// The resources that it may name (RFC 8707); byte for byte.
    pub audiences: Vec<String>,
    /// The resources that it is: it may ask about tokens for them (RFC 7662 §4).
    pub resource_server_for: Vec<String>,
    pub application_type: ApplicationType,
    /// `http:` redirect URIs are meant.
    pub plain_http: bool,
    pub consent: Consent,
    /// Seconds, where a request says none (OIDC Core §3.1.2.1 `max_age`).
    pub default_max_age: Option<u32>,
    pub require_auth_time: bool,
    /// Where the application begins a sign-in that others ask it for (OIDC Core §4).
    pub initiate_login_uri: Option<RegisteredUrl>,
}

impl OidcSide {
    /// True when it has nothing to prove itself with (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.authentication == ClientAuthentication::None
    }

    pub fn is_fapi2(&self) -> bool {
        self.profile == Some(Profile::Fapi2)
    }

    pub fn grants(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    pub fn may_name(&self, resource: &str) -> bool {
        self.audiences.iter().any(|known| known == resource)
    }

    pub fn serves(&self, audience: &str) -> bool {
        let mut served = self.resource_server_for.iter();
        served.any(|known| known == audience)
    }

    /// Whether nobody but the application itself can receive what is sent to it: it proves itself,
    /// or it owns the hosts it is reached at. Of others anybody's program on the same device can
    /// take the place, so what was once consented to doesn't count a second time (RFC 8252 §8.6).
    pub fn is_assured(&self) -> bool {
        !self.is_public() || self.redirect_uris.iter().all(RedirectUri::has_host)
    }

    /// Whether people are asked at all. In the place of an application that can't prove itself,
    /// and is reached at an address that anybody's program can take, stands who it may
    /// (RFC 8252 §8.6, OID-27).
    pub fn asks_people(&self) -> bool {
        self.consent == Consent::Ask || !self.is_assured()
    }

    /// The proof that a browser may be sent to `raw`, which is one of the registered ones byte for
    /// byte, the port of a native application's loopback address aside (OID-01).
    pub(super) fn redirect(&self, raw: &str) -> Option<ProvenRedirect> {
        self.among(&self.redirect_uris, raw)
    }

    pub(super) fn post_logout_redirect(&self, raw: &str) -> Option<ProvenRedirect> {
        self.among(&self.post_logout_redirect_uris, raw)
    }

    fn among(&self, registered: &[RedirectUri], raw: &str) -> Option<ProvenRedirect> {
        // RFC 8252 §7.3; the FAPI 2.0 profile compares whole.
        let free_port = self.application_type == ApplicationType::Native && !self.is_fapi2();
        let mut exact = registered.iter();
        exact
            .find_map(|uri| uri.prove(raw, false))
            .or_else(|| registered.iter().find_map(|uri| uri.prove(raw, free_port)))
    }
}

/// How a client proves at the token endpoint that it is the one (OIDC Core §9), and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// Not at all: a public client.
    None,
    /// In the `Authorization` header.
    SecretBasic(SecretHash),
    /// In the form.
    SecretPost(SecretHash),
    /// By an assertion that it signs (RFC 7523).
    PrivateKeyJwt {
        keys: ClientKeys,
        /// The only one that it may sign with; where none is named, the one of its key.
        algorithm: Option<SigningAlgorithm>,
    },
}

impl ClientAuthentication {
    pub fn method(&self) -> AuthMethod {
        match self {
            Self::None => AuthMethod::None,
            Self::SecretBasic(_) => AuthMethod::ClientSecretBasic,
            Self::SecretPost(_) => AuthMethod::ClientSecretPost,
            Self::PrivateKeyJwt { .. } => AuthMethod::PrivateKeyJwt,
        }
    }

    /// The keys that it signs assertions with, if it does.
    pub fn keys(&self) -> Option<&ClientKeys> {
        match self {
            Self::PrivateKeyJwt { keys, .. } => Some(keys),
            Self::None | Self::SecretBasic(_) | Self::SecretPost(_) => None,
        }
    }

    /// The hash of its secret, if it has one.
    pub fn secret(&self) -> Option<&SecretHash> {
        match self {
            Self::SecretBasic(hash) | Self::SecretPost(hash) => Some(hash),
            Self::None | Self::PrivateKeyJwt { .. } => None,
        }
    }
}

/// The words of `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    None,
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
}

impl AuthMethod {
    pub const ALL: [Self; 4] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// How a client comes by tokens. There is no implicit one and none with a password (OID-22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantType {
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// For itself, without a person.
    #[serde(rename = "client_credentials")]
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// By which name a person is known to it (OIDC Core §8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectType {
    Public,
    /// By another name in each sector, so that applications can't compare their people.
    Pairwise {
        /// ASCII, lower case.
        sector: String,
    },
}

impl SubjectType {
    /// The words of `subject_type`.
    pub const WORDS: [&str; 2] = ["public", "pairwise"];
}

/// A set of rules beyond the entry's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// FAPI 2.0 Security Profile.
    Fapi2,
}

/// Whether people are asked before it is told about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// It is the school's own.
    Implicit,
    Ask,
}

/// What its access tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenFormat {
    /// RFC 9068.
    #[default]
    Jwt,
    Opaque,
}

/// Where it runs (OIDC Registration §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationType {
    #[default]
    Web,
    /// On the person's own device (RFC 8252).
    Native,
}

/// Where the end of a session is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutUri {
    pub uri: RegisteredUrl,
    /// The notice must name the session (`sid`).
    pub session_required: bool,
}
