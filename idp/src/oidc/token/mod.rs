//! `POST /oidc/token` (RFC 6749 §3.2): one grant, one file.

mod client_credentials;
mod code;
mod device;
mod redeemed;
mod refresh;

use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use idp_domain::applications::GrantType;
use idp_domain::oidc::ErrorCode;
use idp_domain::oidc::token::Binding;

use super::answer::{self, Fault};
use super::client_auth::{self, Client};
use super::dpop;
use super::form::Form;
use super::tokens::Given;
use crate::visit::Visit;

pub async fn token(mut visit: Visit, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let given = give(&mut visit, &parts.headers, body).await;
    let answered = given.and_then(|given| answer::document(&given));
    answer::finish(&visit, &parts.headers, answered)
}

/// A request whose client, grant type and key are known.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) client: Client,
    pub(super) form: Form,
    pub(super) binding: Binding,
}

impl Asked {
    /// A parameter that the grant type needs.
    fn required(&self, name: &str, missing: &'static str) -> Result<&str, Fault> {
        let missing = Fault::new(ErrorCode::InvalidRequest, missing);
        self.form.get(name).ok_or(missing)
    }
}

async fn give(visit: &mut Visit, headers: &HeaderMap, body: Body) -> Result<Given, Fault> {
    let form = Form::read(headers, body).await?;
    let client = client_auth::authenticate(visit, headers, &form).await?;
    let grant_type = grant_type(&form, &client)?;
    // Before anything is consumed: who must add a nonce comes again with the same code.
    let thumbprint = dpop::proof(visit, headers, "POST", None, client.side()).await?;
    let binding = Binding::of(client.side(), thumbprint)?;
    let asked = Asked {
        client,
        form,
        binding,
    };
    let given = match grant_type {
        GrantType::AuthorizationCode => code::redeem(visit, &asked).await?,
        GrantType::RefreshToken => refresh::refresh(visit, &asked).await?,
        GrantType::ClientCredentials => client_credentials::grant(visit, &asked).await?,
        GrantType::DeviceCode => device::redeem(visit, &asked).await?,
    };
    let grant = grant_type.as_str();
    metrics::counter!("oidc_tokens_issued_total", "grant" => grant).increment(1);
    Ok(given)
}

/// RFC 6749 §5.2. There is none with a password, and none without a request (OID-22).
fn grant_type(form: &Form, client: &Client) -> Result<GrantType, Fault> {
    let name = form.get("grant_type").ok_or(Fault::new(
        ErrorCode::InvalidRequest,
        "grant_type is missing",
    ))?;
    let grant_type = GrantType::parse(name).ok_or_else(unsupported)?;
    if client.side().grants(grant_type) {
        Ok(grant_type)
    } else {
        Err(Fault::new(
            ErrorCode::UnauthorizedClient,
            "this client's entry doesn't have this grant type",
        ))
    }
}

fn unsupported() -> Fault {
    let why = "grant_type is none that is supported";
    Fault::new(ErrorCode::UnsupportedGrantType, why)
}

/// Uniform: what was wrong with a code or a token is in the audit trail.
fn invalid_grant() -> Fault {
    Fault::new(
        ErrorCode::InvalidGrant,
        "it is unknown, used, expired, revoked, or another client's",
    )
}
