use jiff::{SignedDuration, Timestamp};

use super::{AuthorizeRequest, RequiredAcr};
use crate::oidc::{Acr, ErrorCode, OAuthError};
use crate::sessions::Session;
use crate::signin::{Answers, Denial, Question};

/// Credentials of this very request chain count so long, also where `max_age` is less: otherwise
/// who reads what she is asked would sign in for ever.
const TIME_TO_READ: SignedDuration = SignedDuration::from_mins(1);

/// Who is there when a request arrives.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    pub session: &'a Session,
    /// Credentials were shown in this very request chain.
    pub fresh: bool,
    /// She is the person whom the request expects, or it expects nobody in particular.
    pub expected: bool,
}

/// What a request needs of who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    /// Credentials.
    SignIn,
    /// The session will do.
    Open,
}

/// What is known of a person at the application, when it comes to questions.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four facts, each for itself")]
pub struct Open<'a> {
    pub answers: &'a Answers,
    pub fresh: bool,
    /// Which of her numbers it knows her by isn't settled.
    pub number: bool,
    /// She agreed before to all that it would learn.
    pub consented: bool,
    /// She wants to be asked before each application (CAS 3.0.3 §2.2.1 `warn`).
    pub warn: bool,
}

impl AuthorizeRequest {
    /// OpenID Connect Core §3.1.2.3: whether a session is enough.
    ///
    /// # Errors
    /// Where nobody may be asked (`prompt=none`), somebody else signed in than was expected, or
    /// the sign-in isn't worth what is required (OID-19).
    pub fn entrance(&self, here: Option<Here<'_>>, now: Timestamp) -> Result<Entrance, OAuthError> {
        let Some(here) = here else {
            return self.sign_in();
        };
        let unexpected = !here.fresh && (self.prompt.login || !here.expected);
        if unexpected || self.is_too_old(here, now) {
            return self.sign_in();
        }
        if !here.expected {
            return Err(OAuthError::new(
                ErrorCode::LoginRequired,
                "another person signed in than the one asked for",
            ));
        }
        if !self.required_acr.is_met_by(Acr::of(&here.session.factors)) {
            return Err(RequiredAcr::unmet());
        }
        Ok(Entrance::Open)
    }

    fn sign_in(&self) -> Result<Entrance, OAuthError> {
        if self.prompt.none {
            return Err(OAuthError::new(
                ErrorCode::LoginRequired,
                "nobody is signed in as asked for",
            ));
        }
        Ok(Entrance::SignIn)
    }

    /// §3.1.2.1 `max_age`; 0 means each time, as `prompt=login` does. The application holds
    /// `auth_time` against it, so that whoever left a question open for long signs in once more.
    fn is_too_old(&self, here: Here<'_>, now: Timestamp) -> bool {
        let Some(most) = self.max_age else {
            return false;
        };
        if most == 0 {
            return !here.fresh;
        }
        let most = SignedDuration::from_secs(i64::from(most));
        let most = if here.fresh {
            most.max(TIME_TO_READ)
        } else {
            most
        };
        now.duration_since(here.session.signed_in_at) > most
    }

    /// The first question that is open.
    ///
    /// # Errors
    /// Where nobody may be asked.
    pub fn question(&self, open: Open<'_>) -> Result<Option<Question>, OAuthError> {
        let answered = |question| open.answers.has(question);
        let agreed = open.consented && self.remembers_consent() && !self.prompt.consent;
        let next = if self.prompt.select_account && !open.fresh && !answered(Question::Account) {
            Some(Question::Account)
        } else if open.number {
            Some(Question::Number)
        } else if self.asks_consent() && !agreed && !answered(Question::Consent) {
            Some(Question::Consent)
        } else if open.warn
            && !open.fresh
            // Who agreed to what it learns was asked.
            && !(answered(Question::Enter) || answered(Question::Consent))
        {
            Some(Question::Enter)
        } else {
            None
        };
        match next {
            Some(question) if self.prompt.none => Err(unasked(question)),
            next => Ok(next),
        }
    }

    /// What an application hears of a person who may not enter, where nobody may be shown why.
    pub fn denial(denial: &Denial) -> OAuthError {
        match denial {
            Denial::NoAccess(_) => OAuthError::new(
                ErrorCode::AccessDenied,
                "the application is not for this person, or not now",
            ),
            Denial::MustChooseNumber => unasked(Question::Number),
            _ => OAuthError::new(
                ErrorCode::InteractionRequired,
                "a step of the sign-in is missing",
            ),
        }
    }
}

/// §3.1.2.6
fn unasked(question: Question) -> OAuthError {
    let (code, description) = match question {
        Question::Account => (
            ErrorCode::AccountSelectionRequired,
            "an account must be chosen",
        ),
        Question::Number => (
            ErrorCode::InteractionRequired,
            "an account number must be chosen",
        ),
        Question::Consent => (ErrorCode::ConsentRequired, "the person must agree"),
        Question::Enter => (
            ErrorCode::InteractionRequired,
            "the person wants to be asked",
        ),
    };
    OAuthError::new(code, description)
}
