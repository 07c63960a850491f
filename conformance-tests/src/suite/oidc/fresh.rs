//! A new target with every client, whose secrets and keys nobody knows yet.

use std::net::SocketAddr;

use anyhow::Result;

use super::keys::{Key, random};
use super::target::{
    Account, AuthMethod, Client, Clients, DEVICE_GRANT, Target, all_scopes, code_grant,
};

const REFRESH: &str = "refresh_token";

/// What a client with refresh tokens asks for too (OpenID Connect Core §11).
fn offline_scopes() -> String {
    format!("{} offline_access", all_scopes())
}

impl Target {
    /// A new one; the suite listens for logout tokens at `listen`.
    pub fn fresh(listen: SocketAddr, user: Account, other_user: Option<Account>) -> Result<Self> {
        Ok(Self {
            listen: Some(listen),
            listen_url: None,
            code_lifetime: None,
            username_field: None,
            password_field: None,
            user,
            other_user,
            clients: Box::new(Clients {
                basic: basic(listen)?,
                post: Some(post(listen)?),
                key: Some(key()?),
                public: Some(public()?),
                device: Some(device()?),
                pairwise: Some(Client {
                    subject_type: Some("pairwise".to_owned()),
                    ..Client::fresh("pairwise", AuthMethod::ClientSecretBasic)?
                }),
                pushing: Some(Client {
                    require_pushed_authorization_requests: Some(true),
                    ..Client::fresh("pushing", AuthMethod::ClientSecretPost)?
                }),
                asking: Some(Client::fresh("asking", AuthMethod::ClientSecretBasic)?),
                signed: Some(Client {
                    id_token_signed_response_alg: Some("EdDSA".to_owned()),
                    userinfo_signed_response_alg: Some("ES256".to_owned()),
                    ..Client::fresh("signed", AuthMethod::ClientSecretBasic)?
                }),
                opaque: Some(Client {
                    id_token_signed_response_alg: Some("PS256".to_owned()),
                    ..Client::fresh("opaque", AuthMethod::ClientSecretBasic)?
                }),
                nonce: Some(Client {
                    dpop_bound_access_tokens: Some(true),
                    ..Client::fresh("nonce", AuthMethod::ClientSecretBasic)?
                }),
                front: Some(Client {
                    frontchannel_logout_uri: Some(
                        "https://front.rp.example.test/front-channel".to_owned(),
                    ),
                    ..Client::fresh("front", AuthMethod::ClientSecretBasic)?
                }),
                fapi: Some(fapi()?),
            }),
        })
    }
}

fn logout(listen: SocketAddr, name: &str) -> String {
    format!("http://{listen}/{name}/logout")
}

fn basic(listen: SocketAddr) -> Result<Client> {
    Ok(Client {
        // All that RFC 6749 §2.3.1 wants encoded in a Basic header.
        client_secret: Some(format!("{}%+: &=/\"?", random(24)?)),
        redirect_uris: vec![
            "https://basic.rp.example.test/callback".to_owned(),
            "https://basic.rp.example.test/callback?kept=1".to_owned(),
        ],
        grant_types: [
            &code_grant()[..],
            &[REFRESH.to_owned(), "client_credentials".to_owned()],
        ]
        .concat(),
        backchannel_logout_uri: Some(logout(listen, "basic")),
        scope: offline_scopes(),
        ..Client::fresh("basic", AuthMethod::ClientSecretBasic)?
    })
}

fn post(listen: SocketAddr) -> Result<Client> {
    Ok(Client {
        grant_types: [&code_grant()[..], &[REFRESH.to_owned()]].concat(),
        backchannel_logout_uri: Some(logout(listen, "post")),
        scope: offline_scopes(),
        ..Client::fresh("post", AuthMethod::ClientSecretPost)?
    })
}

fn key() -> Result<Client> {
    Ok(Client {
        key: Some(Key::generate_jwk()?),
        id_token_signed_response_alg: Some("ES256".to_owned()),
        ..Client::fresh("key", AuthMethod::PrivateKeyJwt)?
    })
}

fn public() -> Result<Client> {
    let mut client = Client {
        grant_types: [&code_grant()[..], &[REFRESH.to_owned()]].concat(),
        application_type: Some("native".to_owned()),
        require_pkce: true,
        scope: offline_scopes(),
        ..Client::fresh("public", AuthMethod::None)?
    };
    client
        .redirect_uris
        .push("http://127.0.0.1/callback".to_owned());
    Ok(client)
}

fn device() -> Result<Client> {
    Ok(Client {
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![DEVICE_GRANT.to_owned(), REFRESH.to_owned()],
        scope: offline_scopes(),
        ..Client::fresh("device", AuthMethod::None)?
    })
}

/// FAPI 2.0 Security Profile §5.3: what a client of it registers.
fn fapi() -> Result<Client> {
    Ok(Client {
        key: Some(Key::generate_jwk()?),
        grant_types: [&code_grant()[..], &[REFRESH.to_owned()]].concat(),
        id_token_signed_response_alg: Some("PS256".to_owned()),
        require_pushed_authorization_requests: Some(true),
        dpop_bound_access_tokens: Some(true),
        require_pkce: true,
        scope: offline_scopes(),
        ..Client::fresh("fapi", AuthMethod::PrivateKeyJwt)?
    })
}

impl Client {
    fn fresh(name: &str, method: AuthMethod) -> Result<Self> {
        let with_secret = matches!(
            method,
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
        );
        Ok(Self {
            client_id: format!("conformance-{name}"),
            client_secret: with_secret.then(|| random(24)).transpose()?,
            token_endpoint_auth_method: method,
            key: None,
            redirect_uris: vec![format!("https://{name}.rp.example.test/callback")],
            post_logout_redirect_uris: vec![format!("https://{name}.rp.example.test/signed-out")],
            grant_types: code_grant(),
            scope: all_scopes(),
            application_type: None,
            subject_type: None,
            id_token_signed_response_alg: None,
            userinfo_signed_response_alg: None,
            require_pushed_authorization_requests: None,
            dpop_bound_access_tokens: None,
            backchannel_logout_uri: None,
            frontchannel_logout_uri: None,
            require_pkce: false,
        })
    }
}
