use url::Url;

use super::{credentials, fapi2, subject};
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::EntryOidc;
use crate::applications::{
    ApplicationType, AuthMethod, BadRedirect, ClientId, Consent, GrantType, LogoutUri, OidcSide,
    Profile, RedirectRules, RedirectUri, RegisteredUrl,
};
use crate::oidc::jose::SigningAlgorithm;
use crate::oidc::{Scope, Scopes};

const MAX_REDIRECT_URIS: usize = 50;
const MAX_SCOPES: usize = 50;
const MAX_AUDIENCES: usize = 20;
const MAX_AUDIENCE_CHARS: usize = 512;
/// Seconds: a year.
const MAX_MAX_AGE: u32 = 365 * 24 * 60 * 60;
/// What is asked about people, where an entry doesn't narrow it; what is told is `release`.
const PERSON_SCOPES: [Scope; 6] = [
    Scope::OpenId,
    Scope::Profile,
    Scope::Email,
    Scope::Phone,
    Scope::Address,
    Scope::Campus,
];

impl EntryOidc {
    /// `entry_id` is its client id where it names none.
    pub(super) fn check(
        self,
        entry_id: &str,
        demo: bool,
        problems: &mut Problems,
    ) -> Option<OidcSide> {
        let known = problems.found.len();
        let client_id = match &self.client_id {
            Some(id) => problems.note("oidc.client_id", ClientId::parse(id)),
            // An id that can't be one was noted already.
            None => ClientId::parse(entry_id).ok(),
        };
        let is_fapi2 = self.profile == Some(Profile::Fapi2);
        if is_fapi2 {
            fapi2::check(&self, problems);
        }
        self.check_combinations(problems);
        self.check_grants(problems);
        let uris = self.redirect_uris("redirect_uris", &self.redirect_uris, demo, problems);
        let after = &self.post_logout_redirect_uris;
        let after = self.redirect_uris("post_logout_redirect_uris", after, demo, problems);
        let credentials = credentials::check(&self, demo, problems);
        let subject_type = subject::check(&self, &uris, problems);
        let scopes = self.scopes(problems);
        let audiences = problems.list("oidc.audiences", &self.audiences, MAX_AUDIENCES, audience);
        let serves = self.resource_server_for(problems);
        let back = self.back_channel(demo, problems);
        let front = self.front_channel(&uris, demo, problems);
        let initiate = self.initiate_login_uri.as_deref();
        let initiate = self.address("initiate_login_uri", initiate, demo, problems);
        let consent = self.consent(&uris, problems);
        if problems.found.len() > known {
            return None;
        }
        let (authentication, spare_keys) = credentials?;
        let default_alg = if is_fapi2 {
            SigningAlgorithm::Ps256
        } else {
            SigningAlgorithm::Rs256
        };
        Some(OidcSide {
            client_id: client_id?,
            authentication,
            spare_keys,
            redirect_uris: uris,
            post_logout_redirect_uris: after,
            back_channel_logout: back,
            front_channel_logout: front,
            grant_types: self.grant_types,
            scopes,
            subject_type: subject_type?,
            require_pkce: self.require_pkce,
            require_pushed_authorization_requests: self
                .require_pushed_authorization_requests
                .unwrap_or(is_fapi2),
            dpop_bound_access_tokens: self.dpop_bound_access_tokens.unwrap_or(is_fapi2),
            dpop_nonce: self.dpop_nonce,
            profile: self.profile,
            id_token_signed_response_alg: self.id_token_signed_response_alg.unwrap_or(default_alg),
            userinfo_signed_response_alg: self.userinfo_signed_response_alg,
            access_token_format: self.access_token_format,
            audiences,
            resource_server_for: serves,
            application_type: self.application_type,
            plain_http: self.plain_http,
            consent,
            default_max_age: self.default_max_age,
            require_auth_time: self.require_auth_time,
            initiate_login_uri: initiate,
        })
    }

    fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthMethod::None
    }

    fn is_native(&self) -> bool {
        self.application_type == ApplicationType::Native
    }

    /// Keys that don't go together.
    fn check_combinations(&self, problems: &mut Problems) {
        if self.is_native() && self.plain_http {
            let problem = "isn't for native applications: those have https:, a loopback address \
                           or a scheme of their own";
            problems.add("oidc.plain_http", problem);
        }
        // RFC 9700 §2.1.1
        if self.is_public() && !self.require_pkce {
            let problem = "must be true for a client without authentication";
            problems.add("oidc.require_pkce", problem);
        }
        if self.default_max_age.is_some_and(|age| age > MAX_MAX_AGE) {
            let problem = format!("must be at most {MAX_MAX_AGE} seconds, which is a year");
            problems.add("oidc.default_max_age", problem);
        }
    }

    fn check_grants(&self, problems: &mut Problems) {
        let key = "oidc.grant_types";
        if self.grant_types.is_empty() {
            problems.add(key, "must have at least one entry");
        }
        for (index, grant) in self.grant_types.iter().enumerate() {
            let place = format!("{key}[{index}]");
            let needless = *grant == GrantType::RefreshToken
                && !self.grants(GrantType::AuthorizationCode)
                && !self.grants(GrantType::DeviceCode);
            if self.grant_types[..index].contains(grant) {
                problems.add(&place, format!("{:?} stands here twice", grant.as_str()));
            } else if *grant == GrantType::ClientCredentials && self.is_public() {
                // RFC 6749 §4.4
                problems.add(
                    &place,
                    "\"client_credentials\" needs a client that proves itself",
                );
            } else if needless {
                let others = "\"refresh_token\" needs \"authorization_code\" or the device grant";
                problems.add(&place, others);
            }
        }
        let codes = self.grants(GrantType::AuthorizationCode);
        if codes && self.redirect_uris.is_empty() {
            let limits = format!("must have 1 to {MAX_REDIRECT_URIS} entries");
            problems.add("oidc.redirect_uris", limits);
        }
        if codes && self.response_types.as_ref().is_some_and(Vec::is_empty) {
            problems.add("oidc.response_types", "must be [\"code\"], or left out");
        }
    }

    fn grants(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    fn redirect_uris(
        &self,
        key: &str,
        texts: &[String],
        demo: bool,
        problems: &mut Problems,
    ) -> Vec<RedirectUri> {
        let rules = RedirectRules {
            native: self.is_native(),
            plain_http: self.plain_http,
            demo,
        };
        problems.list(&format!("oidc.{key}"), texts, MAX_REDIRECT_URIS, |text| {
            RedirectUri::parse(text, rules)
        })
    }

    fn scopes(&self, problems: &mut Problems) -> Scopes {
        let refreshes = self.grants(GrantType::RefreshToken);
        let Some(asked) = &self.scopes else {
            // Without a person there is nothing to ask about.
            let person =
                self.grants(GrantType::AuthorizationCode) || self.grants(GrantType::DeviceCode);
            let scopes = PERSON_SCOPES.into_iter().filter(|_| person);
            let offline = refreshes.then_some(Scope::OfflineAccess);
            return scopes.chain(offline).collect();
        };
        let scopes = problems.list("oidc.scopes", asked, MAX_SCOPES, |text| {
            let scope = Scope::parse(text).map_err(|error| error.to_string())?;
            if scope == Scope::OfflineAccess && !refreshes {
                return Err("needs \"refresh_token\" among \"grant_types\"".to_owned());
            }
            Ok(scope)
        });
        scopes.into_iter().collect()
    }

    /// RFC 7662 §2.1: only who proves itself is told of tokens.
    fn resource_server_for(&self, problems: &mut Problems) -> Vec<String> {
        let key = "oidc.resource_server_for";
        if self.is_public() && !self.resource_server_for.is_empty() {
            problems.add(key, "needs a client that proves itself");
        }
        problems.list(key, &self.resource_server_for, MAX_AUDIENCES, audience)
    }

    /// An address that our server or a browser asks, at whichever host the entry names (TKT-08).
    pub(super) fn address(
        &self,
        key: &str,
        text: Option<&str>,
        demo: bool,
        problems: &mut Problems,
    ) -> Option<RegisteredUrl> {
        let text = text?;
        let parsed = RegisteredUrl::parse_endpoint(text, self.plain_http, demo);
        let key = format!("oidc.{key}");
        problems.note(&key, parsed.map_err(|e| format!("{text:?} {e}")))
    }

    /// Back-Channel Logout §2.2
    fn back_channel(&self, demo: bool, problems: &mut Problems) -> Option<LogoutUri> {
        let session_required = self.backchannel_logout_session_required;
        let text = self.backchannel_logout_uri.as_deref();
        if text.is_none() && session_required {
            let problem = "says nothing without \"backchannel_logout_uri\"";
            problems.add("oidc.backchannel_logout_session_required", problem);
        }
        let uri = self.address("backchannel_logout_uri", text, demo, problems)?;
        Some(LogoutUri {
            uri,
            session_required,
        })
    }

    /// Front-Channel Logout §2: at scheme, host and port of a redirect URI.
    fn front_channel(
        &self,
        uris: &[RedirectUri],
        demo: bool,
        problems: &mut Problems,
    ) -> Option<LogoutUri> {
        let session_required = self.frontchannel_logout_session_required;
        let text = self.frontchannel_logout_uri.as_deref();
        if text.is_none() && session_required {
            let problem = "says nothing without \"frontchannel_logout_uri\"";
            problems.add("oidc.frontchannel_logout_session_required", problem);
        }
        let uri = self.address("frontchannel_logout_uri", text, demo, problems)?;
        let origin = uri.service_url().origin();
        // Where a redirect URI was refused, “elsewhere” would only say so again.
        let all_read = uris.len() == self.redirect_uris.len();
        if all_read && !uris.iter().any(|known| known.origin() == origin) {
            let problem = "must have scheme, host and port of one of the \"redirect_uris\"";
            problems.add("oidc.frontchannel_logout_uri", problem);
        }
        Some(LogoutUri {
            uri,
            session_required,
        })
    }

    fn consent(&self, uris: &[RedirectUri], problems: &mut Problems) -> Consent {
        let replaceable =
            self.is_public() && self.is_native() && !uris.iter().all(RedirectUri::has_host);
        match self.consent {
            // RFC 8252 §8.6
            Some(Consent::Implicit) if replaceable => {
                let problem = "must be \"ask\": another program on the device can take the place \
                               of a native application that proves nothing";
                problems.add("oidc.consent", problem);
                Consent::Ask
            }
            Some(consent) => consent,
            None if replaceable => Consent::Ask,
            None => Consent::Implicit,
        }
    }
}

/// An absolute URI without a fragment (RFC 8707 §2).
fn audience(text: &str) -> Result<String, String> {
    let sound = (1..=MAX_AUDIENCE_CHARS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic())
        && Url::parse(text).is_ok();
    if !sound {
        Err(format!(
            "must be an absolute URI of up to {MAX_AUDIENCE_CHARS} characters"
        ))
    } else if text.contains('#') {
        Err(BadRedirect::Fragment.to_string())
    } else {
        Ok(text.to_owned())
    }
}
