//! Q. The Basic plan again, every response by `form_post` (113, 114): the OpenID Foundation's Form
//! Post plan has no modules of its own.

use super::provider::Provider;
use super::{
    a_errors, a_prompt, a_redirect_uri, a_request, b_pkce, c_client, c_codes, d_id_token,
    e_userinfo,
};
use crate::cases;
use crate::suite::case::Outcome;

cases! {
    /// At the authorization endpoint.
    pub REQUESTS of Provider;
    113 "a" May "Form Post §2" ["oidcc-server"]
        "By `form_post`: a sign-in" => server;
    113 "b" May "Form Post §2" ["oidcc-response-type-missing"]
        "By `form_post`: `response_type` is missing" => response_type_missing;
    113 "c" May "Form Post §2" ["oidcc-ensure-request-without-nonce-succeeds-for-code-flow"]
        "By `form_post`: without nonce" => without_nonce;
    113 "d" May "Form Post §2" ["oidcc-alternate-happy-flow"]
        "By `form_post`: scopes and parameters in another order" => reversed;
    113 "e" May "Form Post §2" ["oidcc-display-page"]
        "By `form_post`: `display=page`" => display_page;
    113 "f" May "Form Post §2" ["oidcc-display-popup"]
        "By `form_post`: `display=popup`" => display_popup;
    113 "g" May "Form Post §2" ["oidcc-prompt-login"]
        "By `form_post`: `prompt=login`" => prompt_login;
    113 "h" May "Form Post §2" ["oidcc-prompt-none-not-logged-in"]
        "By `form_post`: `prompt=none` of somebody who isn't signed in" => none_signed_out;
    113 "i" May "Form Post §2" ["oidcc-prompt-none-logged-in"]
        "By `form_post`: `prompt=none` of somebody who is" => none_signed_in;
    113 "j" May "Form Post §2" ["oidcc-max-age-1"]
        "By `form_post`: a `max_age` that is over" => max_age_over;
    113 "k" May "Form Post §2" ["oidcc-max-age-10000"]
        "By `form_post`: a `max_age` that isn't over" => max_age_left;
    113 "l" May "Form Post §2" ["oidcc-ensure-request-with-unknown-parameter-succeeds"]
        "By `form_post`: a parameter that nobody knows" => unknown_parameter;
    113 "m" May "Form Post §2" ["oidcc-id-token-hint"]
        "By `form_post`: `id_token_hint`" => id_token_hint;
    113 "n" May "Form Post §2" ["oidcc-login-hint"]
        "By `form_post`: `login_hint`" => login_hint;
    113 "o" May "Form Post §2" ["oidcc-ui-locales"]
        "By `form_post`: `ui_locales`" => ui_locales;
    113 "p" May "Form Post §2" ["oidcc-claims-locales"]
        "By `form_post`: `claims_locales`" => claims_locales;
    113 "q" May "Form Post §2" ["oidcc-ensure-request-with-acr-values-succeeds"]
        "By `form_post`: `acr_values`" => acr_values;
    113 "r" May "Form Post §2" ["oidcc-ensure-registered-redirect-uri"]
        "By `form_post`: a redirect URI that nobody registered" => unregistered;
    113 "s" May "Form Post §2" ["oidcc-ensure-post-request-succeeds"]
        "By `form_post`: a request that is posted" => posted_request;
    113 "t" May "Form Post §2" ["oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"]
        "By `form_post`: a `request_uri`" => request_uri;
    113 "u" May "Form Post §2" ["oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"]
        "By `form_post`: a request object" => request_object;
    113 "v" May "Form Post §2" ["oidcc-ensure-request-object-with-redirect-uri"]
        "By `form_post`: a request object with a redirect URI" => object_redirect;
    113 "w" May "Form Post §2" ["oidcc-ensure-request-with-valid-pkce-succeeds"]
        "By `form_post`: PKCE" => valid_pkce;
    113 "x" May "Form Post §2" ["oidcc-claims-essential"]
        "By `form_post`: an essential claim" => essential_claim;
}

cases! {
    /// With what came of it.
    pub TOKENS of Provider;
    114 "a" May "Form Post §2" ["oidcc-idtoken-signature"]
        "By `form_post`: the ID token's signature" => signature;
    114 "b" May "Form Post §2" ["oidcc-userinfo-get"]
        "By `form_post`: UserInfo by GET" => userinfo_get;
    114 "c" May "Form Post §2" ["oidcc-userinfo-post-header"]
        "By `form_post`: UserInfo by POST, the token in the header" => userinfo_post;
    114 "d" May "Form Post §2" ["oidcc-userinfo-post-body"]
        "By `form_post`: UserInfo by POST, the token in the body" => userinfo_body;
    114 "e" May "Form Post §2" ["oidcc-scope-profile"]
        "By `form_post`: the scope `profile`" => profile;
    114 "f" May "Form Post §2" ["oidcc-scope-email"]
        "By `form_post`: the scope `email`" => email;
    114 "g" May "Form Post §2" ["oidcc-scope-address"]
        "By `form_post`: the scope `address`" => address;
    114 "h" May "Form Post §2" ["oidcc-scope-phone"]
        "By `form_post`: the scope `phone`" => phone;
    114 "i" May "Form Post §2" ["oidcc-scope-all"]
        "By `form_post`: all scopes" => all_scopes;
    114 "j" May "Form Post §2" ["oidcc-codereuse"]
        "By `form_post`: a code that is used again" => code_reused;
    114 "k" May "Form Post §2" ["oidcc-server-client-secret-post"]
        "By `form_post`: `client_secret_post`" => secret_post;
    114 "l" May "Form Post §2" ["oidcc-refresh-token"]
        "By `form_post`: a refresh" => refreshed;
    114 "m" May "Form Post §2" ["oidcc-refresh-token"]
        "By `form_post`: a refresh token of another client" => refresh_of_other;
}

/// Cases of other files while every request asks for `form_post`.
macro_rules! by_form_post {
    ($($name:ident => $function:path;)*) => {$(
        async fn $name(op: &mut Provider) -> Outcome {
            op.needs("response_modes_supported", "form_post")?;
            op.response_mode = Some("form_post");
            let outcome = $function(op).await;
            op.response_mode = None;
            outcome
        }
    )*};
}

by_form_post! {
    server => a_request::by_get;
    response_type_missing => a_errors::no_response_type;
    without_nonce => a_request::no_nonce;
    reversed => a_request::reversed;
    display_page => a_request::display_page;
    display_popup => a_request::display_popup;
    prompt_login => a_prompt::login_later;
    none_signed_out => a_prompt::none_signed_out;
    none_signed_in => a_prompt::none_same_claims;
    max_age_over => a_prompt::max_age_over;
    max_age_left => a_prompt::max_age_left;
    unknown_parameter => a_request::unknown_parameter;
    id_token_hint => a_prompt::hint_of_same;
    login_hint => a_request::login_hint;
    ui_locales => a_request::ui_locales;
    claims_locales => a_request::claims_locales;
    acr_values => a_request::acr_values;
    unregistered => a_redirect_uri::unregistered;
    posted_request => a_request::by_post;
    request_uri => a_errors::request_uri;
    request_object => a_errors::request_object;
    object_redirect => a_errors::object_redirect;
    valid_pkce => b_pkce::valid;
    essential_claim => a_request::essential_claim;
    signature => d_id_token::signature;
    userinfo_get => e_userinfo::by_get;
    userinfo_post => e_userinfo::by_post;
    userinfo_body => e_userinfo::by_body;
    profile => e_userinfo::profile;
    email => e_userinfo::email;
    address => e_userinfo::address;
    phone => e_userinfo::phone;
    all_scopes => e_userinfo::all;
    code_reused => c_codes::code_reused;
    secret_post => c_client::secret_post;
    refreshed => c_codes::refreshed;
    refresh_of_other => c_codes::refresh_of_other;
}
