use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use schemars::JsonSchema;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Deserialize as DeriveDeserialize, Serialize};

/// A list of address ranges (CIDR); a bare address is a range of one.
///
/// The whole Internet is refused: as a proxy list it would let anybody name his own address
/// (NET-02, BRU-07), as a campus it would be no campus.
#[derive(Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Networks(#[schemars(with = "Vec<String>")] Vec<IpNet>);

impl Networks {
    /// An IPv4 address counts also when it comes in its IPv6 dress (`::ffff:10.0.0.1`), as it
    /// does on a dual-stack listener.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// This machine.
    pub fn loopback() -> Self {
        let v6 = Ipv6Net::from(std::net::Ipv6Addr::LOCALHOST);
        Self(vec![
            IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::LOCALHOST, 8).trunc()),
            IpNet::V6(v6),
        ])
    }

    /// Of these, our proxies: the client's address, which is the peer's, or behind them the last
    /// that none of them is (NET-02).
    pub fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer.to_canonical();
        if !self.contains(address) {
            return address;
        }
        let hops: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|v| v.to_str().ok())
            .flat_map(|v| v.split(','))
            .collect();
        for hop in hops.into_iter().rev() {
            // What a trusted proxy passed on and isn't an address ends the chain there.
            let Ok(hop) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            address = hop.to_canonical();
            if !self.contains(address) {
                break;
            }
        }
        address
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These and those.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        Self([&self.0[..], &others.0].concat())
    }

    pub fn as_slice(&self) -> &[IpNet] {
        &self.0
    }
}

/// What one household or phone has: an IPv4 address, or an IPv6 /64.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// What one customer of a network provider has at most: an IPv4 address, or an IPv6 /48.
pub fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl fmt::Debug for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(ToString::to_string))
            .finish()
    }
}

impl std::str::FromStr for Networks {
    type Err = String;

    /// Ranges parted by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(|part| range(part.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn range(text: &str) -> Result<IpNet, String> {
    let net = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse::<IpNet>().map_err(|_| {
            format!("{text:?} is no address range; write 10.0.0.0/8, 2001:db8::/32 or an address")
        })?,
    };
    if net.prefix_len() == 0 {
        return Err(format!(
            "{text} is every address there is; name the ranges you mean"
        ));
    }
    if net.addr() != net.network() {
        return Err(format!(
            "{text} has bits beyond its prefix; did you mean {}?",
            net.trunc()
        ));
    }
    Ok(net)
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(DeriveDeserialize)]
        #[serde(transparent)]
        struct Range(#[serde(deserialize_with = "read")] IpNet);

        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IpNet, D::Error> {
            range(&String::deserialize(deserializer)?).map_err(D::Error::custom)
        }

        let ranges = Vec::<Range>::deserialize(deserializer)?;
        Ok(Self(ranges.into_iter().map(|r| r.0).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // NET-02, BRU-07
    fn the_whole_internet_is_no_list_of_proxies() {
        for text in ["0.0.0.0/0", "::/0", "10.0.0.0/8,0.0.0.0/0"] {
            let error = text.parse::<Networks>().unwrap_err();
            assert!(error.contains("every address"), "{text}: {error}");
        }
    }

    #[test]
    fn an_ipv6_household_is_one_client_and_a_mapped_ipv4_is_itself() {
        let key = |text: &str| household(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test] // FLT-11
    fn a_bad_range_is_named() {
        let error = "10.0.0.0/8, 10.1.0.0/33".parse::<Networks>().unwrap_err();
        assert!(error.contains("10.1.0.0/33"), "{error}");
        let error = "10.1.2.3/8".parse::<Networks>().unwrap_err();
        assert!(error.contains("did you mean 10.0.0.0/8"), "{error}");
        assert!("".parse::<Networks>().is_err());
        assert!(serde_json::from_str::<Networks>(r#"["10.0.0.0/8", "x"]"#).is_err());
    }

    #[test]
    fn an_address_in_its_ipv6_dress_is_the_same_address() {
        let networks: Networks = "10.0.0.0/8,2001:db8::1".parse().unwrap();
        assert!(networks.contains("10.1.2.3".parse().unwrap()));
        assert!(networks.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(networks.contains("2001:db8::1".parse().unwrap()));
        assert!(!networks.contains("2001:db8::2".parse().unwrap()));
        assert!(!Networks::default().contains("127.0.0.1".parse().unwrap()));
    }
}
