//! The audit trail's vocabulary. A row says time, actor (or a MAC of the claimed number), event,
//! result, reason, target, address and request; never a secret.

use serde::Serialize;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Event { $($(#[$doc])* $name,)+ }

        impl Event {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }
        }
    };
}

events! {
    /// A password (own or initial) was tried.
    PasswordTried = "signin.password",
    /// A password came and was not tried: it needs a captcha, has to wait, or a code comes first.
    PasswordHeld = "signin.hold",
    /// A sign-in was complete: a session began.
    SignedIn = "signin.complete",
    /// A session ended.
    SignedOut = "session.end",
    /// A person chose by which of her numbers an application knows her.
    NumberChosen = "number.choose",
    /// A cookie of a dead session came back.
    SessionReplayed = "session.replay",
    /// A form came without its token or from elsewhere.
    ForgeryRefused = "csrf.reject",
    /// A step was tried with a sign-in that is over.
    FlowExpired = "signin.flow_expired",
    EvidenceShown = "activation.evidence",
    NoticeAccepted = "activation.notice",
    PasswordChanged = "password.change",
    PhoneBound = "contact.phone.bind",
    Activated = "activation.complete",
    CodeRequested = "code.request",
    CodeTried = "code.try",
    BrowserUnlocked = "signin.unlock",
    ServiceRefused = "cas.service.reject",
    AccessDenied = "access.deny",
    TicketIssued = "cas.ticket.issue",
    TicketValidated = "cas.ticket.validate",
    TicketReplayed = "cas.ticket.replay",
    TicketMismatch = "cas.ticket.service_mismatch",
    TicketRefused = "cas.ticket.refuse",
    /// An application asked to act for a person: its callback was asked.
    ProxyGranted = "cas.proxy.grant",
    /// An application may not have a ticket for another one.
    ProxyRefused = "cas.proxy.refuse",
    /// An authorization request named a client or an address that nobody registered.
    ClientRefused = "oidc.client.reject",
    CodeIssued = "oidc.code.issue",
    /// A code was redeemed for tokens.
    CodeRedeemed = "oidc.code.redeem",
    CodeReplayed = "oidc.code.replay",
    CodeRefused = "oidc.code.refuse",
    TokenRefreshed = "oidc.refresh",
    RefreshRefused = "oidc.refresh.refuse",
    /// A refresh token came back that had a successor: all of its family was revoked.
    RefreshReused = "oidc.refresh.reuse",
    TokenRevoked = "oidc.revoke",
    ClientTokenIssued = "oidc.client_credentials",
    /// A client could not show that it is who it says.
    ClientAuthRefused = "oidc.client_auth.refuse",
    ConsentGiven = "oidc.consent.give",
    ConsentRefused = "oidc.consent.refuse",
    ConsentWithdrawn = "oidc.consent.withdraw",
    DeviceAsked = "oidc.device.ask",
    DeviceApproved = "oidc.device.approve",
    DeviceDenied = "oidc.device.deny",
    /// A device that was let in fetched its tokens.
    DeviceRedeemed = "oidc.device.redeem",
    ClientRegistered = "oidc.client.register",
    ClientUnregistered = "oidc.client.unregister",
    InitialTokenMade = "oidc.initial_token.make",
    InitialTokenRevoked = "oidc.initial_token.revoke",
    KeysRotated = "oidc.keys.rotate",
    /// A signing key was removed before its time, after a suspicion.
    KeyWithdrawn = "oidc.keys.withdraw",
    PeopleImported = "import.people",
    ApplicationChanged = "application.change",
    ApplicationRemoved = "application.remove",
    ActivationCodePrinted = "activation.code.print",
    InitialCapLifted = "activation.cap.lift",
    RoleGranted = "role.grant",
    RoleRevoked = "role.revoke",
    GroupChanged = "group.change",
    AlarmRaised = "alarm.raise",
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Success,
    Refused,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique() {
        let words: std::collections::HashSet<_> = Event::ALL.iter().map(|e| e.as_str()).collect();
        assert_eq!(words.len(), Event::ALL.len());
    }
}
