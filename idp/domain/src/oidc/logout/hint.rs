use uuid::Uuid;

use crate::ids::GrantId;
use crate::oidc::jose::Claims;

/// Whose sign-out an application asks for, by an ID token that we gave it (RP-Initiated Logout 1.0
/// §2). That its time is over means nothing here: applications keep it as long as their session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutHint {
    pub client_id: String,
    pub subject: String,
    /// Of the session that it came from: the application's grant in it.
    pub sid: Option<GrantId>,
}

impl LogoutHint {
    /// Reads the claims of a token whose signature and type were checked. Nothing when it is
    /// another issuer's, or not for exactly one client.
    pub fn read(claims: &Claims, issuer: &str) -> Option<Self> {
        if claims.text("iss").ok().flatten() != Some(issuer) {
            return None;
        }
        let [client_id] = claims.audiences().ok()?.try_into().ok()?;
        let subject = claims.text("sub").ok()??;
        let sid = match claims.text("sid").ok()? {
            Some(sid) => Some(GrantId(Uuid::try_parse(sid).ok()?)),
            None => None,
        };
        Some(Self {
            client_id: client_id.to_owned(),
            subject: subject.to_owned(),
            sid,
        })
    }
}
