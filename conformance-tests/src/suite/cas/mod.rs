//! The cases, by group of the protocol's assertions.

pub mod a_gateway;
pub mod a_method;
pub mod a_requestor;
pub mod a_service;
mod appendix;
pub mod b_acceptor;
pub mod b_refusals;
pub mod b_warn;
pub mod c_logout;
pub mod c_single_logout;
mod cookies_of;
pub mod d_validate1;
pub mod e_documents;
pub mod e_service_validate;
pub mod f_callback;
pub mod f_failures;
pub mod g_proxy_validate;
pub mod h_proxy;
pub mod i_attributes;
pub mod j_cookie;
pub mod j_proxy_tickets;
pub mod j_tickets;
pub mod k_remember;
pub mod l_saml;
mod proxying;
mod randomness;
mod saml;

mod expect;

use super::case::Case;

/// A group of assertions, with the files that hold its cases.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub letter: char,
    pub title: &'static str,
    cases: &'static [&'static [Case]],
}

impl Group {
    /// Its cases in the order of their numbers.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> + use<> {
        let mut cases: Vec<&Case> = self.cases.iter().copied().flatten().collect();
        cases.sort_by_key(|case| (case.number, case.part));
        cases.into_iter()
    }
}

const fn group(letter: char, title: &'static str, cases: &'static [&'static [Case]]) -> Group {
    Group {
        letter,
        title,
        cases,
    }
}

/// In the order of the protocol's assertions.
pub const GROUPS: &[Group] = &[
    group(
        'A',
        "/login asks for credentials",
        &[
            a_requestor::CASES,
            a_gateway::CASES,
            a_service::CASES,
            a_method::CASES,
        ],
    ),
    group(
        'B',
        "/login takes credentials",
        &[
            b_acceptor::CASES,
            b_refusals::CASES,
            b_warn::CASES,
            a_method::REDIRECT_PAGE,
        ],
    ),
    group(
        'C',
        "/logout and single logout",
        &[c_logout::CASES, c_single_logout::CASES],
    ),
    group('D', "/validate", &[d_validate1::CASES]),
    group(
        'E',
        "/serviceValidate",
        &[e_service_validate::CASES, e_documents::CASES],
    ),
    group(
        'F',
        "The proxy callback",
        &[f_callback::CASES, f_failures::CASES],
    ),
    group('G', "/proxyValidate", &[g_proxy_validate::CASES]),
    group('H', "/proxy", &[h_proxy::CASES]),
    group('I', "/p3 and attributes", &[i_attributes::CASES]),
    group(
        'J',
        "Tickets and the cookie",
        &[j_tickets::CASES, j_proxy_tickets::CASES, j_cookie::CASES],
    ),
    group('K', "Long-term sign-in", &[k_remember::CASES]),
    group('L', "/samlValidate", &[l_saml::CASES]),
];

/// All cases in their order.
pub fn all() -> impl Iterator<Item = &'static Case> {
    GROUPS.iter().flat_map(Group::cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_has_an_id_of_its_own_and_a_clause() {
        let mut ids: Vec<String> = all().map(Case::id).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        for case in all() {
            assert!((1..=128).contains(&case.number), "{}", case.id());
            assert!(case.section.starts_with("CAS 3.0.3 ") || case.section.starts_with("De facto"));
        }
    }
}
