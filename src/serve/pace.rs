use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// From the first byte of a request to the end of its header (NET-03); also the time a new
/// connection has to say anything.
pub(crate) const HEADER: Duration = Duration::from_secs(10);
/// Between two requests, and the longest pause in either direction within one.
pub(crate) const IDLE: Duration = Duration::from_mins(1);

/// What a connection is doing, told by the service and watched by [`Paced`].
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was received since the connection was made.
    New = 0,
    Header = 1,
    /// A request is being read, handled or answered.
    Busy = 2,
    /// Waiting for the next request.
    Idle = 3,
}

impl Pace {
    pub(crate) fn request_begins(&self) {
        self.set(Phase::Busy);
    }

    pub(crate) fn request_ends(&self) {
        self.set(Phase::Idle);
    }

    fn set(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    fn get(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::New,
            1 => Phase::Header,
            2 => Phase::Busy,
            _ => Phase::Idle,
        }
    }
}

/// A connection that ends when its peer is too slow. HTTP/1 only for the header's deadline:
/// HTTP/2 has frames between requests, so its service says [`Pace::request_begins`] once for all.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    inner: S,
    pace: Arc<Pace>,
    /// The phase that `deadline` was set for.
    timed: Phase,
    deadline: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(crate) fn new(inner: S, pace: Arc<Pace>) -> Self {
        Self {
            inner,
            pace,
            timed: Phase::New,
            deadline: Box::pin(sleep(HEADER)),
        }
    }

    fn restart(&mut self, phase: Phase) {
        let patience = match phase {
            Phase::New | Phase::Header => HEADER,
            Phase::Busy | Phase::Idle => IDLE,
        };
        self.timed = phase;
        self.deadline.as_mut().reset(Instant::now() + patience);
    }

    /// Called when bytes moved: a header has one deadline, everything else starts anew.
    fn progressed(&mut self, read: bool) {
        match self.pace.get() {
            Phase::New | Phase::Idle if read => {
                self.pace.set(Phase::Header);
                self.restart(Phase::Header);
            }
            Phase::Header => {}
            phase => self.restart(phase),
        }
    }

    /// Called when no byte could move.
    fn waited(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let phase = self.pace.get();
        if phase != self.timed {
            self.restart(phase);
        }
        self.deadline
            .as_mut()
            .poll(cx)
            .map(|()| io::ErrorKind::TimedOut.into())
    }

    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Pending => self.waited(cx).map(Err),
            Poll::Ready(result) => {
                self.progressed(false);
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => self.waited(cx).map(Err),
            Poll::Ready(result) => {
                if buf.filled().len() > before {
                    self.progressed(true);
                }
                Poll::Ready(result)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.wrote(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_flush(cx) {
            Poll::Pending => self.waited(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_shutdown(cx) {
            Poll::Pending => self.waited(cx).map(Err),
            ready @ Poll::Ready(_) => ready,
        }
    }
}
