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
use idp_domain::applications::{GrantType, OidcSide};
use idp_domain::oidc::token::{Binding, Target};
use idp_domain::oidc::{ErrorCode, Granted};

use super::answer::{self, Fault};
use super::client_auth::{self, Client};
use super::dpop;
use super::form::Form;
use super::one_use::OneUse;
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
    pub(super) one_use: OneUse,
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
    let (client, one_use) = client_auth::identify(visit, headers, &form).await?;
    let mut asked = Asked {
        client,
        form,
        binding: Binding::default(),
        one_use,
    };
    let given = grant(visit, headers, &mut asked).await;
    asked.one_use.settle(visit, given).await
}

async fn grant(visit: &mut Visit, headers: &HeaderMap, asked: &mut Asked) -> Result<Given, Fault> {
    let side = asked.client.side();
    let grant_type = grant_type(&asked.form, side)?;
    // Before anything is consumed: who must add a nonce comes again with the same code.
    let proof = dpop::proof(visit, headers, "POST", None, side)?;
    let thumbprint = proof.as_ref().map(|proof| proof.thumbprint.clone());
    asked.binding = Binding::of(side, thumbprint)?;
    asked.one_use.proof = proof.map(|proof| proof.spend);
    // On the heap: too large, all together, for the frame of every request.
    let given = match grant_type {
        GrantType::AuthorizationCode => Box::pin(code::redeem(visit, asked)).await?,
        GrantType::RefreshToken => Box::pin(refresh::refresh(visit, asked)).await?,
        GrantType::ClientCredentials => Box::pin(client_credentials::grant(visit, asked)).await?,
        GrantType::DeviceCode => Box::pin(device::redeem(visit, asked)).await?,
    };
    let grant = grant_type.as_str();
    metrics::counter!("oidc_tokens_issued_total", "grant" => grant).increment(1);
    Ok(given)
}

/// RFC 6749 §5.2. There is none with a password, and none without a request (OID-22).
fn grant_type(form: &Form, client: &OidcSide) -> Result<GrantType, Fault> {
    let name = form.get("grant_type").ok_or(Fault::new(
        ErrorCode::InvalidRequest,
        "grant_type is missing",
    ))?;
    let grant_type = GrantType::parse(name).ok_or_else(unsupported)?;
    if client.grants(grant_type) {
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

/// What a new token is for, by what was granted and the entry of now.
fn target(
    visit: &Visit,
    asked: &Asked,
    granted: &Granted,
    scope: Option<&str>,
) -> Result<Target, Fault> {
    let issuer = visit.app.config.server.issuer.as_str();
    let resources = asked.form.all("resource");
    let target = Target::of(granted, asked.client.side(), scope, resources, issuer)?;
    Ok(target)
}

/// Uniform: what was wrong with a code or a token is in the audit trail.
fn invalid_grant() -> Fault {
    Fault::new(
        ErrorCode::InvalidGrant,
        "it is unknown, used, expired, revoked, or another client's",
    )
}
