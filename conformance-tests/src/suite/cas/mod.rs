//! The cases, by group of the protocol's assertions.

pub mod a_requestor;
pub mod b_acceptor;
pub mod c_logout;
pub mod d_validate1;
pub mod e_service_validate;
pub mod f_callback;
pub mod g_proxy_validate;
pub mod h_proxy;
pub mod i_attributes;
pub mod j_tickets;
pub mod k_remember;
pub mod l_saml;

use super::case::Case;

/// The groups with their titles, in the order of the protocol.
pub const GROUPS: &[(&str, &[Case])] = &[
    ("/login asks for credentials", a_requestor::CASES),
    ("/login takes credentials", b_acceptor::CASES),
    ("/logout and single logout", c_logout::CASES),
    ("/validate", d_validate1::CASES),
    ("/serviceValidate", e_service_validate::CASES),
    ("The proxy callback", f_callback::CASES),
    ("/proxyValidate", g_proxy_validate::CASES),
    ("/proxy", h_proxy::CASES),
    ("/p3 and attributes", i_attributes::CASES),
    ("Tickets and the cookie", j_tickets::CASES),
    ("Long-term sign-in", k_remember::CASES),
    ("/samlValidate", l_saml::CASES),
];

/// All cases in their order.
pub fn all() -> impl Iterator<Item = &'static Case> {
    GROUPS.iter().flat_map(|(_, cases)| cases.iter())
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
