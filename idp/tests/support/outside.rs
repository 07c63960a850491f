//! Servers outside of ours, with certificates of an authority of their own: where proxy callbacks
//! and logout notices go to.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A certificate authority, and the file for `egress.ca_file`.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

/// A certificate with its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for these names or addresses, good for all of 2026.
    pub fn certify(&self, names: &[&str]) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = server(names).signed_by(&key, &self.issuer).unwrap();
        Identity::of(certificate.der(), &key)
    }
}

impl Identity {
    /// A certificate that nobody vouches for.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::of(server(names).self_signed(&key).unwrap().der(), &key)
    }

    fn of(certificate: &CertificateDer<'static>, key: &KeyPair) -> Self {
        Self {
            chain: vec![certificate.clone()],
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    fn acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain, self.key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

/// What a server does after it has read a request, one after another; then it closes.
#[derive(Clone, Debug)]
pub enum Act {
    Say(Vec<u8>),
    /// Until the client has gone.
    SayForever(Vec<u8>),
    /// For a permit, which is used up.
    Wait(Arc<Semaphore>),
    /// Until the client has gone, and it never does by itself.
    Hang,
}

/// An answer with an empty body.
pub fn status(code: u16) -> Vec<Act> {
    say(&format!("HTTP/1.1 {code} So\r\ncontent-length: 0\r\n\r\n"))
}

/// An answer as it is written.
pub fn say(answer: &str) -> Vec<Act> {
    vec![Act::Say(answer.into())]
}

/// A server on a port of its own of 127.0.0.1, gone when dropped.
pub struct Outside {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Outside {
    /// Speaks TLS; `answers` gets the request as it came.
    pub async fn https(
        identity: Identity,
        answers: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(identity.acceptor()), answers).await
    }

    pub async fn http(answers: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::start(None, answers).await
    }

    async fn start(
        tls: Option<TlsAcceptor>,
        answers: impl Fn(&str) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::default());
        let (seen, answers) = (Arc::clone(&requests), Arc::new(answers));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, answers, tls) = (Arc::clone(&seen), Arc::clone(&answers), tls.clone());
                tokio::spawn(async move {
                    let Some(tls) = tls else {
                        return serve(stream, &seen, &*answers).await;
                    };
                    // A client that takes no such certificate goes.
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, &seen, &*answers).await;
                    }
                });
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request that came whole, in order.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<String>>,
    answers: &(impl Fn(&str) -> Vec<Act> + ?Sized),
) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    seen.lock().unwrap().push(request.clone());
    for act in answers(&request) {
        let gone = match act {
            Act::Say(bytes) => stream.write_all(&bytes).await.is_err(),
            Act::SayForever(bytes) => {
                while stream.write_all(&bytes).await.is_ok() {}
                true
            }
            Act::Wait(permits) => {
                permits.acquire().await.unwrap().forget();
                false
            }
            Act::Hang => {
                while stream.read_u8().await.is_ok() {}
                true
            }
        };
        if gone {
            return;
        }
    }
    let _ = stream.shutdown().await;
}

/// A request with its body, or nothing from a client that goes before.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
