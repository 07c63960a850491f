use super::Parameters;
use crate::oidc::{ErrorCode, OAuthError};

/// What is to be asked of the person, or that nothing may be (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the words of one parameter, three of which may stand together"
)]
pub struct Prompt {
    /// No page of ours at all.
    pub none: bool,
    /// Credentials again.
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
}

impl Prompt {
    /// The words, for the discovery document.
    pub const WORDS: [&str; 4] = ["none", "login", "consent", "select_account"];

    /// # Errors
    /// `invalid_request` for `none` beside another word, and for a word that is none.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, OAuthError> {
        let refuse = |description| Err(OAuthError::new(ErrorCode::InvalidRequest, description));
        let mut prompt = Self::default();
        let text = parameters.get("prompt").unwrap_or_default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "consent" => prompt.consent = true,
                "select_account" => prompt.select_account = true,
                _ => return refuse("prompt has a word that is not supported"),
            }
        }
        if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
            return refuse("prompt none stands beside another");
        }
        Ok(prompt)
    }
}
