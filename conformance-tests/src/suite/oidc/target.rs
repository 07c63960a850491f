//! What the suite is told of a server: who signs in there, and which clients it knows. A file of
//! TOML; the names of a client's members are those of RFC 7591 and its companions.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::keys::{Key, PrivateJwk};

/// A server's accounts and clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Where the suite listens for logout tokens. The back-channel addresses of the clients lead
    /// there, by themselves or by way of `listen_url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The address by which the server reaches `listen`, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_url: Option<String>,
    /// How long a code lives, seconds: its end is waited for. Unknown: it isn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_lifetime: Option<u64>,
    /// The names of the login form's fields, where they can't be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_field: Option<String>,
    /// Who signs in.
    pub user: Account,
    /// Somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_user: Option<Account>,
    /// Boxed: they are many, and futures hold them.
    pub clients: Box<Clients>,
}

/// Somebody who signs in with a password and nothing more.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub name: String,
    pub password: String,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The clients by the part they play; only `basic` has to be there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clients {
    /// `client_secret_basic`: most cases are played with it.
    pub basic: Client,
    /// `client_secret_post`, another application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post: Option<Client>,
    /// `private_key_jwt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Client>,
    /// `none`; best a native one that also has `http://127.0.0.1/…` as redirect URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public: Option<Client>,
    /// One that may use the device grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Client>,
    /// One whose subjects are pairwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pairwise: Option<Client>,
    /// One that has to push its requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pushing: Option<Client>,
    /// One for which people are asked for their consent, and nobody gave it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asking: Option<Client>,
    /// One that wants signed answers of `UserInfo`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed: Option<Client>,
    /// One whose access tokens are no JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opaque: Option<Client>,
    /// One whose proofs of possession have to hold a nonce of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Client>,
    /// One that is told of logouts by the browser, and by nobody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub front: Option<Client>,
    /// One that the server holds to the FAPI 2.0 Security Profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fapi: Option<Client>,
}

/// How a client shows who it is at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
    None,
}

/// A client as it is registered at the server.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    pub token_endpoint_auth_method: AuthMethod,
    /// Its private key; the server is told the public half.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PrivateJwk>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(default = "code_grant")]
    pub grant_types: Vec<String>,
    /// What it may ask for.
    #[serde(default = "all_scopes")]
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_pushed_authorization_requests: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dpop_bound_access_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontchannel_logout_uri: Option<String>,
    /// Whether the server demands PKCE of it; a public client has to use it anyway.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_pkce: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// RFC 8628 §3.4.
pub const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

pub(super) fn code_grant() -> Vec<String> {
    vec!["authorization_code".to_owned()]
}

pub(super) fn all_scopes() -> String {
    "openid profile email phone address".to_owned()
}

impl Target {
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    pub fn parse(text: &str) -> Result<Self> {
        let target: Self = toml::from_str(text)?;
        for (name, client) in target.clients.all() {
            client.check().with_context(|| format!("clients.{name}"))?;
        }
        if let Some(url) = &target.listen_url {
            Url::parse(url).context("listen_url")?;
        }
        let basic = &target.clients.basic;
        ensure!(
            !basic.redirect_uris.is_empty(),
            "clients.basic has no redirect URI"
        );
        Ok(target)
    }
}

impl Clients {
    /// Those that are there, with their parts.
    pub fn all(&self) -> Vec<(&'static str, &Client)> {
        let optional = [
            ("post", &self.post),
            ("key", &self.key),
            ("public", &self.public),
            ("device", &self.device),
            ("pairwise", &self.pairwise),
            ("pushing", &self.pushing),
            ("asking", &self.asking),
            ("signed", &self.signed),
            ("opaque", &self.opaque),
            ("nonce", &self.nonce),
            ("front", &self.front),
            ("fapi", &self.fapi),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(name, client)| Some((name, client.as_ref()?)));
        std::iter::once(("basic", &self.basic))
            .chain(optional)
            .collect()
    }
}

impl Client {
    fn check(&self) -> Result<()> {
        let logouts = [&self.backchannel_logout_uri, &self.frontchannel_logout_uri];
        for uri in self
            .redirect_uris
            .iter()
            .chain(logouts.into_iter().flatten())
        {
            Url::parse(uri).with_context(|| uri.clone())?;
        }
        match self.token_endpoint_auth_method {
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => {
                ensure!(self.client_secret.is_some(), "no client_secret");
            }
            AuthMethod::PrivateKeyJwt => {
                let key = self.key.as_ref().context("no key")?;
                Key::from_jwk(key)?;
            }
            AuthMethod::None => {}
        }
        Ok(())
    }

    /// The first redirect URI.
    pub fn redirect_uri(&self) -> &str {
        self.redirect_uris.first().map_or("", String::as_str)
    }

    /// Whether it may use a grant.
    pub fn may(&self, grant: &str) -> bool {
        self.grant_types.iter().any(|it| it == grant)
    }

    /// Its metadata as RFC 7591 §2 and its companions name it, with the `client_id` and the secret
    /// that it is to have.
    pub fn metadata(&self) -> Result<Value> {
        let mut metadata = serde_json::to_value(self)?;
        let members = metadata.as_object_mut().context("no object")?;
        members.remove("require_pkce");
        if members.remove("key").is_some() {
            members.insert("jwks".to_owned(), self.public_jwks()?);
        }
        let types = if self.may("authorization_code") {
            vec!["code"]
        } else {
            Vec::new()
        };
        members.insert("response_types".to_owned(), json!(types));
        if self.backchannel_logout_uri.is_some() {
            members.insert(
                "backchannel_logout_session_required".to_owned(),
                json!(true),
            );
        }
        if self.frontchannel_logout_uri.is_some() {
            members.insert(
                "frontchannel_logout_session_required".to_owned(),
                json!(true),
            );
        }
        Ok(metadata)
    }

    fn public_jwks(&self) -> Result<Value> {
        let Some(jwk) = &self.key else {
            return Ok(json!({ "keys": [] }));
        };
        let mut public = Key::from_jwk(jwk)?.public_jwk();
        public["use"] = json!("sig");
        public["alg"] = json!("ES256");
        Ok(json!({ "keys": [public] }))
    }
}
