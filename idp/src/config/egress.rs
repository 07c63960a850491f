use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Networks, Problem};

/// Where our own requests to applications may go: proxy callbacks and logout notices.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Egress {
    /// Private networks in which registered hosts may lie. Elsewhere a host must have a public
    /// address; this machine's own and those of cloud metadata are never asked.
    pub private_networks: Networks,
    /// PEM file of further certificate authorities, for applications whose certificates are the
    /// school's own.
    pub ca_file: Option<PathBuf>,
}

impl Egress {
    /// What counts as private: RFC 1918, carrier-grade NAT (RFC 6598), unique local addresses
    /// (RFC 4193).
    pub const PRIVATE: [IpNet; 5] = [
        v4([10, 0, 0, 0], 8),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v4([100, 64, 0, 0], 10),
        IpNet::V6(Ipv6Net::new_assert(
            Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
            7,
        )),
    ];

    pub(super) fn check(&self) -> Result<(), Problem> {
        let private = |net: &IpNet| Self::PRIVATE.iter().any(|range| range.contains(net));
        match self
            .private_networks
            .as_slice()
            .iter()
            .find(|net| !private(net))
        {
            None => Ok(()),
            Some(net) => Err(Problem::new(
                "egress.private_networks",
                format!(
                    "{net} is no private network (those lie within 10.0.0.0/8, 172.16.0.0/12, \
                     192.168.0.0/16, 100.64.0.0/10 and fc00::/7); public addresses need no entry, \
                     and all others are never asked"
                ),
            )),
        }
    }
}

const fn v4(address: [u8; 4], prefix: u8) -> IpNet {
    let [a, b, c, d] = address;
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // TKT-08
    fn only_private_networks_can_be_opened() {
        let check = |networks: &str| {
            let private_networks = networks.parse().unwrap();
            let egress = Egress {
                private_networks,
                ca_file: None,
            };
            egress.check().map_err(|problem| problem.to_string())
        };
        assert_eq!(check("10.8.0.0/16,172.31.0.0/16,fd12:3456::/32"), Ok(()));
        assert_eq!(Egress::default().check(), Ok(()));
        for bad in [
            "127.0.0.0/8",
            "169.254.169.254",
            "10.0.0.0/7",
            "fe80::/10",
            "::1",
            "8.8.8.0/24",
            "::ffff:10.0.0.0/104",
        ] {
            let message = check(&format!("10.0.0.0/8,{bad}")).unwrap_err();
            assert!(
                message.starts_with("egress.private_networks: ") && message.contains(bad),
                "{bad}: {message}"
            );
        }
    }
}
