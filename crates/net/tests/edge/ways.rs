//! Every way into a server: its ports, in clear and under TLS, and the local socket.

use crate::submission::tls_over;
use crate::support::{LocalPort, Port, Setting, Talker, TestDoor, any_tls};
use net::ListenerKind;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Anything that bytes go through.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// A client on some way.
pub type Guest = Talker<Box<dyn Wire>>;

/// A way in: the port that it stands for, and whether TLS is on when mail is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    pub port: &'static str,
    pub tls: bool,
}

/// All of them.
pub const WAYS: [Way; 9] = [
    Way { port: "25", tls: false },
    Way { port: "25", tls: true },
    Way { port: "465", tls: true },
    Way { port: "587", tls: false },
    Way { port: "587", tls: true },
    Way { port: "587 strict", tls: true },
    Way { port: "2525", tls: false },
    Way { port: "2525", tls: true },
    Way { port: "local", tls: false },
];

/// A server with all its ports.
pub struct House {
    pub door: Arc<TestDoor>,
    ports: Vec<(&'static str, Port)>,
    local: LocalPort,
}

impl House {
    /// Loopback is a network that may send; limits that end a connection after some mistakes are as they are by default.
    pub fn open() -> Self {
        let door = TestDoor::site();
        let kinds = [
            ("25", ListenerKind::Mx),
            ("465", ListenerKind::ImplicitTls),
            ("587", ListenerKind::Plain),
            ("587 strict", ListenerKind::StartTls),
            ("2525", ListenerKind::Plain),
        ];
        let tls = any_tls();
        let setting = |kind| {
            let mut setting = Setting::new(kind);
            setting.limits.max_per_trusted_address = 10_000;
            setting.session.max_message_bytes = 1 << 20;
            setting
        };
        let ports = kinds.map(|(name, kind)| (name, setting(kind).serve(&door, &tls))).into();
        let local = setting(ListenerKind::Plain).serve_local(&door);
        Self { door, ports, local }
    }

    fn port(&self, name: &str) -> &Port {
        &self.ports.iter().find(|(known, _)| *known == name).expect("a port").1
    }

    /// A connection in clear, with the greeting still to be read.
    pub async fn tcp(&self, name: &str) -> TcpStream {
        TcpStream::connect(self.port(name).address).await.unwrap()
    }

    /// A client that has said EHLO, under TLS where the way has it.
    pub async fn enter(&self, way: Way) -> Guest {
        let wire: Box<dyn Wire> = match way.port {
            "local" => Box::new(UnixStream::connect(self.local.path()).await.unwrap()),
            "465" => Box::new(tls_over(self.tcp("465").await).await),
            name if way.tls => {
                let mut talker = Talker::over(self.tcp(name).await);
                talker.check("S: 220\nC: EHLO client.test\nS: 250\nC: STARTTLS\nS: 220").await;
                let mut talker: Guest = Talker::over(Box::new(tls_over(talker.stream).await));
                talker.check("C: EHLO client.test\nS: 250").await;
                return talker;
            }
            name => Box::new(self.tcp(name).await),
        };
        let mut talker: Guest = Talker::over(wire);
        talker.check("S: 220\nC: EHLO client.test\nS: 250").await;
        talker
    }
}
