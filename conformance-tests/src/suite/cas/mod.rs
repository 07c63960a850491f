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
use super::context::Context;
use super::group::{self, Suite};

type Group = group::Group<Context>;

/// This suite.
pub static SUITE: Suite = Suite {
    protocol: "CAS 3.0.3",
    assertions: 128,
    chapters: || group::chapters(GROUPS),
};

/// In the order of the protocol's assertions.
pub const GROUPS: &[Group] = &[
    Group::new(
        'A',
        "/login asks for credentials",
        &[
            a_requestor::CASES,
            a_gateway::CASES,
            a_service::CASES,
            a_method::CASES,
        ],
    ),
    Group::new(
        'B',
        "/login takes credentials",
        &[
            b_acceptor::CASES,
            b_refusals::CASES,
            b_warn::CASES,
            a_method::REDIRECT_PAGE,
        ],
    ),
    Group::new(
        'C',
        "/logout and single logout",
        &[c_logout::CASES, c_single_logout::CASES],
    ),
    Group::new('D', "/validate", &[d_validate1::CASES]),
    Group::new(
        'E',
        "/serviceValidate",
        &[e_service_validate::CASES, e_documents::CASES],
    ),
    Group::new(
        'F',
        "The proxy callback",
        &[f_callback::CASES, f_failures::CASES],
    ),
    Group::new('G', "/proxyValidate", &[g_proxy_validate::CASES]),
    Group::new('H', "/proxy", &[h_proxy::CASES]),
    Group::new('I', "/p3 and attributes", &[i_attributes::CASES]),
    Group::new(
        'J',
        "Tickets and the cookie",
        &[j_tickets::CASES, j_proxy_tickets::CASES, j_cookie::CASES],
    ),
    Group::new('K', "Long-term sign-in", &[k_remember::CASES]),
    Group::new('L', "/samlValidate", &[l_saml::CASES]),
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
        let mut ids: Vec<String> = all().map(|case| case.id()).collect();
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
