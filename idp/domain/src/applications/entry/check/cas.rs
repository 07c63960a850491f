use std::net::IpAddr;

use ipnet::IpNet;

use super::sha256;
use crate::applications::entry::place::Problems;
use crate::applications::entry::shape::{EntryCas, EntryLogout, EntryProxy, EntryRest};
use crate::applications::{
    ApplicationId, BadAddress, CasSide, LogoutRule, OpaqueService, PatternRules, ProxyRule,
    RegisteredUrl, RestRule, ServicePattern,
};

const MAX_SERVICES: usize = 100;
const MAX_OPAQUE_SERVICES: usize = 20;
const MAX_CALLBACKS: usize = 20;
const MAX_TARGETS: usize = 100;
const MAX_NETWORKS: usize = 50;

impl EntryCas {
    pub(super) fn check(self, demo: bool, problems: &mut Problems) -> CasSide {
        let rules = PatternRules {
            plain_http: self.plain_http,
            demo,
        };
        if self.services.is_empty() {
            let limits = format!("must have 1 to {MAX_SERVICES} entries");
            problems.add("cas.services", limits);
        }
        let services = problems.list("cas.services", &self.services, MAX_SERVICES, |text| {
            ServicePattern::parse(text, rules)
        });
        let opaque = &self.opaque_services;
        let opaque_services = problems.list(
            "cas.opaque_services",
            opaque,
            MAX_OPAQUE_SERVICES,
            OpaqueService::parse,
        );
        // Where a service was refused, an address “elsewhere” would only say so again.
        let known = (services.len() == self.services.len()).then_some(services.as_slice());
        let logout = self.logout.check(known, rules, problems);
        CasSide {
            services,
            opaque_services,
            plain_http: self.plain_http,
            spa_fragment: self.spa_fragment,
            require_fresh: self.require_fresh,
            logout,
            proxy: self.proxy.map(|proxy| proxy.check(demo, problems)),
            rest: self.rest.and_then(|rest| rest.check(problems)),
        }
    }
}

impl EntryLogout {
    fn check(
        self,
        services: Option<&[ServicePattern]>,
        rules: PatternRules,
        problems: &mut Problems,
    ) -> LogoutRule {
        let url = self.url.and_then(|text| {
            let parsed = RegisteredUrl::parse(&text, rules).and_then(|url| {
                // Another host would learn who was signed in here, and be asked by our server.
                let is_ours = |services: &[ServicePattern]| {
                    services.iter().any(|s| s.is_origin_of(url.service_url()))
                };
                if services.is_none_or(is_ours) {
                    Ok(url)
                } else {
                    Err(BadAddress::Elsewhere)
                }
            });
            problems.note(
                "cas.logout.url",
                parsed.map_err(|e| format!("{text:?} {e}")),
            )
        });
        LogoutRule {
            channel: self.channel,
            url,
        }
    }
}

impl EntryProxy {
    fn check(self, demo: bool, problems: &mut Problems) -> ProxyRule {
        ProxyRule {
            callbacks: problems.list(
                "cas.proxy.callbacks",
                &self.callbacks,
                MAX_CALLBACKS,
                |text| RegisteredUrl::parse_callback(text, demo),
            ),
            targets: problems.list(
                "cas.proxy.targets",
                &self.targets,
                MAX_TARGETS,
                ApplicationId::parse,
            ),
        }
    }
}

impl EntryRest {
    fn check(self, problems: &mut Problems) -> Option<RestRule> {
        let key = "cas.rest.networks";
        if self.networks.is_empty() {
            problems.add(key, format!("must have 1 to {MAX_NETWORKS} entries"));
        }
        let networks = problems.list(key, &self.networks, MAX_NETWORKS, network);
        // A hash that can't be read must not become “no key needed”.
        let key_sha256 = match self.key_sha256 {
            None => None,
            Some(text) => Some(problems.note("cas.rest.key_sha256", sha256(&text))?),
        };
        Some(RestRule {
            networks,
            key_sha256,
        })
    }
}

/// A range of addresses; one address is a range too. Not all there are (NET-02).
fn network(text: &str) -> Result<IpNet, &'static str> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text
            .parse::<IpNet>()
            .map_err(|_| "is no address range; write 10.8.3.0/24 or an address")?,
    };
    if net.prefix_len() == 0 {
        Err("is every address there is; name the ranges you mean")
    } else if net.addr() != net.network() {
        Err("has bits beyond its prefix")
    } else {
        Ok(net)
    }
}
