use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Request, header};
use futures_util::future::{Either, select, select_ok};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use idp_domain::applications::OutboundUrl;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Position, form_urlencoded};

use super::error::{BadEgress, EgressError};
use super::policy::AddressPolicy;
use super::resolver::Resolver;
use super::{authorities, slots::Slots};
use crate::Clock;
use crate::config;

/// All that a server asked by us gets to know of who asks.
const USER_AGENT: &str = "Yimen";
/// Addresses of one host that are tried: a name with a thousand must not make us a scanner.
const MOST_ADDRESSES: usize = 4;
/// After which the next address is tried as well (RFC 8305 §5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Bytes and lines of an answer's head.
const HEAD_BYTES: usize = 16 << 10;
const HEAD_LINES: usize = 64;

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For a GET as a whole: waiting for a place, resolving, connecting, reading.
    pub get: Duration,
    /// For a POST.
    pub post: Duration,
    /// Bytes of an answer's body that are read; the rest is dropped unread.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            get: Duration::from_secs(2),
            post: Duration::from_secs(5),
            body: 4 << 10,
        }
    }
}

/// What came back, whatever its status says. Never shown to whoever caused the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The `Location`, which nobody followed.
    pub location: Option<String>,
    /// At most as many bytes as were asked for.
    pub body: Vec<u8>,
}

/// The one way out.
#[derive(Debug)]
pub struct Egress {
    policy: AddressPolicy,
    resolver: Resolver,
    pub(super) tls: Arc<ClientConfig>,
    limits: Limits,
    slots: Slots,
}

impl Egress {
    /// Requests under way at once, to all hosts and to one with its port (XML-06): two servers of
    /// one machine don't wait for each other.
    const SLOTS: usize = 64;
    const SLOTS_PER_HOST: usize = 4;

    /// # Errors
    /// [`BadEgress`] when `egress.ca_file` can't be used.
    pub fn new(
        rules: &config::Egress,
        demo: bool,
        clock: &Clock,
        resolver: Resolver,
    ) -> Result<Self, BadEgress> {
        Ok(Self {
            policy: AddressPolicy::new(rules, demo),
            resolver,
            tls: Arc::new(authorities::client(rules.ca_file.as_deref(), clock)?),
            limits: Limits::default(),
            slots: Slots::new(Self::SLOTS, Self::SLOTS_PER_HOST),
        })
    }

    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// # Errors
    /// [`EgressError`] unless a whole head and the part of the body that is read came in time. A
    /// status of 400 and above is an answer.
    pub async fn get(&self, to: &OutboundUrl) -> Result<Answer, EgressError> {
        self.get_within(to, self.limits.get).await
    }

    /// The same in a time of the caller's: nobody waits for it but an administrator.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_within(
        &self,
        to: &OutboundUrl,
        limit: Duration,
    ) -> Result<Answer, EgressError> {
        let request = request(Method::GET, to, String::new());
        self.ask(to, request, limit, self.limits.body).await
    }

    /// The same with a body of at most `most` bytes: a document, and not a word.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn get_document(&self, to: &OutboundUrl, most: usize) -> Result<Answer, EgressError> {
        let request = request(Method::GET, to, String::new());
        self.ask(to, request, self.limits.get, most).await
    }

    /// The pairs as `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn post_form(
        &self,
        to: &OutboundUrl,
        form: &[(&str, &str)],
    ) -> Result<Answer, EgressError> {
        self.post_form_within(to, form, self.limits.post).await
    }

    /// The same in a time of the caller's.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn post_form_within(
        &self,
        to: &OutboundUrl,
        form: &[(&str, &str)],
        limit: Duration,
    ) -> Result<Answer, EgressError> {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = request(Method::POST, to, body);
        self.ask(to, request, limit, self.limits.body).await
    }

    async fn ask(
        &self,
        to: &OutboundUrl,
        request: Result<Request<String>, EgressError>,
        limit: Duration,
        most: usize,
    ) -> Result<Answer, EgressError> {
        let outcome = match request {
            // On the heap: the states of TLS and HTTP would swell every future around them.
            Ok(request) => Box::pin(self.ask_within(to, request, limit, most)).await,
            Err(error) => Err(error),
        };
        let result = outcome
            .as_ref()
            .map_or_else(EgressError::result, |_| "answered");
        metrics::counter!("egress_requests_total", "result" => result).increment(1);
        if let Err(error) = &outcome {
            let (host, port) = (to.host(), to.port());
            tracing::warn!(host, port, %error, "a request of ours got no answer");
        }
        outcome
    }

    async fn ask_within(
        &self,
        to: &OutboundUrl,
        request: Request<String>,
        limit: Duration,
        most: usize,
    ) -> Result<Answer, EgressError> {
        let deadline = Instant::now() + limit;
        let slot = timeout_at(deadline, self.slots.take(to.url().authority())).await;
        let Ok(Some(_slot)) = slot else {
            return Err(EgressError::Busy);
        };
        timeout_at(deadline, self.exchange(to, request, most))
            .await
            .unwrap_or(Err(EgressError::TimedOut))
    }

    async fn exchange(
        &self,
        to: &OutboundUrl,
        request: Request<String>,
        most: usize,
    ) -> Result<Answer, EgressError> {
        let stream = connect(&self.addresses(to).await?, to.port()).await?;
        if !to.is_https() {
            return converse(stream, request, most).await;
        }
        let stream = TlsConnector::from(Arc::clone(&self.tls))
            .connect(server_name(to)?, stream)
            .await
            .map_err(EgressError::Tls)?;
        converse(stream, request, most).await
    }

    /// Those that may be asked, and at least one.
    pub(super) async fn addresses(&self, to: &OutboundUrl) -> Result<Vec<IpAddr>, EgressError> {
        let found = match to.url().host() {
            // What is an address already goes through the same check.
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => self
                .resolver
                .addresses(name)
                .await
                .map_err(EgressError::Unresolved)?,
            None => Vec::new(),
        };
        if found.is_empty() {
            return Err(EgressError::Unresolved(io::ErrorKind::NotFound.into()));
        }
        let (allowed, forbidden): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|address| self.policy.allows(*address));
        if allowed.is_empty() {
            return Err(EgressError::Forbidden(forbidden));
        }
        Ok(allowed)
    }
}

/// A request that says no more than it must.
fn request(method: Method, to: &OutboundUrl, body: String) -> Result<Request<String>, EgressError> {
    let url = to.url();
    // Without user name and password, and with the port only where it isn't the scheme's own.
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut request = Request::builder()
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, host)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, "*/*")
        .header(header::CONNECTION, "close");
    if method == Method::POST {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request
        .method(method)
        .body(body)
        .map_err(|_| EgressError::Unwritable)
}

/// Whom the certificate has to name: the host as the registry has it, never its address.
pub(super) fn server_name(to: &OutboundUrl) -> Result<ServerName<'static>, EgressError> {
    match to.url().host() {
        Some(Host::Ipv4(address)) => Ok(ServerName::from(IpAddr::from(address))),
        Some(Host::Ipv6(address)) => Ok(ServerName::from(IpAddr::from(address))),
        Some(Host::Domain(name)) => {
            ServerName::try_from(name.to_owned()).map_err(|_| EgressError::Unwritable)
        }
        None => Err(EgressError::Unwritable),
    }
}

/// The first connection that stands, to one of these addresses and nowhere else. A dead address
/// (often the IPv6 one) must not use up the time: the next is tried beside it.
pub(super) async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, EgressError> {
    let tries = addresses
        .iter()
        .take(MOST_ADDRESSES)
        .zip(0..)
        .map(|(address, nth)| {
            let address = SocketAddr::new(*address, port);
            Box::pin(async move {
                sleep(NEXT_ADDRESS * nth).await;
                TcpStream::connect(address).await
            })
        });
    let (stream, _others) = select_ok(tries).await.map_err(EgressError::Unreachable)?;
    Ok(stream)
}

/// One request, one answer.
async fn converse<S>(
    stream: S,
    request: Request<String>,
    most: usize,
) -> Result<Answer, EgressError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_LINES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(EgressError::Broken)?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let location = response.headers().get(header::LOCATION);
        Ok(Answer {
            status: response.status().as_u16(),
            location: location.and_then(|value| value.to_str().ok().map(str::to_owned)),
            body: beginning(response.into_body(), most).await?,
        })
    };
    // The connection is driven here and not by a task of its own: what is dropped at the deadline
    // is closed at the deadline. It may end before all that it read has been taken.
    let answer = match select(pin!(exchange), pin!(connection)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((_, exchange)) => exchange.await,
    };
    answer.map_err(EgressError::Broken)
}

/// The first `most` bytes of a body; the rest stays unread.
async fn beginning(mut body: Incoming, most: usize) -> Result<Vec<u8>, hyper::Error> {
    let mut read = Vec::new();
    while read.len() < most {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else {
            break;
        };
        if let Ok(bytes) = frame?.into_data() {
            read.extend_from_slice(&bytes[..bytes.len().min(most - read.len())]);
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use idp_domain::applications::{Registry, parse_entries};

    use super::*;
    use crate::egress::WrittenResolver;

    fn registered(host: &str) -> OutboundUrl {
        let entry = format!(
            r#"{{ "id": "a", "name": {{ "zh-CN": "甲", "en": "A" }},
                "cas": {{ "services": ["https://{host}/*"] }} }}"#
        );
        let registry = Registry::new(parse_entries(&entry, false).unwrap());
        let (_, service) = registry.resolve(&format!("https://{host}/")).unwrap();
        service.outbound().unwrap()
    }

    /// TKT-08, XML-06: what isn't in this list is not connected to.
    #[tokio::test]
    async fn of_several_addresses_only_those_remain_that_may_be_asked() {
        let written = |addresses: &[&str]| -> Vec<IpAddr> {
            addresses
                .iter()
                .map(|address| address.parse().unwrap())
                .collect()
        };
        let found = written(&[
            "169.254.169.254",
            "1.1.1.1",
            "127.0.0.1",
            "10.8.0.1",
            "10.9.0.1",
            "::ffff:10.0.0.1",
            "2400:3200::1",
            "::1",
        ]);
        let resolver = WrittenResolver::default().with("app.example.edu", &found);
        let rules = config::Egress {
            private_networks: "10.8.0.0/16".parse().unwrap(),
            ca_file: None,
        };
        let clock = Clock::default();
        let egress = Egress::new(&rules, false, &clock, Resolver::Written(resolver)).unwrap();
        let addresses = egress.addresses(&registered("app.example.edu")).await;
        assert_eq!(
            addresses.unwrap(),
            written(&["1.1.1.1", "10.8.0.1", "2400:3200::1"])
        );
    }

    #[test]
    fn the_limits_are_those_of_the_catalogue() {
        // TKT-08, XML-06
        let limits = Limits::default();
        assert_eq!(limits.get, Duration::from_secs(2));
        assert_eq!(limits.post, Duration::from_secs(5));
        assert_eq!(limits.body, 4096);
        assert_eq!(Egress::SLOTS_PER_HOST, 4);
    }
}
