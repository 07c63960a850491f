use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

/// Why a request of ours got no answer. For logs and metrics: whoever caused the request must not
/// learn which it was, or our server would be his scanner (TKT-08).
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    #[error("the places for requests of ours were taken all the time")]
    Busy,
    #[error("the host's name has no address: {0}")]
    Unresolved(#[source] io::Error),
    #[error(
        "no address of the host may be asked: {0:?} (private ones only within \
         egress.private_networks)"
    )]
    Forbidden(Vec<IpAddr>),
    #[error("the host can't be connected to: {0}")]
    Unreachable(#[source] io::Error),
    /// The certificate is of nobody we know (`egress.ca_file`), of another name or out of date;
    /// or no TLS was spoken.
    #[error("no safe connection to the host: {0}")]
    Tls(#[source] io::Error),
    #[error("what came back is no answer: {0}")]
    Broken(#[source] hyper::Error),
    #[error("it took too long")]
    TimedOut,
    #[error("the address can't be written as a request")]
    Unwritable,
}

impl EgressError {
    /// The word in metrics and ledgers.
    pub fn result(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Unresolved(_) => "unresolved",
            Self::Forbidden(_) => "forbidden",
            Self::Unreachable(_) => "unreachable",
            Self::Tls(_) => "tls",
            Self::Broken(_) => "broken",
            Self::TimedOut => "timed_out",
            Self::Unwritable => "unwritable",
        }
    }
}

/// Why no request of ours could ever be made.
#[derive(Debug, thiserror::Error)]
pub enum BadEgress {
    #[error("egress.ca_file: {}: {reason}", .file.display())]
    Authorities { file: PathBuf, reason: String },
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}
