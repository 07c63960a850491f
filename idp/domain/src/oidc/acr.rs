use crate::factors::Factor;

/// How surely we know that it is she (OpenID Connect Core §2 `acr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acr {
    /// One kind of factor.
    One,
    /// Two kinds of factors in one sign-in.
    Two,
}

impl Acr {
    /// All that we tell, for the discovery document.
    pub const ALL: [Self; 2] = [Self::One, Self::Two];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "urn:yimen:acr:1fa",
            Self::Two => "urn:yimen:acr:mfa",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == word)
    }

    /// What a sign-in by these factors is worth.
    pub fn of(factors: &[Factor]) -> Self {
        if methods(factors).len() > 1 {
            Self::Two
        } else {
            Self::One
        }
    }
}

/// The words of `amr` (RFC 8176 §2) for a sign-in by these factors, `mfa` among them where they
/// are of two kinds.
pub fn amr(factors: &[Factor]) -> Vec<&'static str> {
    let mut words = methods(factors);
    if words.len() > 1 {
        words.push("mfa");
    }
    words
}

/// Each kind once. What was set up in the sign-in proves nothing about who did it, and neither
/// does the tail of an id number.
fn methods(factors: &[Factor]) -> Vec<&'static str> {
    let has = |some: &[Factor]| factors.iter().any(|factor| some.contains(factor));
    let known = [
        Factor::Password,
        Factor::ActivationCode,
        Factor::AdmissionNumber,
    ];
    let kinds = [("pwd", has(&known)), ("sms", has(&[Factor::SchoolPhone]))];
    let shown = kinds.into_iter().filter(|(_, shown)| *shown);
    shown.map(|(word, _)| word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_kinds_make_mfa_and_what_is_set_up_counts_for_nothing() {
        use Factor as F;
        let of = |factors: &[F]| (Acr::of(factors), amr(factors));
        assert_eq!(of(&[F::Password]), (Acr::One, vec!["pwd"]));
        assert_eq!(
            of(&[F::Password, F::SchoolPhone]),
            (Acr::Two, vec!["pwd", "sms", "mfa"])
        );
        let first = [
            F::InitialPassword,
            F::SchoolPhone,
            F::NewPassword,
            F::BoundPhone,
        ];
        assert_eq!(of(&first), (Acr::One, vec!["sms"]));
        assert_eq!(of(&[F::Password, F::AdmissionNumber]).0, Acr::One);
        for acr in Acr::ALL {
            assert_eq!(Acr::parse(acr.as_str()), Some(acr));
        }
    }
}
