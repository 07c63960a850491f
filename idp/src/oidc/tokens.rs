//! Tokens: written in the transaction of what gives them, signed after it.

use idp_domain::Timestamp;
use idp_domain::applications::{AccessTokenFormat, Application, OidcSide};
use idp_domain::ids::{AuthorizationId, GrantId};
use idp_domain::oidc::claims::{Place, Teller, Wanted};
use idp_domain::oidc::jose::{CantSign, SigningAlgorithm, Typ};
use idp_domain::oidc::token::{
    AccessTokenClaims, Binding, Confirmation, IdTokenClaims, Target, at_hash,
};
use idp_domain::oidc::{
    ACCESS_TOKEN_TTL, Acr, Granted, OfflineGrant, OpaqueAccessToken, RefreshToken, Scope, Scopes,
    amr,
};
use idp_domain::secrets::{Tag, hash_secret, random_secret};
use idp_domain::sessions::Authority;
use idp_storage::access_tokens::{self, AccessToken};
use jiff::SignedDuration;
use migrations::{DbError, Tx};
use serde::Serialize;

use super::answer::Fault;
use super::client_auth::Client;
use super::one_use::Noted;
use crate::config::AffiliationScope;
use crate::refusal::Refusal;
use crate::told;
use crate::visit::Visit;

/// An ID token says that she signed in, once, to who asked now (OpenID Connect Core §2).
const ID_TOKEN_TTL: SignedDuration = SignedDuration::from_mins(10);

/// What a token is for.
#[derive(Clone, Debug)]
pub struct Issue<'a> {
    pub client: &'a OidcSide,
    pub authorization: AuthorizationId,
    pub target: Target,
    pub binding: &'a Binding,
}

/// An access token that was written and is not signed yet.
#[derive(Debug)]
pub struct Draft {
    row: AccessToken,
    secret: Secret,
}

#[derive(Debug)]
enum Secret {
    Opaque(OpaqueAccessToken),
    Jti(String),
}

/// The row of a token that can be read is found by its `jti`, which nobody can guess either.
pub fn jti_hash(jti: &str) -> Tag {
    hash_secret("jti", jti)
}

/// Writes an access token in the name of an authority, once the transaction holds what may be shown
/// a single time.
pub async fn issue(
    visit: &mut Visit,
    tx: &mut Tx,
    authority: Authority<'_>,
    _: Noted,
    issue: Issue<'_>,
) -> Result<Draft, DbError> {
    tracing::debug!(authorization = %issue.authorization, ?authority, "an access token");
    let (secret, hash) = match issue.client.access_token_format {
        AccessTokenFormat::Opaque => {
            let token = OpaqueAccessToken::generate(&mut visit.rng);
            let hash = token.hash();
            (Secret::Opaque(token), hash)
        }
        AccessTokenFormat::Jwt => {
            let jti = random_secret(&mut visit.rng);
            let hash = jti_hash(&jti);
            (Secret::Jti(jti), hash)
        }
    };
    let row = AccessToken {
        hash,
        authorization: issue.authorization,
        scopes: issue.target.scopes,
        audiences: issue.target.audiences,
        key_thumbprint: issue.binding.thumbprint().map(str::to_owned),
        issued_at: visit.now,
        expires_at: later(visit.now, ACCESS_TOKEN_TTL),
        revoked: false,
    };
    access_tokens::create(tx, &row).await?;
    Ok(Draft { row, secret })
}

pub fn later(from: Timestamp, by: SignedDuration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What the client gets (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Debug, Serialize)]
pub struct Given {
    access_token: String,
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    /// Not for a token of no scope: the parameter can't be empty (RFC 6749 §3.3).
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

impl Draft {
    /// The answer, signed.
    ///
    /// # Errors
    /// [`Fault`] when a key can't sign.
    pub fn give(
        &self,
        visit: &Visit,
        client: &Client,
        subject: &str,
        granted: Option<&Granted>,
        binding: &Binding,
    ) -> Result<Given, Fault> {
        Ok(Given {
            access_token: self.render(visit, client.side(), subject, granted)?,
            token_type: binding.token_type().as_str(),
            expires_in: ACCESS_TOKEN_TTL.as_secs(),
            scope: self.row.scopes.to_string(),
            refresh_token: None,
            id_token: None,
        })
    }

    /// Its text. `granted` says how a person signed in; an application itself didn't.
    fn render(
        &self,
        visit: &Visit,
        client: &OidcSide,
        subject: &str,
        granted: Option<&Granted>,
    ) -> Result<String, Fault> {
        let jti = match &self.secret {
            Secret::Opaque(token) => return Ok(token.as_str().to_owned()),
            Secret::Jti(jti) => jti,
        };
        let claims = AccessTokenClaims {
            iss: visit.app.config.server.issuer.as_str(),
            sub: subject,
            aud: self.row.audiences.as_slice().into(),
            client_id: client.client_id.as_str(),
            scope: self.row.scopes.to_string(),
            jti,
            iat: self.row.issued_at.as_second(),
            exp: self.row.expires_at.as_second(),
            auth_time: granted.map(|granted| granted.signed_in_at.as_second()),
            acr: granted.map(|granted| Acr::of(&granted.factors).as_str()),
            cnf: self
                .row
                .key_thumbprint
                .as_deref()
                .map(|jkt| Confirmation { jkt }),
        };
        sign(visit, client, Typ::AccessToken, &claims)
    }
}

/// What a person gave the application, with what its tokens say of her.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub grant: &'a OfflineGrant,
    pub subject: &'a str,
    /// Its session, as the application knows it.
    pub sid: Option<GrantId>,
}

impl Given {
    #[must_use]
    pub fn with_refresh(mut self, visit: &Visit, token: Option<RefreshToken>) -> Self {
        self.refresh_token = token.map(|token| token.render(&visit.app.keys));
        self
    }

    /// With an ID token, where the token's scope has `openid` (OpenID Connect Core §3.1.2.2).
    ///
    /// # Errors
    /// [`Fault`] when a claim can't be read or a key can't sign.
    pub async fn with_id_token(
        mut self,
        visit: &Visit,
        client: &Client,
        draft: &Draft,
        standing: Standing<'_>,
        nonce: Option<&str>,
    ) -> Result<Self, Fault> {
        if !draft.row.scopes.has(&Scope::OpenId) {
            return Ok(self);
        }
        let (side, granted) = (client.side(), standing.grant.granted());
        let issued_at = draft.row.issued_at;
        let claims = IdTokenClaims {
            iss: visit.app.config.server.issuer.as_str(),
            sub: standing.subject,
            aud: side.client_id.as_str(),
            iat: issued_at.as_second(),
            exp: later(issued_at, ID_TOKEN_TTL).as_second(),
            auth_time: granted.signed_in_at.as_second(),
            acr: Acr::of(&granted.factors).as_str(),
            amr: amr(&granted.factors),
            nonce,
            sid: standing.sid.map(|sid| sid.to_string()),
            at_hash: Some(at_hash(
                &self.access_token,
                side.id_token_signed_response_alg,
            )),
            told: told_in(visit, client.application(), &draft.row.scopes, standing).await?,
        };
        self.id_token = Some(sign(visit, side, Typ::IdToken, &claims)?);
        Ok(self)
    }
}

async fn told_in(
    visit: &Visit,
    application: &Application,
    scopes: &Scopes,
    standing: Standing<'_>,
) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let granted = standing.grant.granted();
    let wanted = Wanted::at(Place::IdToken, application, scopes, granted);
    tell(visit, standing.grant, &wanted).await
}

/// The claims that are wanted, as of now.
pub async fn tell(
    visit: &Visit,
    grant: &OfflineGrant,
    wanted: &Wanted<'_>,
) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    if wanted.is_empty() {
        return Ok(serde_json::Map::new());
    }
    let mut conn = visit.app.db.read().await?;
    let needs = |attribute| wanted.needs(attribute);
    let facts = told::facts(visit, &mut conn, grant.holder(), grant.number(), needs).await?;
    let school = &visit.app.config.school;
    let teller = Teller {
        facts,
        school: school.scope.as_ref().map(AffiliationScope::as_str),
        zone: school.timezone.get(),
    };
    Ok(teller.tell(wanted))
}

/// By the client's algorithm: a client of the FAPI profile has none of the old ones.
pub fn sign(
    visit: &Visit,
    client: &OidcSide,
    typ: Typ,
    claims: &impl Serialize,
) -> Result<String, Fault> {
    sign_by(visit, client.id_token_signed_response_alg, typ, claims)
}

/// A token of ours.
pub fn sign_by(
    visit: &Visit,
    algorithm: SigningAlgorithm,
    typ: Typ,
    claims: &impl Serialize,
) -> Result<String, Fault> {
    let signed = visit
        .app
        .signing_keys
        .sign(algorithm, typ, claims, visit.now);
    signed.map_err(|error: CantSign| {
        tracing::error!(%error, %algorithm, "a token can't be signed");
        Refusal::INTERNAL.into()
    })
}
