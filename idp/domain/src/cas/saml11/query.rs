use super::super::params::{Format, ValidateRequest, is_set, single};
use super::request::SamlRequest;

/// The parameters of `/samlValidate` (§4.2.1). They stand in the query: the body is the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamlQuery {
    /// The service, as it came.
    pub target: String,
    /// Only a ticket from credentials shown just now is good enough: not in the text, but phpCAS
    /// and `mod_auth_cas` send it here as well.
    pub renew: bool,
}

/// Why a query names no service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSamlQuery {
    #[error("the parameter 'TARGET' is required")]
    NoTarget,
    #[error("the parameter 'TARGET' was given more than once")]
    DuplicateTarget,
}

impl SamlQuery {
    /// # Errors
    /// [`BadSamlQuery`] without exactly one `TARGET`, in capitals.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, BadSamlQuery> {
        let target = single(pairs, "TARGET")
            .map_err(|()| BadSamlQuery::DuplicateTarget)?
            .ok_or(BadSamlQuery::NoTarget)?;
        Ok(Self {
            target: target.to_owned(),
            renew: is_set(pairs, "renew"),
        })
    }

    /// The validation that is asked for, in the words of the other addresses.
    pub fn validation(self, request: &SamlRequest) -> ValidateRequest {
        ValidateRequest {
            service: self.target,
            ticket: request.artifact.clone(),
            renew: self.renew,
            format: Format::Xml,
            pgt_url: None,
        }
    }
}
