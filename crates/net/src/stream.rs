//! A byte stream that is plain TCP, TLS over it, or the local socket: the only place that tells them apart.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsStream;

/// One end of a connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    // On the heap: a TLS session is some kilobytes that plain connections need not carry.
    Tls(Box<TlsStream<TcpStream>>),
    Local(UnixStream),
    /// A handshake took the stream and failed, or is under way.
    Gone,
}

impl Stream {
    /// Takes the plain stream out for a handshake.
    pub(crate) fn take_plain(&mut self) -> io::Result<TcpStream> {
        match std::mem::replace(self, Self::Gone) {
            Self::Plain(tcp) => Ok(tcp),
            other => {
                *self = other;
                Err(io::ErrorKind::NotConnected.into())
            }
        }
    }

    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Plain(tcp) => Some(tcp),
            Self::Tls(tls) => Some(tls.get_ref().0),
            Self::Local(_) | Self::Gone => None,
        }
    }

    /// Whether nothing has come since the last read, not even the end. Never waits.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(tcp) = self.tcp() else { return false };
        let mut byte = [0_u8; 1];
        let mut cx = Context::from_waker(Waker::noop());
        tcp.poll_peek(&mut cx, &mut ReadBuf::new(&mut byte)).is_pending()
    }

    /// Writes a line if that can be done without waiting.
    pub(crate) fn say_at_once(&mut self, line: &[u8]) {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut *self).poll_write(&mut cx, line);
        let _ = Pin::new(self).poll_flush(&mut cx);
    }

    /// Says that nothing follows, if that can be done without waiting: TLS calls an end without it a truncation
    /// (RFC 8446 §6.1).
    pub(crate) fn end(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let _ = Pin::new(self).poll_shutdown(&mut cx);
    }

    /// Writes some of the parts.
    pub(crate) fn poll_write_parts(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Self::Local(local) => Pin::new(local).poll_write_vectored(cx, parts),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write_vectored(cx, parts),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Local(local) => Pin::new(local).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Local(local) => Pin::new(local).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Sockets have nothing of their own to flush.
            Self::Plain(_) | Self::Local(_) | Self::Gone => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Local(local) => Pin::new(local).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
            Self::Gone => Poll::Ready(Ok(())),
        }
    }
}
