use crate::oidc::{Acr, ClaimsRequest, ErrorCode, OAuthError};

/// The ones of which one must be; without any, whatever it is will do. What is only wished for,
/// `acr_values` above all, refuses nobody (OpenID Connect Core §3.1.2.1, §5.5.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequiredAcr(Vec<Acr>);

impl RequiredAcr {
    /// # Errors
    /// `unmet_authentication_requirements` where none of those that it insists on is ours.
    pub(super) fn read(claims: &ClaimsRequest) -> Result<Self, OAuthError> {
        let asked = claims.id_token.get("acr");
        let Some(asked) = asked.filter(|ask| ask.essential && !ask.values.is_empty()) else {
            return Ok(Self::default());
        };
        let words = asked.values.iter().filter_map(|value| value.as_str());
        let ours: Vec<Acr> = words.filter_map(Acr::parse).collect();
        if ours.is_empty() {
            return Err(Self::unmet());
        }
        Ok(Self(ours))
    }

    /// More than it asks for is enough.
    pub fn is_met_by(&self, acr: Acr) -> bool {
        self.0.is_empty() || self.0.iter().any(|wanted| *wanted <= acr)
    }

    /// OpenID Connect Core Unmet Authentication Requirements 1.0
    pub fn unmet() -> OAuthError {
        OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "the required acr is not reached",
        )
    }
}
