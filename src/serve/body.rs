use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

/// From the end of a header to the end of its body (NET-03).
pub(crate) const BODY: Duration = Duration::from_secs(30);

/// A request's body that has to arrive in time, however evenly it drips.
#[derive(Debug)]
pub(crate) struct Punctual {
    inner: Incoming,
    /// Made at the first wait: most bodies are there at once.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Punctual {
    pub(crate) fn new(inner: Incoming) -> Self {
        Self {
            inner,
            deadline: None,
        }
    }
}

impl Body for Punctual {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let late = |this: &mut Self, cx: &mut Context<'_>| {
            let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(BODY)));
            deadline
                .as_mut()
                .poll(cx)
                .map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
        };
        if self.deadline.is_some()
            && let Poll::Ready(error) = late(&mut self, cx)
        {
            return Poll::Ready(error);
        }
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => late(&mut self, cx),
            Poll::Ready(frame) => Poll::Ready(frame.map(|result| result.map_err(io::Error::other))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
