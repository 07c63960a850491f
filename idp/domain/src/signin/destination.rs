use serde::{Deserialize, Serialize};

use crate::cas::Method;
use crate::oidc::UserCode;

/// Where the visitor was going, as the protocol's own request. It is kept as it came and
/// validated again, whole, on arrival: an application may have been removed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum Destination {
    /// No application: the page that says one is signed in.
    Home,
    /// A page of our own about her account.
    Account { page: AccountPage },
    /// A CAS service (CAS 3.0.3 §2.1.1).
    Cas {
        service: String,
        #[serde(default)]
        method: Method,
    },
    /// An application's authorization request (OpenID Connect Core §3.1.2.1), or `client_id` and
    /// `request_uri` of one that it pushed (RFC 9126 §4).
    Oidc { parameters: Vec<(String, String)> },
    /// The page where a device is let in (RFC 8628 §3.3), with the code if the address had one.
    Device { user_code: Option<UserCode> },
}

/// Where a person types in what her device shows.
pub const DEVICE_PAGE: &str = "/oidc/device/verify";

impl Destination {
    /// The address, where it is a page of ours that asks for a session itself.
    pub fn own_address(&self) -> Option<String> {
        match self {
            Self::Account { page } => Some(page.path().to_owned()),
            Self::Device { user_code: None } => Some(DEVICE_PAGE.to_owned()),
            Self::Device {
                user_code: Some(code),
            } => Some(format!("{DEVICE_PAGE}?user_code={code}")),
            Self::Home | Self::Cas { .. } | Self::Oidc { .. } => None,
        }
    }
}

/// A page about one's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPage {
    Overview,
    /// What applications were allowed to know.
    Consents,
}

impl AccountPage {
    pub const ALL: [Self; 2] = [Self::Overview, Self::Consents];

    /// The word in addresses of the sign-in.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Consents => "consents",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.as_str() == word)
    }

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::Consents => "/account/consents",
        }
    }
}

/// What the person ticked beside her password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Ask before each further application is entered (CAS 3.0.3 §2.2.1 `warn`).
    pub warn: bool,
    /// The session outlives the browser (§4.1 `rememberMe`).
    pub remember: bool,
}

impl Wishes {
    /// By the names of the boxes.
    pub fn ticked(has: impl Fn(&str) -> bool) -> Self {
        Self {
            warn: has("warn"),
            remember: has("rememberMe"),
        }
    }
}
