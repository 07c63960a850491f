use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::texts;
use crate::applications::{
    AccessTokenFormat, ApplicationType, AuthMethod, ClientAuthentication, ClientKeys, Consent,
    GrantType, LogoutUri, OidcSide, Profile, RegisteredUrl, SubjectType,
};
use crate::oidc::jose::SigningAlgorithm;

/// The names are those of client metadata (OIDC Registration §2, RFC 7591 §2) where it has them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the metadata of RFC 7591, RFC 9126, RFC 9449"
)]
pub(in super::super) struct EntryOidc {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) client_id: Option<String>,
    /// Read only: what is kept is its hash.
    #[serde(default, skip_serializing)]
    pub(in super::super) client_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) client_secret_sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) post_logout_redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) backchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(in super::super) backchannel_logout_session_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) frontchannel_logout_uri: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(in super::super) frontchannel_logout_session_required: bool,
    #[serde(default)]
    pub(in super::super) token_endpoint_auth_method: AuthMethod,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) token_endpoint_auth_signing_alg: Option<SigningAlgorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) jwks: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) jwks_uri: Option<String>,
    #[serde(default = "code_alone")]
    pub(in super::super) grant_types: Vec<GrantType>,
    /// Read only: there is one.
    #[serde(default, skip_serializing)]
    pub(in super::super) response_types: Option<Vec<ResponseType>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) scopes: Option<Vec<String>>,
    #[serde(default)]
    pub(in super::super) subject_type: SubjectWord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) sector_identifier: Option<String>,
    #[serde(default = "super::yes")]
    pub(in super::super) require_pkce: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) require_pushed_authorization_requests: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) dpop_bound_access_tokens: Option<bool>,
    #[serde(default)]
    pub(in super::super) dpop_nonce: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) profile: Option<Profile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) id_token_signed_response_alg: Option<SigningAlgorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) userinfo_signed_response_alg: Option<SigningAlgorithm>,
    #[serde(default)]
    pub(in super::super) access_token_format: AccessTokenFormat,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) audiences: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) resource_server_for: Vec<String>,
    #[serde(default)]
    pub(in super::super) application_type: ApplicationType,
    #[serde(default)]
    pub(in super::super) plain_http: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) consent: Option<Consent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) default_max_age: Option<u32>,
    #[serde(default)]
    pub(in super::super) require_auth_time: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) initiate_login_uri: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(value: &bool) -> bool {
    !value
}

fn code_alone() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode]
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum ResponseType {
    Code,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum SubjectWord {
    #[default]
    Public,
    Pairwise,
}

impl EntryOidc {
    pub(super) fn of(oidc: &OidcSide) -> Self {
        let url = |url: &RegisteredUrl| url.as_str().to_owned();
        let uri = |told: &Option<LogoutUri>| told.as_ref().map(|told| url(&told.uri));
        let session = |told: &Option<LogoutUri>| told.as_ref().is_some_and(|t| t.session_required);
        let (keys, auth_alg) = match &oidc.authentication {
            ClientAuthentication::PrivateKeyJwt { keys, algorithm } => (Some(keys), *algorithm),
            _ => (oidc.spare_keys.as_ref(), None),
        };
        let (jwks, jwks_uri) = match keys {
            None => (None, None),
            Some(ClientKeys::Set(keys)) => (Some(keys.to_json()), None),
            Some(ClientKeys::Uri(address)) => (None, Some(url(address))),
        };
        let (subject_type, sector_identifier) = match &oidc.subject_type {
            SubjectType::Public => (SubjectWord::Public, None),
            SubjectType::Pairwise { sector } => (SubjectWord::Pairwise, Some(sector.clone())),
        };
        Self {
            client_id: Some(oidc.client_id.to_string()),
            client_secret: None,
            client_secret_sha256: oidc.authentication.secret().map(|hash| hash.to_hex()),
            redirect_uris: texts(&oidc.redirect_uris),
            post_logout_redirect_uris: texts(&oidc.post_logout_redirect_uris),
            backchannel_logout_uri: uri(&oidc.back_channel_logout),
            backchannel_logout_session_required: session(&oidc.back_channel_logout),
            frontchannel_logout_uri: uri(&oidc.front_channel_logout),
            frontchannel_logout_session_required: session(&oidc.front_channel_logout),
            token_endpoint_auth_method: oidc.authentication.method(),
            token_endpoint_auth_signing_alg: auth_alg,
            jwks,
            jwks_uri,
            grant_types: oidc.grant_types.clone(),
            response_types: None,
            scopes: Some(oidc.scopes.iter().map(ToString::to_string).collect()),
            subject_type,
            sector_identifier,
            require_pkce: oidc.require_pkce,
            require_pushed_authorization_requests: Some(oidc.require_pushed_authorization_requests),
            dpop_bound_access_tokens: Some(oidc.dpop_bound_access_tokens),
            dpop_nonce: oidc.dpop_nonce,
            profile: oidc.profile,
            id_token_signed_response_alg: Some(oidc.id_token_signed_response_alg),
            userinfo_signed_response_alg: oidc.userinfo_signed_response_alg,
            access_token_format: oidc.access_token_format,
            audiences: oidc.audiences.clone(),
            resource_server_for: oidc.resource_server_for.clone(),
            application_type: oidc.application_type,
            plain_http: oidc.plain_http,
            consent: Some(oidc.consent),
            default_max_age: oidc.default_max_age,
            require_auth_time: oidc.require_auth_time,
            initiate_login_uri: oidc.initiate_login_uri.as_ref().map(url),
        }
    }
}
