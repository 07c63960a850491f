//! OpenID Connect and the RFCs of OAuth that belong to it, by black-box cases.
//!
//! The suite plays relying parties: it sends browsers to the authorization endpoint, signs in and
//! agrees where it is asked to, redeems codes, reads tokens with the published keys, and listens
//! for logouts. `target` says what it may use; `provider` is the server seen from a case, with
//! `flow` and `tokens` as the ways through it.

pub mod dpop;
pub mod expect;
pub mod flow;
mod fresh;
pub mod jose;
pub mod keys;
mod planted;
pub mod provider;
pub mod registration;
pub mod request;
pub mod target;
pub mod tokens;

mod a_errors;
mod a_pages;
mod a_prompt;
mod a_redirect_uri;
mod a_request;
mod b_pkce;
mod c_client;
mod c_codes;
mod c_token;
mod d_id_token;
mod e_userinfo;
mod f_discovery;
mod g_logout;
mod h_channels;
mod i_tokens;
mod k_par;
mod l_dpop;
mod l_proofs;
mod leaving;
mod m_device;
mod n_rest;
mod p_fapi;
mod q_form_post;

use super::case::Case;
use super::group::{self, Suite};
use provider::Provider;

type Group = group::Group<Provider>;

/// This suite.
pub static SUITE: Suite = Suite {
    protocol: "OpenID Connect",
    assertions: 114,
    chapters: || group::chapters(GROUPS),
};

/// In the order of the assertions.
pub const GROUPS: &[Group] = &[
    Group::new(
        'A',
        "Authorization endpoint",
        &[
            a_request::CASES,
            a_redirect_uri::CASES,
            a_errors::CASES,
            a_prompt::CASES,
            a_pages::CASES,
        ],
    ),
    Group::new('B', "PKCE", &[b_pkce::CASES]),
    Group::new(
        'C',
        "Token endpoint",
        &[
            c_token::CASES,
            c_client::CASES,
            c_client::ASSERTIONS,
            c_codes::CASES,
        ],
    ),
    Group::new('D', "ID token", &[d_id_token::CASES]),
    Group::new('E', "UserInfo", &[e_userinfo::CASES]),
    Group::new('F', "Discovery and keys", &[f_discovery::CASES]),
    Group::new('G', "RP-initiated logout", &[g_logout::CASES]),
    Group::new('H', "Back-channel logout", &[h_channels::CASES]),
    Group::new('I', "Revocation and introspection", &[i_tokens::CASES]),
    Group::new('J', "Issuer in responses", &[f_discovery::ISSUER]),
    Group::new('K', "Pushed authorization requests", &[k_par::CASES]),
    Group::new('L', "DPoP", &[l_proofs::CASES, l_dpop::CASES]),
    Group::new('M', "Device grant", &[m_device::CASES]),
    Group::new('N', "Best current practice", &[n_rest::CASES]),
    Group::new('O', "Front-channel logout", &[h_channels::FRONT]),
    Group::new('P', "FAPI 2.0 Security Profile", &[p_fapi::CASES]),
    Group::new(
        'Q',
        "The Basic plan by form post",
        &[q_form_post::REQUESTS, q_form_post::TOKENS],
    ),
];

/// All cases in their order.
pub fn all() -> impl Iterator<Item = &'static Case<Provider>> {
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
            assert!(
                (1..=SUITE.assertions).contains(&case.number),
                "{}",
                case.id()
            );
            let documents = [
                "Core §",
                "RFC ",
                "Discovery §",
                "RP-Initiated Logout §",
                "Back-Channel Logout §",
                "Front-Channel Logout §",
                "Form Post §",
                "FAPI 2.0 §",
            ];
            assert!(
                documents.iter().any(|it| case.section.starts_with(it)),
                "{}: {}",
                case.id(),
                case.section
            );
            assert!(
                case.module.is_empty() || case.module.starts_with("oidcc-"),
                "{}",
                case.id()
            );
        }
    }
}
