//! The form that a client posts: read strictly, bounded, each parameter once (OID-33).

use axum::body::Body;
use axum::http::HeaderMap;
use idp_domain::form::decode_pairs_strictly;
use idp_domain::oidc::ErrorCode;

use super::answer::Fault;
use crate::forgery;

/// Parameters of one request.
const MOST_PARAMETERS: usize = 64;
/// The one that may come several times (RFC 8707 §2).
const RESOURCE: &str = "resource";

/// The parameters of a request; one without a value is as good as absent (RFC 6749 §3.1).
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Fault`]: `invalid_request` for another content type, octets that aren't UTF-8, a U+0000,
    /// or a parameter that comes twice (RFC 6749 §3.2); 413 for a body that is too large.
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Fault> {
        let invalid = |why| Fault::new(ErrorCode::InvalidRequest, why);
        if !forgery::is_form(headers) {
            return Err(invalid("send application/x-www-form-urlencoded"));
        }
        let bytes = forgery::read_bytes(body).await?;
        let pairs = decode_pairs_strictly(&bytes)
            .map_err(|_| invalid("the form is not percent-encoded UTF-8"))?;
        // PostgreSQL stores no U+0000, and nobody means one (INJ-08).
        let nul = |(name, value): &(String, String)| name.contains('\0') || value.contains('\0');
        if pairs.len() > MOST_PARAMETERS || pairs.iter().any(nul) {
            return Err(invalid("the form has too many parameters, or a U+0000"));
        }
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.retain(|name| *name != RESOURCE);
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(invalid("a parameter comes twice"));
        }
        Ok(Self(pairs))
    }

    /// The value of a parameter that has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Each value of a parameter that may come several times.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self
            .pairs()
            .iter()
            .filter(move |(n, value)| n == name && !value.is_empty());
        named.map(|(_, value)| value.as_str())
    }

    /// All of them, as they came.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}
