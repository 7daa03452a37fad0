//! The scripts of "Why TLS is better without STARTTLS" (USENIX Security 2021), played against a sign-in of a discovery:
//! SMTP, IMAP and POP3 servers that lack or refuse STARTTLS, put words in front of TLS, tamper with what they offer, greet
//! as if one were signed in already, or show papers that are not good.

use super::*;
use ::discover::Server;
use mail::Address;
use std::time::Duration;
use testkit::hostile::{self, Papers, Scripted};
use testkit::hostile::{imap, pop3, smtp};
use testkit::proof;

/// What becomes of each script: who is let in, or the cause.
const EXPECTED: &str = include_str!("scripts.txt");

/// How long one script may take: every step has its own limit, and this is far above all of them.
const LIMIT: Duration = Duration::from_secs(60);

fn start(papers: &Papers, protocol: Protocol, text: &str) -> hostile::Server {
    match protocol {
        Protocol::Smtp => serve::<smtp::Script>(papers, text),
        Protocol::Imap => serve::<imap::Script>(papers, text),
        Protocol::Pop3 => serve::<pop3::Script>(papers, text),
    }
}

fn serve<S: Scripted>(papers: &Papers, text: &str) -> hostile::Server {
    let script = Arc::new(S::read(text).unwrap());
    let tls = papers.server(script.paper()).unwrap();
    let (local, implicit) = ("127.0.0.1:0".parse().unwrap(), script.has_implicit_tls());
    hostile::Server::start(local, tls, implicit, None, move |_| script.dialect()).unwrap()
}

/// Signs in where a script is played; gives what came of it, and the passwords that were told in clear.
async fn play(papers: Arc<Papers>, protocol: Protocol, text: String) -> (String, Vec<String>) {
    let served = start(&papers, protocol, &text);
    let tls = if text.contains("implicit_tls: true") { Tls::Implicit } else { Tls::Starttls };
    let port = if tls == Tls::Implicit { protocol.tls_port() } else { protocol.starttls_port() };
    let client = ClientTls::new(Some(papers.authority.as_bytes()), net::Verify::Full).unwrap();
    let names = HashMap::from([("example.org".to_owned(), vec![Ipv4Addr::LOCALHOST.into()])]);
    let dns = Dns::zone("".parse().unwrap());
    let mut live = Live::with(dns, Resolver::Fixed(names), client, AddressPolicy::Any, false);
    live.ports.insert(("example.org".to_owned(), port), served.address.port());
    let server = Server::at(protocol, "example.org", port, tls);
    let candidate = Candidate { server, source: Source::Autoconfig, trust: Trust::A };
    let (address, password): (Address, _) = ("anne@example.org".parse().unwrap(), Secret::new("sesame"));
    let outcome = tokio::time::timeout(LIMIT, live.sign_in_at(&candidate, &address, &password)).await;
    let shown = match outcome {
        Err(_) => "no end".to_owned(),
        Ok(Ok(proof)) => format!("lets {} in", proof.login.unwrap_or_default()),
        Ok(Err(obstacle)) => match obstacle.verdict().cause.as_str() {
            // Which of the two a closing sentence means is said by those who read sentences.
            "imap_backend_unavailable" => "server_unavailable".to_owned(),
            other => other.to_owned(),
        },
    };
    let clear = served.in_clear().into_iter().filter(|line| words(line).any(|word| word.contains("sesame")));
    (shown, clear.collect())
}

#[tokio::test]
async fn no_script_is_told_a_password_in_clear_and_each_ends_with_its_cause() {
    let papers = Arc::new(Papers::new("example.org").unwrap());
    let mut playing = tokio::task::JoinSet::new();
    for protocol in Protocol::ALL {
        for (name, text) in hostile::scripts(protocol.as_str()) {
            let papers = Arc::clone(&papers);
            playing.spawn(async move {
                let (shown, clear) = play(papers, protocol, text).await;
                (format!("{}/{name}: {shown}", protocol.as_str()), clear)
            });
        }
    }
    if playing.is_empty() {
        eprintln!("skipped: the scripts are not here (FACTEUR_CORPORA says where)");
        return;
    }
    let played = playing.join_all().await;
    let count = played.len();
    let (mut lines, clear): (Vec<String>, Vec<Vec<String>>) = played.into_iter().unzip();
    assert_eq!(clear.concat(), Vec::<String>::new(), "told in clear");
    lines.sort();
    let shown = lines.join("\n") + "\n";
    assert_eq!(shown, EXPECTED, "{shown}");
    assert!(count >= 188, "{count} scripts");
    let test = "crates/facteur/src/discover/tests/scripts.rs::no_script_is_told_a_password_in_clear_and_each_ends_with_its_cause";
    proof::passed("E3", test, count as u64, "scripts", None);
}
