/// What a token is, by its `typ` header: tokens of one kind are nothing where another is asked for
/// (RFC 8725 §3.11, OID-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typ {
    /// An ID token, also as `id_token_hint`.
    IdToken,
    /// A signed answer of userinfo (OpenID Connect Core §5.3.2). No type is registered for it,
    /// and readers take `JWT` or none: so it has none, which an ID token of ours always has.
    UserInfo,
    /// RFC 9068 §2.1.
    AccessToken,
    /// OpenID Connect Back-Channel Logout 1.0 §2.4.
    LogoutToken,
    /// RFC 7523 §3: the type is optional there.
    ClientAssertion,
    /// RFC 9449 §4.2.
    DpopProof,
}

impl Typ {
    pub const ALL: [Self; 6] = [
        Self::IdToken,
        Self::UserInfo,
        Self::AccessToken,
        Self::LogoutToken,
        Self::ClientAssertion,
        Self::DpopProof,
    ];

    /// As we write it.
    pub const fn written(self) -> Option<&'static str> {
        match self {
            Self::IdToken | Self::ClientAssertion => Some("JWT"),
            Self::UserInfo => None,
            Self::AccessToken => Some("at+jwt"),
            Self::LogoutToken => Some("logout+jwt"),
            Self::DpopProof => Some("dpop+jwt"),
        }
    }

    /// Whether a token with this header may be one. Media types are compared without regard to
    /// case and without their `application/` (RFC 7515 §4.1.9).
    pub(super) fn admits(self, typ: Option<&str>) -> bool {
        let is = |expected: &str| {
            typ.is_some_and(|typ| {
                let (head, tail) = typ
                    .split_at_checked("application/".len())
                    .unwrap_or(("", typ));
                let name = if head.eq_ignore_ascii_case("application/") {
                    tail
                } else {
                    typ
                };
                name.eq_ignore_ascii_case(expected)
            })
        };
        match self {
            Self::ClientAssertion => typ.is_none() || is("JWT") || is("client-authentication+jwt"),
            Self::UserInfo => typ.is_none(),
            Self::IdToken | Self::AccessToken | Self::LogoutToken | Self::DpopProof => {
                self.written().is_some_and(is)
            }
        }
    }
}
