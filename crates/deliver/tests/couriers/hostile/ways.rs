//! The two ways out, to one hostile server: through a relay, where TLS is required, and direct, where it is used if it can.

use crate::direct::host::{LETTER, Letter};
use crate::relay::post::{CANARY, CANARY_LOGIN, CANARY_PLAIN, Post};
use crate::relay::server::HOST;
use deliver::direct::{DirectCourier, DirectSettings, Parcel};
use explain::Place;
use mail::{Clock, Evidence, Recipient, ReversePath};
use net::{AddressPolicy, Dns};
use queue::{Batch, Carried, Courier as _, Limits};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use testkit::hostile::Scripted as _;
use testkit::hostile::smtp::Script;
use testkit::hostile::{At, Paper, Papers, Server};

/// Who signs: for all tests, since keys take a while.
static PAPERS: LazyLock<Papers> = LazyLock::new(|| Papers::new(HOST).unwrap());

/// A server that plays a script and shows that certificate.
pub fn serve(script: Script, paper: Paper, at: Option<At>) -> Server {
    let (tls, implicit) = (PAPERS.server(paper).unwrap(), script.implicit_tls);
    let script = Arc::new(script);
    let address = "127.0.0.1:0".parse().unwrap();
    Server::start(address, tls, implicit, at, move |_| script.dialect()).unwrap()
}

/// What became of the mail: `delivered`, or the cause that people are told.
pub fn told(result: &Result<mail::Reply, Arc<Evidence>>, place: Place) -> String {
    match result {
        Ok(_) => "delivered".to_owned(),
        Err(evidence) => explain::judge(evidence, place).cause.as_str().to_owned(),
    }
}

/// A post whose relay is that server: with a password, and TLS that is required.
pub async fn post(server: &Server) -> Post {
    let port = server.address.port();
    let change = |relay: &mut store::Relay| {
        relay.port = Some(port);
        relay.extra_ca = Some(PAPERS.authority.clone());
    };
    Post::with(Limits::default(), Vec::new(), "127.0.0.1", change).await
}

/// Carries a letter to two recipients through the relay.
pub async fn by_relay(post: &Post) -> (Batch, Carried) {
    let batch = post.batch(&["b@x.test", "c@x.test"], LETTER).await;
    let carried = post.courier.carry(&batch).await;
    (batch, carried)
}

/// Carries a letter straight to that server.
pub async fn direct(server: &Server) -> Carried {
    let loopback = AddressPolicy::Only(vec!["127.0.0.0/8".parse().unwrap()].into());
    let mut settings = DirectSettings::new("us.test");
    (settings.port, settings.policy) = (server.address.port(), loopback);
    let zone = format!("x.test MX 1 {HOST}\n{HOST} A 127.0.0.1");
    let courier = DirectCourier::new(Dns::zone(zone.parse().unwrap()), Clock::System, settings).unwrap();
    let from: ReversePath = "anne@here.test".parse().unwrap();
    let recipients = [Recipient { address: "b@x.test".parse().unwrap(), notify: None, orcpt: None }];
    let parcel = Parcel { from: &from, recipients: &recipients, envid: None, ret: None, source: &Letter };
    courier.carry(&"x.test".parse().unwrap(), parcel, 1).await.carried
}

/// Whether a line gives away what must never be seen in clear where TLS is required.
pub fn gives_away(line: &str) -> bool {
    let words = [CANARY, CANARY_PLAIN, CANARY_LOGIN, "Subject: Hello"];
    let commands = ["AUTH ", "MAIL ", "RCPT ", "DATA"];
    words.iter().any(|word| line.contains(word)) || commands.iter().any(|verb| line.starts_with(verb))
}

/// Whether a line gives away a password, or asks to give one.
pub fn is_secret(line: &str) -> bool {
    [CANARY, CANARY_PLAIN, CANARY_LOGIN, "AUTH "].iter().any(|word| line.contains(word))
}

/// Lets the time pass while something waits for a server that has fallen silent: a moment for the test, whose clock stands
/// still but for these steps. Gives how many seconds it was.
pub async fn while_silent<T>(server: &Server, work: impl Future<Output = T>) -> (T, u64) {
    let mut work = std::pin::pin!(work);
    let mut passed = 0;
    loop {
        // Sockets are real: as long as the server has not fallen silent, real time passes.
        match tokio::time::timeout(Duration::from_millis(20), &mut work).await {
            Ok(done) => return (done, passed),
            Err(_) if server.muted() == 0 => {}
            Err(_) => break,
        }
    }
    tokio::time::pause();
    let done = loop {
        let step = tokio::time::timeout(Duration::from_secs(1), &mut work);
        match step.await {
            Ok(done) => break done,
            Err(_) => passed += 1,
        }
        assert!(passed < 2_000, "it waits for ever");
        // A farewell, or a second connection, is real again.
        std::thread::sleep(Duration::from_micros(300));
    };
    tokio::time::resume();
    (done, passed)
}
