//! The callback of a proxying service (CAS 3.0.3 §2.5.4), on TLS. One address plays every part: a
//! case stages the answer and the certificate, so a server needs to know one callback only.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Flaw, from_pem, provider};
use super::journal::{Journal, Received, lock};
use crate::suite::evidence::Evidence;

const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(30);

/// Where its good certificate is from.
#[derive(Debug)]
pub enum Presented {
    /// The suite's own authority, which the server was told to trust: can also make bad ones.
    Own(Authority),
    /// The operator's PEM files (certificate chain, key): an authority that the server trusts
    /// already. Of bad certificates only a self-signed one can be made.
    Files {
        certificates: Vec<u8>,
        key: Vec<u8>,
        spare: Authority,
    },
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct CallbackListener {
    address: SocketAddr,
    host: String,
    journal: Journal,
    presented: Presented,
    current: Arc<Current>,
    accepting: AbortHandle,
}

/// The certificate of the next handshake.
#[derive(Debug)]
struct Current {
    good: Arc<CertifiedKey>,
    staged: Mutex<Option<Arc<CertifiedKey>>>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let staged = lock(&self.staged).clone();
        Some(staged.unwrap_or_else(|| self.good.clone()))
    }
}

/// Keeps a bad certificate in place; the good one is back when it is dropped.
#[derive(Debug)]
#[must_use = "the certificate is presented as long as this lives"]
pub struct PresentedWhile {
    current: Arc<Current>,
}

impl Drop for PresentedWhile {
    fn drop(&mut self) {
        *lock(&self.current.staged) = None;
    }
}

/// What a callback brought: the proxy-granting ticket and the IOU by which its service knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub pgt_id: String,
    pub pgt_iou: String,
}

impl Received {
    /// The two parameters of a callback; None: the request is none.
    pub fn granted(&self) -> Option<Granted> {
        Some(Granted {
            pgt_id: self.parameter("pgtId")?,
            pgt_iou: self.parameter("pgtIou")?,
        })
    }
}

impl CallbackListener {
    /// Listens at `address` under the name `host`, by which the server under test reaches it.
    pub async fn start(
        address: SocketAddr,
        host: &str,
        presented: Presented,
        evidence: Evidence,
    ) -> Result<Self> {
        let good = match &presented {
            Presented::Own(authority) => authority.certificate(host, Flaw::None)?,
            Presented::Files {
                certificates, key, ..
            } => from_pem(certificates, key)?,
        };
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("nothing can listen at {address}"))?;
        let address = listener.local_addr()?;
        let current = Arc::new(Current {
            good,
            staged: Mutex::default(),
        });
        let origin = format!("https://{host}:{}", address.port());
        let journal = Journal::new(origin, evidence);
        let acceptor = TlsAcceptor::from(Arc::new(configuration(current.clone())?));
        let accepting = tokio::spawn(accept(listener, acceptor, journal.clone())).abort_handle();
        Ok(Self {
            address,
            host: host.to_owned(),
            journal,
            presented,
            current,
            accepting,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Presents a bad certificate until the answer is dropped. None: with the operator's files this
    /// one can't be made, as only their authority could sign it.
    pub fn present(&self, flaw: Flaw) -> Result<Option<PresentedWhile>> {
        let authority = match (&self.presented, flaw) {
            (Presented::Own(authority), _) => authority,
            (Presented::Files { spare, .. }, Flaw::SelfSigned) => spare,
            (Presented::Files { .. }, _) => return Ok(None),
        };
        let certificate = authority.certificate(&self.host, flaw)?;
        *lock(&self.current.staged) = Some(certificate);
        Ok(Some(PresentedWhile {
            current: self.current.clone(),
        }))
    }

    /// The ticket for an IOU, if its callback came since a mark.
    pub fn granted(&self, mark: usize, pgt_iou: &str) -> Option<Granted> {
        let mut granted = self.since(mark).into_iter().filter_map(|r| r.granted());
        granted.find(|granted| granted.pgt_iou == pgt_iou)
    }
}

impl Deref for CallbackListener {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl Drop for CallbackListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn configuration(certificates: Arc<Current>) -> Result<ServerConfig> {
    let mut configuration = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    // A resumed session would skip the certificate that a case has staged.
    configuration.session_storage = Arc::new(NoServerSessionStorage {});
    configuration.send_tls13_tickets = 0;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, journal: Journal) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                journal.note_broken(format!("not accepted: {error}"));
                continue;
            }
        };
        let (acceptor, journal) = (acceptor.clone(), journal.clone());
        tokio::spawn(async move {
            let handshake = tokio::time::timeout(SLOWEST_HANDSHAKE, acceptor.accept(stream));
            match handshake.await {
                Ok(Ok(stream)) => journal.serve(stream, peer).await,
                Ok(Err(error)) => journal.note_broken(format!("{peer}: TLS: {error}")),
                Err(_) => journal.note_broken(format!("{peer}: TLS: no handshake in time")),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::clock;
    use crate::suite::options::Password;

    fn client(authority: &str) -> reqwest::Client {
        reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([reqwest::Certificate::from_pem(authority.as_bytes()).unwrap()])
            .build()
            .unwrap()
    }

    async fn started() -> (CallbackListener, reqwest::Client, String) {
        let authority = Authority::new(clock::now()).unwrap();
        let http = client(&authority.pem());
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let presented = Presented::Own(authority);
        let evidence = Evidence::new(&Password(String::new()));
        let listener = CallbackListener::start(address, "localhost", presented, evidence)
            .await
            .unwrap();
        let port = listener.address().port();
        let callback = format!("https://localhost:{port}/pgt?x=1&pgtId=PGT-1&pgtIou=PGTIOU-1");
        (listener, http, callback)
    }

    #[tokio::test]
    async fn a_callback_brings_its_ticket() {
        let (listener, http, callback) = started().await;
        assert_eq!(http.get(&callback).send().await.unwrap().status(), 200);
        let granted = listener.granted(0, "PGTIOU-1").unwrap();
        assert_eq!(granted.pgt_id, "PGT-1");
        assert_eq!(listener.granted(0, "PGTIOU-2"), None);
        assert_eq!(listener.granted(1, "PGTIOU-1"), None);
    }

    // CAS 79: the bad certificates are bad, and only while they are staged.
    #[tokio::test]
    async fn each_flaw_is_refused_by_a_client_that_looks() {
        let (listener, http, callback) = started().await;
        for flaw in [Flaw::Expired, Flaw::WrongHost, Flaw::SelfSigned] {
            let _bad = listener.present(flaw).unwrap().unwrap();
            let error = http.get(&callback).send().await.unwrap_err();
            assert!(error.is_connect(), "{flaw:?}: {error:?}");
        }
        assert_eq!(listener.mark(), 0);
        assert_eq!(http.get(&callback).send().await.unwrap().status(), 200);
        assert!(!listener.take_broken().is_empty());
    }

    #[tokio::test]
    async fn the_operators_files_are_presented() {
        let theirs = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let presented = Presented::Files {
            certificates: theirs.cert.pem().into_bytes(),
            key: theirs.signing_key.serialize_pem().into_bytes(),
            spare: Authority::new(clock::now()).unwrap(),
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let evidence = Evidence::new(&Password(String::new()));
        let listener = CallbackListener::start(address, "localhost", presented, evidence)
            .await
            .unwrap();
        let http = client(&theirs.cert.pem());
        let callback = format!("https://localhost:{}/pgt", listener.address().port());
        assert_eq!(http.get(&callback).send().await.unwrap().status(), 200);
        // Only their authority could sign this one.
        assert!(listener.present(Flaw::Expired).unwrap().is_none());
        let _bad = listener.present(Flaw::SelfSigned).unwrap().unwrap();
        assert!(http.get(&callback).send().await.is_err());
        assert!(from_pem(b"", b"").is_err());
    }
}
