//! A protocol's request as the sign-in's links and forms carry it along, to be validated again,
//! whole, at its protocol's own address.

use idp_domain::cas::LoginRequest;
use idp_domain::oidc::UserCode;
use idp_domain::oidc::authorize::Parameters;
use idp_domain::signin::{AccountPage, Destination};

use crate::pages::query_of;

/// What was carried.
#[derive(Clone, Debug)]
pub struct Carried {
    protocol: Protocol,
    pairs: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug)]
enum Protocol {
    Cas,
    Oidc,
    /// A page about her account.
    Own(AccountPage),
    /// The page where a device is let in.
    Device(Option<UserCode>),
}

/// The parameter that names a page about one's account.
pub const PAGE: &str = "page";
/// And the code that a device shows (RFC 8628 §3.3.1).
pub const USER_CODE: &str = "user_code";

impl Carried {
    /// Of a query or a form, what belongs to the request.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let value = |name: &str| {
            pairs
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let page = value(PAGE).and_then(AccountPage::parse);
        let protocol = match page {
            _ if value("client_id").is_some() => Protocol::Oidc,
            Some(page) => Protocol::Own(page),
            None => match value(USER_CODE) {
                Some(typed) => Protocol::Device(UserCode::parse(typed).ok()),
                None => Protocol::Cas,
            },
        };
        let belongs = |name: &str| match protocol {
            Protocol::Oidc => Parameters::knows(name),
            Protocol::Own(_) => name == PAGE,
            Protocol::Device(_) => name == USER_CODE,
            Protocol::Cas => matches!(name, "service" | "renew" | "method"),
        };
        let pairs = pairs.iter().filter(|(name, _)| belongs(name));
        Self {
            protocol,
            pairs: pairs.cloned().collect(),
        }
    }

    /// The request that leads to a destination.
    pub fn of(destination: &Destination) -> Self {
        match destination {
            Destination::Home => Self::read(&[]),
            Destination::Account { page } => {
                Self::read(&[(PAGE.to_owned(), page.as_str().to_owned())])
            }
            Destination::Device { user_code } => {
                let code = user_code.map(|code| code.to_string()).unwrap_or_default();
                Self::read(&[(USER_CODE.to_owned(), code)])
            }
            Destination::Cas { service, method } => {
                let request = LoginRequest {
                    service: Some(service.clone()),
                    method: *method,
                    ..LoginRequest::default()
                };
                let pairs = request.to_pairs().into_iter();
                let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
                Self::read(&pairs.collect::<Vec<_>>())
            }
            Destination::Oidc { parameters } => Self::read(parameters),
        }
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// `?a=b&c=d`, or nothing.
    pub fn query(&self) -> String {
        query_of(&self.pairs)
    }

    /// The sign-in page of the protocol.
    pub fn page(&self) -> &'static str {
        match self.protocol {
            Protocol::Cas => "/cas/login",
            Protocol::Oidc => "/oidc/authorize",
            Protocol::Own(_) | Protocol::Device(_) => "/signin",
        }
    }

    /// The same with the request.
    pub fn sign_in(&self) -> String {
        format!("{}{}", self.page(), self.query())
    }

    pub fn destination(&self) -> Destination {
        match self.protocol {
            Protocol::Oidc => Destination::Oidc {
                parameters: self.pairs.clone(),
            },
            Protocol::Own(page) => Destination::Account { page },
            Protocol::Device(user_code) => Destination::Device { user_code },
            Protocol::Cas => match LoginRequest::parse(&self.pairs) {
                Ok(LoginRequest {
                    service: Some(service),
                    method,
                    ..
                }) => Destination::Cas { service, method },
                _ => Destination::Home,
            },
        }
    }
}
