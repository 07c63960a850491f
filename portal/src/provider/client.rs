//! The types of `openidconnect`, with the claims and metadata that this hall asks for.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, ClientId, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, LogoutProviderMetadata,
    ProviderMetadata, RedirectUrl, StandardErrorResponse, StandardTokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};

use crate::config::{CALLBACK, Config};

/// What the ID token has besides OpenID Connect Core's own claims.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionClaims {
    /// Back-Channel Logout 1.0 §2.1: the provider's name for the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
}

impl AdditionalClaims for SessionClaims {}

/// What the campus tells of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CampusClaims {
    #[serde(default)]
    pub(crate) numbers: Vec<NumberClaim>,
    #[serde(default)]
    pub(crate) eduperson_affiliation: OneOrMore,
    #[serde(default)]
    pub(crate) org: OneOrMore,
}

/// One of a person's account numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NumberClaim {
    pub(crate) number: String,
    pub(crate) affiliation: Option<String>,
    pub(crate) org: OneOrMore,
}

/// A text, or a list of them: entries of the registry may rename and so reshape a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMore {
    #[default]
    None,
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    pub(crate) fn first(&self) -> Option<&str> {
        match self {
            Self::None => None,
            Self::One(text) => Some(text),
            Self::More(texts) => texts.first().map(String::as_str),
        }
    }

    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::None => &[],
            Self::One(text) => std::slice::from_ref(text),
            Self::More(texts) => texts,
        }
    }
}

impl AdditionalClaims for CampusClaims {}

/// What the provider says of itself besides Discovery 1.0 and RP-Initiated Logout 1.0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IssMetadata {
    /// RFC 9207 §3
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for IssMetadata {}

pub(crate) type Metadata = ProviderMetadata<
    LogoutProviderMetadata<IssMetadata>,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(crate) type Fields = IdTokenFields<
    SessionClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(crate) type TokenAnswer = StandardTokenResponse<Fields, CoreTokenType>;

pub(crate) type UserInfo = UserInfoClaims<CampusClaims, CoreGenderClaim>;

pub(crate) type Client = openidconnect::Client<
    SessionClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    TokenAnswer,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The hall as the provider knows it.
pub(crate) fn client(config: &Config, metadata: &Metadata) -> Client {
    let secret = openidconnect::ClientSecret::new(config.client_secret.as_str().to_owned());
    let client = Client::from_provider_metadata(
        metadata.clone(),
        ClientId::new(config.client_id.clone()),
        Some(secret),
    );
    // Our own address was a URL when it was read.
    match RedirectUrl::new(config.at(CALLBACK)) {
        Ok(redirect) => client.set_redirect_uri(redirect),
        Err(_) => client,
    }
}
