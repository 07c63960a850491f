use serde::{Deserialize, Serialize};

/// What a person has shown. Kept with the sign-in as proof rows, and with the session as what it
/// rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// Her own password.
    Password,
    /// The initial one, the tail of an id number: opens the activation wizard and nothing else.
    InitialPassword,
    /// A code printed by the school.
    ActivationCode,
    /// The admission number of the letter.
    AdmissionNumber,
    /// A code sent to the phone that the school already had.
    SchoolPhone,
    /// The initial password from a network that the school trusts for it, in its 72 hours.
    TrustedNetwork,
    /// A password chosen in this very sign-in.
    NewPassword,
    /// A code sent to a phone that she named herself, which is bound now.
    BoundPhone,
    /// The privacy notice of the version in force.
    PrivacyNotice,
}

impl Factor {
    pub const ALL: [Self; 9] = [
        Self::Password,
        Self::InitialPassword,
        Self::ActivationCode,
        Self::AdmissionNumber,
        Self::SchoolPhone,
        Self::TrustedNetwork,
        Self::NewPassword,
        Self::BoundPhone,
        Self::PrivacyNotice,
    ];

    /// The word in the database and in the audit trail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::InitialPassword => "initial_password",
            Self::ActivationCode => "activation_code",
            Self::AdmissionNumber => "admission_number",
            Self::SchoolPhone => "school_phone",
            Self::TrustedNetwork => "trusted_network",
            Self::NewPassword => "new_password",
            Self::BoundPhone => "bound_phone",
            Self::PrivacyNotice => "privacy_notice",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == word)
    }

    /// True for what shows that a person, and not a reader of a leaked list, holds an account
    /// that was never activated (PWD-01). The tail of an id number is not among them.
    pub fn is_evidence(self) -> bool {
        matches!(
            self,
            Self::Password
                | Self::ActivationCode
                | Self::AdmissionNumber
                | Self::SchoolPhone
                | Self::TrustedNetwork
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_read_back() {
        for factor in Factor::ALL {
            assert_eq!(Factor::parse(factor.as_str()), Some(factor));
        }
    }

    #[test] // PWD-01
    fn the_tail_of_an_id_number_is_no_evidence() {
        assert!(!Factor::InitialPassword.is_evidence());
    }
}
