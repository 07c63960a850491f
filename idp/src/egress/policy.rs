//! Which addresses our own server may ask (TKT-08, XML-06).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::config::{self, Networks};

/// What an address is to a server that was told to ask it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Global,
    /// Somebody's inside: asked only where the configuration names the network.
    Private,
    /// This machine: asked only in a demonstration.
    Loopback,
    /// No application's, whatever the configuration says.
    Never,
}

/// What the special-purpose registries of IANA and the clouds' handbooks say of IPv4; the first
/// that fits counts, and all others are global.
const V4: &[(Ipv4Net, Kind)] = &[
    // Cloud metadata outside of link-local: Alibaba's lies in a private range, Azure's in a
    // public one.
    (v4([100, 100, 100, 200], 32), Kind::Never),
    (v4([168, 63, 129, 16], 32), Kind::Never),
    (v4([10, 0, 0, 0], 8), Kind::Private),
    (v4([172, 16, 0, 0], 12), Kind::Private),
    (v4([192, 168, 0, 0], 16), Kind::Private),
    (v4([100, 64, 0, 0], 10), Kind::Private),
    (v4([127, 0, 0, 0], 8), Kind::Loopback),
    // "This network" (RFC 791), which Linux takes for itself.
    (v4([0, 0, 0, 0], 8), Kind::Never),
    // Link-local, where most clouds keep their metadata (RFC 3927).
    (v4([169, 254, 0, 0], 16), Kind::Never),
    // Protocol assignments (RFC 6890), documentation (RFC 5737), the former 6to4 relays
    // (RFC 7526), benchmarks (RFC 2544).
    (v4([192, 0, 0, 0], 24), Kind::Never),
    (v4([192, 0, 2, 0], 24), Kind::Never),
    (v4([198, 51, 100, 0], 24), Kind::Never),
    (v4([203, 0, 113, 0], 24), Kind::Never),
    (v4([192, 88, 99, 0], 24), Kind::Never),
    (v4([198, 18, 0, 0], 15), Kind::Never),
    // Multicast, reserved, broadcast.
    (v4([224, 0, 0, 0], 4), Kind::Never),
    (v4([240, 0, 0, 0], 4), Kind::Never),
];

/// The same of IPv6, turned around: what isn't named here isn't asked. Forms that carry an IPv4
/// address have been taken off before.
const V6: &[(Ipv6Net, Kind)] = &[
    (
        Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128),
        Kind::Loopback,
    ),
    // Where Amazon, Oracle, Google and Scaleway keep their metadata among unique local addresses.
    (v6([0xfd00, 0xec2], 32), Kind::Never),
    (v6([0xfd00, 0xc1], 32), Kind::Never),
    (v6([0xfd20, 0xce], 32), Kind::Never),
    (v6([0xfd00, 0x42], 32), Kind::Never),
    (v6([0xfc00, 0], 7), Kind::Private),
    // Protocol assignments (RFC 2928), documentation (RFC 3849, RFC 9637).
    (v6([0x2001, 0], 23), Kind::Never),
    (v6([0x2001, 0xdb8], 32), Kind::Never),
    (v6([0x3fff, 0], 20), Kind::Never),
    // All that is given out so far (RFC 4291 §2.4).
    (v6([0x2000, 0], 3), Kind::Global),
];

const fn v4(address: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = address;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

/// By its first two groups.
const fn v6(begins: [u16; 2], prefix: u8) -> Ipv6Net {
    let [first, second] = begins;
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), prefix)
}

/// Which addresses may be asked on this installation.
#[derive(Clone, Debug)]
pub(super) struct AddressPolicy {
    private: Networks,
    loopback: bool,
}

impl AddressPolicy {
    pub(super) fn new(rules: &config::Egress, demo: bool) -> Self {
        Self {
            private: rules.private_networks.clone(),
            loopback: demo,
        }
    }

    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let address = carried(address);
        match kind(address) {
            Kind::Global => true,
            Kind::Private => self.private.contains(address),
            Kind::Loopback => self.loopback,
            Kind::Never => false,
        }
    }
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => V4
            .iter()
            .find(|(net, _)| net.contains(&address))
            .map_or(Kind::Global, |(_, kind)| *kind),
        IpAddr::V6(address) => V6
            .iter()
            .find(|(net, _)| net.contains(&address))
            .map_or(Kind::Never, |(_, kind)| *kind),
    }
}

/// The IPv4 address that packets for an IPv6 one end up at, where it says so: mapped
/// (RFC 4291 §2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380). A NAT64 prefix of
/// one's own can't be told from others, and the one for local use (RFC 8215) is never asked.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        // The client's address is written with every bit turned over.
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        _ => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(private: &str, demo: bool) -> AddressPolicy {
        let private_networks = if private.is_empty() {
            Networks::default()
        } else {
            private.parse().unwrap()
        };
        let rules = config::Egress {
            private_networks,
            ca_file: None,
        };
        AddressPolicy::new(&rules, demo)
    }

    fn assert_all(policy: &AddressPolicy, expected: bool, addresses: &[&str]) {
        for address in addresses {
            let parsed = address.parse().unwrap();
            assert_eq!(policy.allows(parsed), expected, "{address}");
        }
    }

    const GLOBAL: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "202.112.0.36",
        "223.255.255.255",
        "2001:200::1",
        "2001:da8::1",
        "2001:250:200::1",
        "2400:3200::1",
        "2606:4700:4700::1111",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        // Public addresses in each of the dresses.
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
        "2002:101:101::1",
        "2001:0:4136:e378:8000:63bf:fefe:fefe",
    ];

    const PRIVATE: &[&str] = &[
        "10.0.0.0",
        "10.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "fc00::1",
        "fd12:3456:789a::1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::192.168.1.1",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        // 10.0.0.1 turned over.
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ];

    const LOOPBACK: &[&str] = &[
        "127.0.0.1",
        "127.255.255.255",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ];

    const NEVER: &[&str] = &[
        // Metadata.
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:c1::a9fe:a9fe",
        "fd20:ce::254",
        "fd00:42::42",
        "::ffff:169.254.169.254",
        "::ffff:100.100.100.200",
        "64:ff9b::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:5601:5601",
        // Link-local, unspecified, "this network".
        "169.254.0.0",
        "169.254.255.255",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "febf::1",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "::ffff:0.0.0.0",
        "64:ff9b::0.0.0.0",
        // Multicast, broadcast, reserved.
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::ffff:255.255.255.255",
        "ff02::1",
        "ff0e::1",
        // Documentation, benchmarks, protocol assignments, discard, ORCHID, SRv6.
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "198.18.0.1",
        "198.19.255.255",
        "192.0.0.8",
        "192.88.99.1",
        "2001:db8::1",
        "3fff::1",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:2::1",
        "2001:20::1",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "100::1",
        "5f00::1",
        // IPv4 in dresses that nobody wears any more, or that can't be read for sure.
        "::1.1.1.1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::ffff:0:1.1.1.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::1.1.1.1",
        "64:ff9b:1::10.0.0.1",
        "64:ff9b:0:1::1.1.1.1",
        // Site-local, and what nobody was given.
        "fec0::1",
        "4000::1",
        "e000::1",
        "1fff::1",
    ];

    #[test] // TKT-08, XML-06
    fn without_a_word_of_configuration_only_public_addresses_are_asked() {
        let policy = policy("", false);
        assert_all(&policy, true, GLOBAL);
        assert_all(&policy, false, PRIVATE);
        assert_all(&policy, false, LOOPBACK);
        assert_all(&policy, false, NEVER);
    }

    #[test] // TKT-08, XML-06
    fn private_addresses_are_asked_only_in_the_networks_that_are_named() {
        let some = policy("10.8.0.0/16,fd12:3456::/32", false);
        assert_all(
            &some,
            true,
            &[
                "10.8.0.1",
                "10.8.255.255",
                "::ffff:10.8.0.1",
                "64:ff9b::10.8.0.1",
                "fd12:3456::1",
                "1.1.1.1",
            ],
        );
        assert_all(
            &some,
            false,
            &["10.7.255.255", "10.9.0.0", "192.168.0.1", "fd12:3457::1"],
        );
    }

    #[test] // TKT-08
    fn no_configuration_opens_metadata_or_this_machine() {
        let all = config::Egress::PRIVATE.map(|net| net.to_string()).join(",");
        let policy = policy(&all, false);
        assert_all(&policy, true, PRIVATE);
        assert_all(&policy, false, LOOPBACK);
        assert_all(&policy, false, NEVER);
    }

    #[test]
    fn a_demonstration_asks_this_machine_and_nothing_else_inside() {
        let policy = policy("", true);
        assert_all(&policy, true, LOOPBACK);
        assert_all(&policy, false, PRIVATE);
        assert_all(&policy, false, NEVER);
    }

    /// The two tables and the configuration's own list agree on what is private.
    #[test]
    fn what_can_be_opened_is_what_is_private() {
        for net in config::Egress::PRIVATE {
            assert_eq!(kind(net.network()), Kind::Private, "{net}");
            assert_eq!(kind(net.broadcast()), Kind::Private, "{net}");
        }
    }
}
