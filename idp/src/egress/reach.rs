//! How far a connection gets, for whoever has to find out why there is none.

use std::sync::Arc;
use std::time::Duration;

use idp_domain::applications::OutboundUrl;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::client::{Egress, connect, server_name};
use super::error::EgressError;

/// A part of making a connection, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding and judging the host's addresses.
    Resolve,
    Connect,
    Tls,
}

/// Where it ended, and why.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Unreached {
    pub stage: Stage,
    #[source]
    pub error: EgressError,
}

impl Egress {
    /// Makes a connection as a request would and says nothing on it. Each stage may take `limit`.
    ///
    /// # Errors
    /// [`Unreached`]
    pub async fn reach(&self, to: &OutboundUrl, limit: Duration) -> Result<(), Unreached> {
        let addresses = within(Stage::Resolve, limit, self.addresses(to)).await?;
        let stream = within(Stage::Connect, limit, connect(&addresses, to.port())).await?;
        if to.is_https() {
            let safe = async {
                let connector = TlsConnector::from(Arc::clone(&self.tls));
                let connecting = connector.connect(server_name(to)?, stream);
                connecting.await.map_err(EgressError::Tls)
            };
            within(Stage::Tls, limit, Box::pin(safe)).await?;
        }
        Ok(())
    }
}

async fn within<T>(
    stage: Stage,
    limit: Duration,
    work: impl Future<Output = Result<T, EgressError>>,
) -> Result<T, Unreached> {
    timeout(limit, work)
        .await
        .unwrap_or(Err(EgressError::TimedOut))
        .map_err(|error| Unreached { stage, error })
}
