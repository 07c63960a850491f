use super::Parameters;
use crate::oidc::{ClaimsRequest, ErrorCode, OAuthError};

/// Who the application believes is there (OpenID Connect Core §3.1.2.1 `id_token_hint`, §5.5.1
/// `sub` with a value): nobody else may be the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedPerson {
    /// An ID token of ours, to be verified by the caller; expired ones count.
    pub id_token: Option<String>,
    /// One of these subjects, from each place that names some.
    pub subjects: Vec<Vec<String>>,
}

const MOST_HINT_BYTES: usize = 8 * 1024;

impl ExpectedPerson {
    /// # Errors
    /// `invalid_request`
    pub(super) fn read(
        parameters: &Parameters,
        claims: &ClaimsRequest,
    ) -> Result<Self, OAuthError> {
        let id_token = parameters.get("id_token_hint").map(str::to_owned);
        if id_token
            .as_ref()
            .is_some_and(|hint| hint.len() > MOST_HINT_BYTES)
        {
            return Err(OAuthError::new(
                ErrorCode::InvalidRequest,
                "id_token_hint is too long",
            ));
        }
        let places = [&claims.userinfo, &claims.id_token];
        let named = places.into_iter().filter_map(|place| place.get("sub"));
        let subjects = named.filter(|ask| !ask.values.is_empty()).map(|ask| {
            let texts = ask.values.iter().filter_map(|value| value.as_str());
            texts.map(str::to_owned).collect()
        });
        Ok(Self {
            id_token,
            subjects: subjects.collect(),
        })
    }

    /// Whether the person whom the application knows by `subject` is the one, as far as the claims
    /// say.
    pub fn admits(&self, subject: &str) -> bool {
        let mut places = self.subjects.iter();
        places.all(|place| place.iter().any(|named| named == subject))
    }
}
