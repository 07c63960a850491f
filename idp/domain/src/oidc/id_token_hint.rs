use uuid::Uuid;

use super::jose::Claims;
use crate::ids::GrantId;

/// An ID token of ours that an application shows again: whom it expects (OpenID Connect Core
/// §3.1.2.1), or whose sign-out it asks for (RP-Initiated Logout 1.0 §2). That its time is over
/// means nothing here: applications keep it as long as their session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenHint {
    pub client_id: String,
    pub subject: String,
    /// Of the session that it came from: the application's grant in it.
    pub sid: Option<GrantId>,
}

impl IdTokenHint {
    /// Reads the claims of a token whose signature and type were checked. Nothing when it is
    /// another issuer's, not for exactly one client, or lacks a time: other things that we sign
    /// have none (OID-17).
    pub fn read(claims: &Claims, issuer: &str) -> Option<Self> {
        if claims.text("iss").ok().flatten() != Some(issuer) {
            return None;
        }
        for moment in ["iat", "exp"] {
            claims.time(moment).ok()??;
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
