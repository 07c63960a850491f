//! The suite's own servers: a service that hears of logouts, and a proxy callback over TLS.

mod http;

use anyhow::Result;

pub use http::{HttpListener, LogoutPost};

use super::evidence::Evidence;
use super::options::Options;

/// Those that the options ask for.
#[derive(Debug)]
pub struct Listeners {
    pub http: Option<HttpListener>,
    pub callback: Option<CallbackListener>,
}

/// A proxy callback over TLS.
#[derive(Debug)]
pub struct CallbackListener;

impl Listeners {
    pub async fn start(options: &Options, evidence: &Evidence) -> Result<Self> {
        let http = match options.listen {
            Some(address) => {
                let public = options.listen_url.as_ref();
                Some(HttpListener::start_http(address, public, evidence.clone()).await?)
            }
            None => None,
        };
        Ok(Self {
            http,
            callback: None,
        })
    }
}
