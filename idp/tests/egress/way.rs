//! A server, and the way to it.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use idp::egress::{Answer, Egress, EgressError, Limits, Resolver, WrittenResolver};
use idp::{Clock, config};
use idp_domain::applications::{OutboundUrl, Registry, parse_entries};

use crate::support;
use crate::support::outside::{Act, Authority, Outside};

/// The host of the tests; the resolver says where it is.
pub const HOST: &str = "app.example.edu";

pub const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The address as the registry gives it out.
pub fn registered(address: &str) -> OutboundUrl {
    let url = url::Url::parse(address).unwrap();
    let entry = serde_json::json!({
        "id": "app",
        "name": { "zh-CN": "应用", "en": "Application" },
        "cas": {
            "services": [format!("{}/*", url.origin().ascii_serialization())],
            "plain_http": url.scheme() == "http",
        },
    });
    let entries = parse_entries(&entry.to_string(), true).unwrap();
    let (_, service) = Registry::new(entries).resolve(address).unwrap();
    service.outbound().unwrap()
}

pub fn at(port: u16) -> OutboundUrl {
    registered(&format!("https://{HOST}:{port}/callback?a=1&b=%E4%B8%80"))
}

/// A way out that trusts one more authority and knows one name.
pub struct Way {
    pub authority: Authority,
    pub names: WrittenResolver,
    pub clock: Clock,
    pub demo: bool,
    pub limits: Limits,
}

impl Way {
    /// To this machine, as in a demonstration, with time enough for a slow machine.
    pub fn new() -> Self {
        let enough = Duration::from_mins(2);
        Self {
            authority: Authority::new(),
            names: WrittenResolver::default().with(HOST, &[LOOPBACK]),
            clock: Clock::manual(support::start()),
            demo: true,
            limits: Limits {
                get: enough,
                post: enough,
                ..Limits::default()
            },
        }
    }

    pub fn to(addresses: &[IpAddr]) -> Self {
        Self {
            names: WrittenResolver::default().with(HOST, addresses),
            ..Self::new()
        }
    }

    /// A host that never ends costs no more than this.
    pub fn impatient() -> Self {
        let mut way = Self::new();
        way.limits.get = Duration::from_millis(200);
        way
    }

    pub fn egress(&self) -> Egress {
        let rules = config::Egress {
            ca_file: Some(self.authority.file()),
            ..config::Egress::default()
        };
        let resolver = Resolver::Written(self.names.clone());
        Egress::new(&rules, self.demo, &self.clock, resolver)
            .unwrap()
            .with_limits(self.limits)
    }

    /// A server with a good certificate.
    pub async fn server(
        &self,
        answers: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Outside {
        Outside::https(self.authority.certify(&[HOST]), answers).await
    }

    pub async fn get(&self, server: &Outside) -> Result<Answer, EgressError> {
        self.egress().get(&at(server.port())).await
    }
}

/// Asks whether anybody has come, of the system itself.
pub fn deserted() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind((LOOPBACK, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

pub fn assert_nobody_came(listener: &std::net::TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
