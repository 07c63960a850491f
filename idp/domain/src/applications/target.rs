use super::{OutboundUrl, ProvenService, RegisteredUrl};

/// A proxied service that is no web address, such as `imap://mail.example.edu`; compared byte for
/// byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpaqueService(String);

/// Why a text is no [`OpaqueService`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOpaqueService {
    #[error("must be 1 to {longest} characters", longest = OpaqueService::LONGEST)]
    Length,
    #[error("may hold printable ASCII characters only, and no space")]
    Character,
    #[error("is a web address; those are for \"services\"")]
    Web,
}

impl OpaqueService {
    /// In bytes.
    pub const LONGEST: usize = 500;

    /// # Errors
    /// [`BadOpaqueService`]
    pub fn parse(text: &str) -> Result<Self, BadOpaqueService> {
        if !(1..=Self::LONGEST).contains(&text.len()) {
            return Err(BadOpaqueService::Length);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadOpaqueService::Character);
        }
        let scheme = text.split(':').next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            return Err(BadOpaqueService::Web);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A service that proxy tickets may be bound to: found in the registry, as a web address or as an
/// opaque one. Made by [`super::Registry::resolve_target`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenTarget(Target);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Web(ProvenService),
    Opaque(OpaqueService),
}

impl ProvenTarget {
    pub(super) fn web(service: ProvenService) -> Self {
        Self(Target::Web(service))
    }

    pub(super) fn opaque(service: OpaqueService) -> Self {
        Self(Target::Opaque(service))
    }

    /// What a ticket is bound to, and what is compared at validation.
    pub fn canonical(&self) -> &str {
        match &self.0 {
            Target::Web(service) => service.canonical(),
            Target::Opaque(service) => service.as_str(),
        }
    }

    /// The web address, if it is one.
    pub fn service(&self) -> Option<&ProvenService> {
        match &self.0 {
            Target::Web(service) => Some(service),
            Target::Opaque(_) => None,
        }
    }
}

/// A `pgtUrl` that is a callback of the application that asks (TKT-08). Made by
/// [`super::Registry::callback`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenCallback(RegisteredUrl);

impl ProvenCallback {
    pub(super) fn new(registered: RegisteredUrl) -> Self {
        Self(registered)
    }

    /// The callback as it was registered: the name of the proxy in a chain (CAS 3.0.3 §2.6.2).
    pub fn identity(&self) -> &str {
        self.0.as_str()
    }

    /// The request that hands a proxy-granting ticket over: the callback's own query, then `pgtId`
    /// and `pgtIou` (§2.5.4).
    pub fn with_pgt(&self, pgt_id: &str, pgt_iou: &str) -> OutboundUrl {
        self.0
            .outbound()
            .with_parameters(&[("pgtId", pgt_id), ("pgtIou", pgt_iou)])
    }
}
