use serde::{Deserialize, Serialize};

use crate::cas::Method;

/// Where the visitor was going, as the protocol's own request. It is kept as it came and
/// validated again, whole, on arrival: an application may have been removed meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum Destination {
    /// No application: the page that says one is signed in.
    Home,
    /// A CAS service (CAS 3.0.3 §2.1.1).
    Cas {
        service: String,
        #[serde(default)]
        method: Method,
    },
}

/// What the person ticked beside her password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Ask before each further application is entered (CAS 3.0.3 §2.2.1 `warn`).
    pub warn: bool,
    /// The session outlives the browser (§4.1 `rememberMe`).
    pub remember: bool,
}
