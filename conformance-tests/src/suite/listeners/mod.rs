//! What a server under test talks to: the service, which logout requests are sent to, and the
//! callback of a proxying service, on TLS. Both note all that comes and answer as a case has staged
//! it; neither acts on what it is told.

pub mod authority;
pub mod callback;
mod http;
pub mod journal;
pub mod logout_document;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

pub use authority::Authority;
pub use callback::{CallbackListener, Presented};
pub use http::{HttpListener, LogoutPost};
pub use journal::{Behaviour, Journal, Received};
pub use logout_document::{LogoutDocument, LogoutError};

use super::clock;
use super::evidence::Evidence;
use super::options::Options;

/// Those that the options ask for.
#[derive(Debug)]
pub struct Listeners {
    pub http: Option<HttpListener>,
    pub callback: Option<CallbackListener>,
}

impl Listeners {
    pub async fn start(options: &Options, evidence: &Evidence) -> Result<Self> {
        let http = match options.listen {
            Some(address) => {
                let public = options.listen_url.as_ref();
                Some(HttpListener::start_http(address, public, evidence.clone()).await?)
            }
            None => None,
        };
        let callback = match &options.callback {
            Some(_) => Some(start_callback(options, evidence).await?),
            None => None,
        };
        Ok(Self { http, callback })
    }
}

/// The callback, by the operator's certificate or by an authority of its own.
async fn start_callback(options: &Options, evidence: &Evidence) -> Result<CallbackListener> {
    let url = options.callback.as_ref().context("no --callback")?;
    ensure!(
        url.scheme() == "https",
        "--callback is no https address: {url}"
    );
    let host = url.host_str().context("--callback has no host")?;
    let port = url.port_or_known_default().unwrap_or(443);
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let address = options.callback_listen.unwrap_or(loopback);
    let own = Authority::new(clock::now())?;
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("can't read {}", path.display()));
    let presented = match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Presented::Files {
            certificates: read(certificate)?,
            key: read(key)?,
            spare: own,
        },
        (None, None) => {
            if let Some(path) = &options.ca_out {
                fs::write(path, own.pem())
                    .with_context(|| format!("can't write {}", path.display()))?;
            }
            Presented::Own(own)
        }
        _ => bail!("--tls-cert and --tls-key belong together"),
    };
    CallbackListener::start(address, host, presented, evidence.clone()).await
}
