//! What the application doctor found out, and what each finding means: how grave it is, and on
//! whose side it lies. Pure judgement; the round trip is made elsewhere, and so are the words.

mod judge;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use serde::Serialize;

use super::ApplicationId;

pub use judge::{
    AfterTicket, Landing, MOST_REDIRECTS, TicketSeen, Verdict, after_ticket, landing, login,
    logout, sends_to_login, shown, validation,
};

/// A part of the round trip, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// What stands in the registry.
    Entry,
    /// Whether the application's server can be connected to.
    Network,
    /// Where it sends a visitor without a ticket.
    Login,
    /// Whether it has a ticket validated, and how.
    Ticket,
    /// Whether it takes the notice of a logout.
    Logout,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Well,
    /// Worth knowing; people may be able to sign in all the same.
    Remark,
    /// People can't sign in, or aren't signed out.
    Wrong,
}

/// Where something has to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its configuration, or that of a proxy in front of it.
    Application,
    /// Names, routes, firewalls and certificates between the two.
    Network,
    /// The application's entry.
    Registry,
    /// Our own configuration.
    Server,
}

/// Why a request of ours got no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
pub enum Trouble {
    /// The name has no address.
    Unresolved,
    ResolveTimedOut,
    /// None of its addresses may be asked (`egress.private_networks`).
    Forbidden {
        addresses: Vec<IpAddr>,
    },
    /// Nobody listens there.
    Refused,
    ConnectTimedOut,
    Unreachable {
        error: String,
    },
    /// No safe connection: most often a certificate that nobody known vouches for.
    Tls {
        error: String,
    },
    TlsTimedOut,
    /// Connected, and no answer in time.
    AnswerTimedOut,
    /// What came back is no answer.
    Broken {
        error: String,
    },
    /// Too many requests of ours are under way.
    Busy,
    /// The address can't be written as a request.
    Unwritable,
}

/// One thing that the doctor found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The entry can't be used, and every node leaves it out.
    EntryUnusable {
        problems: String,
    },
    Disabled,
    NoCas,
    /// Every service of the entry is for any port: nothing to begin with.
    NothingToTry,
    /// The round trip begins here.
    Tries {
        address: String,
    },

    Reached {
        host: String,
        port: u16,
        https: bool,
    },
    Unreached {
        host: String,
        port: u16,
        trouble: Trouble,
    },

    /// It sends visitors to our login, with a service of its own.
    SendsToLogin {
        service: String,
    },
    /// It sends them there without saying where to return to.
    LoginWithoutService,
    /// The service that it names belongs to nobody. `twin` is the same with the other scheme, where
    /// that would be its own.
    ServiceUnregistered {
        service: String,
        refusal: String,
        twin: Option<String>,
    },
    /// The service that it names belongs to another application.
    ServiceOfAnother {
        service: String,
        application: ApplicationId,
    },
    /// It sends visitors to us, and not to the login.
    OtherAddressOfOurs {
        address: String,
        login: String,
    },
    /// It sends visitors to another server.
    SendsElsewhere {
        origin: String,
    },
    /// It sends visitors in circles on its own pages.
    Circles {
        redirects: usize,
    },
    /// A redirect that doesn't say where to.
    RedirectNowhere {
        status: u16,
    },
    /// It answers without a login.
    AnswersItself {
        status: u16,
    },
    /// 404 and its like: no page there.
    NoPage {
        status: u16,
    },
    Fails {
        status: u16,
    },
    NoAnswer {
        trouble: Trouble,
    },

    /// The probe could not be given a ticket.
    NotIssued,
    Validated {
        milliseconds: i64,
    },
    /// It named another service at the validation than the ticket was made for.
    WrongService {
        sent: Option<String>,
        expected: String,
    },
    TooLate {
        seconds: i64,
    },
    /// It asked for a proxy-granting ticket that its entry doesn't permit.
    ProxyRefused,
    /// Its request was refused for another reason, by its CAS code.
    ValidationRefused {
        code: String,
    },
    /// Its request named the ticket, and could not be read otherwise.
    ValidationUnreadable,
    /// Nobody asked within the time.
    NeverValidated {
        seconds: u64,
    },

    /// It lets the probe in, or shows a page of its own.
    LetsIn {
        status: u16,
    },
    /// It doesn't know the probe, which is its own affair.
    RefusesProbe {
        status: u16,
    },
    /// After a good validation it sends visitors to the login again.
    SendsBack,
    FailsWithTicket {
        status: u16,
    },
    NoAnswerToTicket {
        trouble: Trouble,
    },

    LogoutAccepted {
        status: u16,
    },
    /// It sends the notice to our login, as it sends every stranger, whether it read it or not.
    LogoutUnconfirmed {
        status: u16,
    },
    LogoutRefused {
        status: u16,
    },
    LogoutUndelivered {
        host: String,
        port: u16,
        trouble: Trouble,
    },
    /// The browser tells it, which can't be tried without one.
    LogoutByBrowser,
    /// Its entry says that nobody tells it.
    LogoutUnwanted,
    LogoutNowhere,
}

impl Finding {
    /// In which part of the round trip it was found.
    pub fn step(&self) -> Step {
        match self {
            Self::EntryUnusable { .. }
            | Self::Disabled
            | Self::NoCas
            | Self::NothingToTry
            | Self::Tries { .. } => Step::Entry,
            Self::Reached { .. } | Self::Unreached { .. } => Step::Network,
            Self::SendsToLogin { .. }
            | Self::LoginWithoutService
            | Self::ServiceUnregistered { .. }
            | Self::ServiceOfAnother { .. }
            | Self::OtherAddressOfOurs { .. }
            | Self::SendsElsewhere { .. }
            | Self::Circles { .. }
            | Self::RedirectNowhere { .. }
            | Self::AnswersItself { .. }
            | Self::NoPage { .. }
            | Self::Fails { .. }
            | Self::NoAnswer { .. } => Step::Login,
            Self::NotIssued
            | Self::Validated { .. }
            | Self::WrongService { .. }
            | Self::TooLate { .. }
            | Self::ProxyRefused
            | Self::ValidationRefused { .. }
            | Self::ValidationUnreadable
            | Self::NeverValidated { .. }
            | Self::LetsIn { .. }
            | Self::RefusesProbe { .. }
            | Self::SendsBack
            | Self::FailsWithTicket { .. }
            | Self::NoAnswerToTicket { .. } => Step::Ticket,
            Self::LogoutAccepted { .. }
            | Self::LogoutUnconfirmed { .. }
            | Self::LogoutRefused { .. }
            | Self::LogoutUndelivered { .. }
            | Self::LogoutByBrowser
            | Self::LogoutUnwanted
            | Self::LogoutNowhere => Step::Logout,
        }
    }

    pub fn severity(&self) -> Severity {
        match self {
            Self::Tries { .. }
            | Self::Reached { .. }
            | Self::SendsToLogin { .. }
            | Self::Validated { .. }
            | Self::LetsIn { .. }
            | Self::LogoutAccepted { .. } => Severity::Well,
            Self::AnswersItself { .. }
            | Self::Circles { .. }
            | Self::RefusesProbe { .. }
            | Self::FailsWithTicket { .. }
            | Self::NoAnswerToTicket { .. }
            | Self::LogoutUnconfirmed { .. }
            | Self::LogoutByBrowser
            | Self::LogoutUnwanted
            | Self::LogoutNowhere => Severity::Remark,
            _ => Severity::Wrong,
        }
    }

    /// Where something has to be changed, or a remark belongs to; nothing where all is well.
    pub fn side(&self) -> Option<Side> {
        if self.severity() == Severity::Well {
            return None;
        }
        Some(match self {
            Self::EntryUnusable { .. }
            | Self::Disabled
            | Self::NoCas
            | Self::NothingToTry
            | Self::ServiceOfAnother { .. }
            | Self::ProxyRefused
            | Self::LogoutByBrowser
            | Self::LogoutUnwanted
            | Self::LogoutNowhere
            // With a twin it would be known: then the application doesn't know its own address.
            | Self::ServiceUnregistered { twin: None, .. } => Side::Registry,
            Self::NotIssued => Side::Server,
            Self::Unreached { trouble, .. }
            | Self::NoAnswer { trouble }
            | Self::NoAnswerToTicket { trouble }
            | Self::LogoutUndelivered { trouble, .. } => trouble.side(),
            _ => Side::Application,
        })
    }
}

impl Trouble {
    /// On whose side a request of ours ended.
    pub fn side(&self) -> Side {
        match self {
            Self::Forbidden { .. } | Self::Busy => Side::Server,
            Self::Unwritable => Side::Registry,
            Self::AnswerTimedOut | Self::Broken { .. } => Side::Application,
            Self::Unresolved
            | Self::ResolveTimedOut
            | Self::Refused
            | Self::ConnectTimedOut
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::TlsTimedOut => Side::Network,
        }
    }
}
