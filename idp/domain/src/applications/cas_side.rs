use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    ApplicationId, OpaqueService, OutboundUrl, ProvenService, RegisteredUrl, ServicePattern,
    ServiceUrl,
};
use crate::secrets::Tag;

/// How an application speaks CAS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasSide {
    /// At least one.
    pub services: Vec<ServicePattern>,
    /// Services that are no web address, for proxy tickets only.
    pub opaque_services: Vec<OpaqueService>,
    /// `http:` services are meant.
    pub plain_http: bool,
    /// Pages behind `#/…`: the ticket goes before the fragment (RED-08).
    pub spa_fragment: bool,
    /// No ticket from a session alone: credentials each time.
    pub require_fresh: bool,
    pub logout: LogoutRule,
    /// Whether it may act for people at other applications.
    pub proxy: Option<ProxyRule>,
    /// Whether programs may ask for tickets with a password.
    pub rest: Option<RestRule>,
}

impl CasSide {
    /// An address at which our server may ask for a page of the application: on scheme, host and
    /// port of one of its services. Nothing for any other, so that no redirect leads our requests
    /// elsewhere (TKT-08).
    pub fn outbound_within(&self, raw: &str) -> Option<OutboundUrl> {
        let url = ServiceUrl::parse(raw).ok()?;
        let own = self
            .services
            .iter()
            .any(|pattern| pattern.is_origin_of(&url));
        // As it came: a ticket in its query stays there.
        own.then(|| OutboundUrl::new(raw)).flatten()
    }

    /// Where a round trip through the application can begin: its first service that names one
    /// page, else what is below its first one.
    pub fn first_address(&self) -> Option<String> {
        let exact = self.services.iter().find_map(ServicePattern::page);
        exact.or_else(|| self.services.iter().find_map(ServicePattern::first_page))
    }

    /// Where the end of a session is told that used `service`; nothing for an application that
    /// isn't told. Who tells it, our server or the browser, is `logout.channel`.
    pub fn logout_target(&self, service: &ProvenService) -> Option<OutboundUrl> {
        if self.logout.channel == LogoutChannel::None {
            return None;
        }
        match &self.logout.url {
            Some(url) => Some(url.outbound().clone()),
            None => service.outbound(),
        }
    }
}

/// How an application is told that a session ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRule {
    pub channel: LogoutChannel,
    /// On the origin of one of its services; the service itself where none is named.
    pub url: Option<RegisteredUrl>,
}

/// Who tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogoutChannel {
    /// Our server.
    #[default]
    Back,
    /// The person's browser.
    Front,
    /// Nobody.
    None,
}

/// What an application may do in people's names (CAS 3.0.3 §2.5.4, §2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyRule {
    /// Where its proxy-granting tickets may be sent; compared whole (TKT-08).
    pub callbacks: Vec<RegisteredUrl>,
    /// For which applications it gets proxy tickets (TKT-11).
    pub targets: Vec<ApplicationId>,
}

impl ProxyRule {
    /// Whether it may get proxy tickets for `target` (TKT-11).
    pub fn reaches(&self, target: &ApplicationId) -> bool {
        self.targets.contains(target)
    }
}

/// Who may ask for tickets of this application with people's passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestRule {
    /// At least one.
    pub networks: Vec<IpNet>,
    /// SHA-256 of the key that has to come with each request.
    pub key_sha256: Option<Tag>,
}

impl RestRule {
    /// Whether a request from `address` may ask, with the key that came along. The key is compared
    /// in constant time.
    pub fn admits(&self, address: IpAddr, key: Option<&str>) -> bool {
        let address = address.to_canonical();
        let near = self.networks.iter().any(|net| net.contains(&address));
        let known = match (&self.key_sha256, key) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(expected), Some(key)) => {
                Tag::from_column(digest(&SHA256, key.as_bytes()).as_ref()) == *expected
            }
        };
        near && known
    }
}
