//! A protocol's request as the sign-in's links and forms carry it along, to be validated again,
//! whole, at its protocol's own address. Pages that every protocol leads to are told which it was.

use idp_domain::cas::LoginRequest;
use idp_domain::oidc::UserCode;
use idp_domain::oidc::authorize::Parameters;
use idp_domain::signin::{AccountPage, Destination};

use crate::pages::query_of;

type Pairs = Vec<(String, String)>;

/// What was carried.
#[derive(Clone, Debug)]
pub struct Carried {
    protocol: Protocol,
    pairs: Pairs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// Also where nothing was asked for.
    Cas,
    Oidc,
    /// A page of our own.
    Own,
}

/// The parameter that names the protocol on pages that they share.
const VIA: &str = "via";
/// The parameter that names a page about one's account.
pub const PAGE: &str = "page";
/// And the code that a device shows (RFC 8628 §3.3.1).
pub const USER_CODE: &str = "user_code";

impl Protocol {
    const ALL: [Self; 3] = [Self::Cas, Self::Oidc, Self::Own];

    fn as_str(self) -> &'static str {
        match self {
            Self::Cas => "cas",
            Self::Oidc => "oidc",
            Self::Own => "own",
        }
    }

    /// Whether a parameter belongs to its requests.
    fn knows(self, name: &str) -> bool {
        match self {
            Self::Cas => matches!(name, "service" | "renew" | "method"),
            Self::Oidc => Parameters::knows(name),
            Self::Own => matches!(name, PAGE | USER_CODE),
        }
    }
}

impl Carried {
    /// Of the query or form of a page that the protocols share.
    pub fn read(pairs: &[(String, String)]) -> Self {
        let named = value(pairs, VIA);
        let protocol = Protocol::ALL
            .into_iter()
            .find(|protocol| named == Some(protocol.as_str()));
        Self::belonging(protocol.unwrap_or(Protocol::Cas), pairs)
    }

    /// Of the sign-in for a page of our own.
    pub fn own(pairs: &[(String, String)]) -> Self {
        Self::belonging(Protocol::Own, pairs)
    }

    /// A request of CAS.
    pub fn cas(request: &LoginRequest) -> Self {
        let pairs = request.to_pairs().into_iter();
        Self {
            protocol: Protocol::Cas,
            pairs: pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    /// An authorization request.
    pub fn oidc(parameters: Pairs) -> Self {
        Self {
            protocol: Protocol::Oidc,
            pairs: parameters,
        }
    }

    fn belonging(protocol: Protocol, pairs: &[(String, String)]) -> Self {
        let pairs = pairs.iter().filter(|(name, _)| protocol.knows(name));
        Self {
            protocol,
            pairs: pairs.cloned().collect(),
        }
    }

    /// The request that leads to a destination.
    pub fn of(destination: &Destination) -> Self {
        let own = |name: &str, value: String| Self::own(&[(name.to_owned(), value)]);
        match destination {
            Destination::Home => Self::read(&[]),
            Destination::Account { page } => own(PAGE, page.as_str().to_owned()),
            Destination::Device { user_code } => {
                let code = user_code.map(|code| code.to_string());
                own(USER_CODE, code.unwrap_or_default())
            }
            Destination::Cas { service, method } => Self::cas(&LoginRequest {
                service: Some(service.clone()),
                method: *method,
                ..LoginRequest::default()
            }),
            Destination::Oidc { parameters } => Self::oidc(parameters.clone()),
        }
    }

    /// The request, for its protocol's own address.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// The request with its protocol, for a page that they share.
    pub fn shared(&self) -> Pairs {
        let via = (VIA.to_owned(), self.protocol.as_str().to_owned());
        // CAS is what is meant where nothing is said.
        let via = (self.protocol != Protocol::Cas).then_some(via);
        via.into_iter().chain(self.pairs.iter().cloned()).collect()
    }

    /// `?a=b&c=d` for such a page, or nothing.
    pub fn query(&self) -> String {
        query_of(&self.shared())
    }

    /// The sign-in page of the protocol.
    pub fn page(&self) -> &'static str {
        match self.protocol {
            Protocol::Cas => "/cas/login",
            Protocol::Oidc => "/oidc/authorize",
            Protocol::Own => "/signin",
        }
    }

    /// The same with the request.
    pub fn sign_in(&self) -> String {
        format!("{}{}", self.page(), query_of(&self.pairs))
    }

    pub fn destination(&self) -> Destination {
        match self.protocol {
            Protocol::Oidc => Destination::Oidc {
                parameters: self.pairs.clone(),
            },
            Protocol::Own => self.own_page(),
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

    fn own_page(&self) -> Destination {
        let page = value(&self.pairs, PAGE).and_then(AccountPage::parse);
        match (page, value(&self.pairs, USER_CODE)) {
            (None, Some(typed)) => Destination::Device {
                user_code: UserCode::parse(typed).ok(),
            },
            (page, _) => Destination::Account {
                page: page.unwrap_or(AccountPage::Overview),
            },
        }
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut named = pairs.iter().filter(|(n, _)| n == name);
    named.next().map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(some: &[(&str, &str)]) -> Pairs {
        let owned = some.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        owned.collect()
    }

    #[test]
    fn what_a_page_is_told_leads_back_to_where_it_came_from() {
        let code = UserCode::parse("BCDF-GHJK").ok();
        for destination in [
            Destination::Home,
            Destination::Account {
                page: AccountPage::Consents,
            },
            Destination::Device { user_code: code },
            Destination::Device { user_code: None },
            Destination::Cas {
                service: "https://lib.example.edu/?client_id=x&via=oidc".into(),
                method: idp_domain::cas::Method::Post,
            },
            Destination::Oidc {
                parameters: pairs(&[("client_id", "rp"), ("scope", "openid")]),
            },
        ] {
            let carried = Carried::of(&destination);
            assert_eq!(Carried::read(&carried.shared()).destination(), destination);
        }
    }

    #[test] // whatever stands beside it
    fn the_protocol_is_said_and_not_guessed() {
        let both = [
            ("service", "https://lib.example.edu/"),
            ("client_id", "rp"),
            ("page", "consents"),
        ];
        let of = |via: &[(&str, &str)]| {
            let all: Vec<_> = via.iter().chain(&both).copied().collect();
            Carried::read(&pairs(&all)).sign_in()
        };
        let cas = "/cas/login?service=https%3A%2F%2Flib.example.edu%2F";
        assert_eq!(of(&[]), cas);
        assert_eq!(of(&[("via", "cas")]), cas);
        assert_eq!(of(&[("via", "another")]), cas);
        assert_eq!(of(&[("via", "oidc")]), "/oidc/authorize?client_id=rp");
        assert_eq!(of(&[("via", "own")]), "/signin?page=consents");
    }
}
