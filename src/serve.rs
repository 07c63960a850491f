//! The listeners: connections, their deadlines and their end. What is served is not known here.

mod body;
mod crowd;
mod pace;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

pub(crate) use crowd::Crowd;
pub(crate) use tls::acceptor;

/// How long requests under way may take to finish when the program stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Out of file descriptors: others must close before we accept again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// All header fields of one request together (NET-04).
const HEADER_BYTES: usize = 64 * 1024;
const HEADER_FIELDS: usize = 128;
/// Requests at once on one HTTP/2 connection (NET-05).
const STREAMS: u32 = 100;
/// A silent HTTP/2 peer is asked for a sign of life, and given as long to answer.
const PING: Duration = Duration::from_secs(20);

/// An address that is listened on, and what answers there.
pub(crate) struct Listener {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    crowd: Crowd,
    router: Router,
}

impl Listener {
    /// `key` names the address in a message, as the configuration does.
    pub(crate) async fn bind(
        key: &str,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
        crowd: Crowd,
        router: Router,
    ) -> anyhow::Result<Self> {
        let tcp = TcpListener::bind(address)
            .await
            .with_context(|| format!("{key} = {address}"))?;
        Ok(Self {
            tcp,
            tls,
            crowd,
            router,
        })
    }

    #[cfg(test)]
    /// The address as it came to be, where the port was asked for as 0.
    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Serves until `stop` is true, then finishes what is under way, for at most [`DRAIN`].
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.tcp.accept() => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer)) => self.welcome(stream, peer, graceful.watcher()),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.tcp);
        if timeout(DRAIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections were cut after {} s", DRAIN.as_secs());
        }
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr, watcher: Watcher) {
        let Some(seat) = self.crowd.admit(peer.ip()) else {
            tracing::debug!(%peer, "too many connections");
            return;
        };
        // Small answers go out at once; it fails only on a connection that is gone.
        let _gone = stream.set_nodelay(true);
        let (tls, router) = (self.tls.clone(), self.router.clone());
        tokio::spawn(async move {
            let pace = Arc::new(pace::Pace::default());
            let stream = pace::Paced::new(stream, Arc::clone(&pace));
            let connection = Connection { pace, peer, router };
            match tls {
                None => connection.http1(stream, watcher).await,
                Some(tls) => match timeout(pace::HEADER, tls.accept(stream)).await {
                    Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                        connection.http2(stream, watcher).await;
                    }
                    Ok(Ok(stream)) => connection.http1(stream, watcher).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake"),
                    Err(_) => tracing::debug!(%peer, "TLS handshake timed out"),
                },
            }
            drop(seat);
        });
    }
}

struct Connection {
    pace: Arc<pace::Pace>,
    peer: SocketAddr,
    router: Router,
}

impl Connection {
    async fn http1(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        watcher: Watcher,
    ) {
        let peer = self.peer;
        let service = service_fn(move |request| {
            self.pace.request_begins();
            let (pace, answer) = (Arc::clone(&self.pace), self.answer(request));
            async move {
                let response = answer.await;
                pace.request_ends();
                response
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .max_buf_size(HEADER_BYTES)
            .max_headers(HEADER_FIELDS)
            .serve_connection(TokioIo::new(stream), service);
        ended(peer, watcher.watch(connection).await);
    }

    async fn http2(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        watcher: Watcher,
    ) {
        self.pace.request_begins();
        let peer = self.peer;
        let service = service_fn(move |request| self.answer(request));
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
            .serve_connection(TokioIo::new(stream), service);
        ended(peer, watcher.watch(connection).await);
    }

    fn answer(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + use<> {
        let mut request = request.map(|body| Body::new(body::Punctual::new(body)));
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.router.clone().oneshot(request)
    }
}

/// A peer that goes away, is too slow or speaks no HTTP is its own affair, not an error of ours.
fn ended(peer: SocketAddr, result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "connection");
    }
}

#[cfg(test)]
mod tests;
