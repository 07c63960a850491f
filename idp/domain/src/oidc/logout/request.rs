/// What an application asks when it sends a browser to sign out (RP-Initiated Logout 1.0 §2).
/// `logout_hint` is passed over: who is there the session knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// An ID token of ours, to be verified by the caller; expired ones count.
    pub id_token_hint: Option<String>,
    pub client_id: Option<String>,
    /// As it came; only the registry makes an address of it.
    pub post_logout_redirect_uri: Option<String>,
    /// Handed back as it came.
    pub state: Option<String>,
    /// The languages of the end user, by preference.
    pub ui_locales: Option<String>,
}

/// Why a request can't be read: which of two values counts would be a guess, or one is longer than
/// any application needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableLogout {
    #[error("a parameter stands twice")]
    Repeated,
    #[error("a parameter is too long")]
    TooLong,
}

const MOST_HINT_BYTES: usize = 8 * 1024;
const MOST_BYTES: usize = 2 * 1024;

impl LogoutRequest {
    /// The parameters that count.
    pub const KNOWN: [&str; 5] = [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
        "ui_locales",
    ];

    /// What we don't know is passed over; what has no value counts as absent.
    ///
    /// # Errors
    /// [`UnreadableLogout`]
    pub fn read(pairs: &[(String, String)]) -> Result<Self, UnreadableLogout> {
        let mut request = Self::default();
        for (name, value) in pairs {
            let (place, most) = match name.as_str() {
                "id_token_hint" => (&mut request.id_token_hint, MOST_HINT_BYTES),
                "client_id" => (&mut request.client_id, MOST_BYTES),
                "post_logout_redirect_uri" => (&mut request.post_logout_redirect_uri, MOST_BYTES),
                "state" => (&mut request.state, MOST_BYTES),
                "ui_locales" => (&mut request.ui_locales, MOST_BYTES),
                _ => continue,
            };
            if value.is_empty() {
                continue;
            }
            if value.len() > most {
                return Err(UnreadableLogout::TooLong);
            }
            if place.replace(value.clone()).is_some() {
                return Err(UnreadableLogout::Repeated);
            }
        }
        Ok(request)
    }
}
