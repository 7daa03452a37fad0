//! The port for mail from other servers: it is no way out, whoever knocks.

use crate::support::client::{Client, letter};
use crate::support::server::{Port, Server};

#[test]
fn the_port_for_other_servers_passes_nothing_on() {
    let mut server = Server::fresh("en", "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n");
    server.go();
    // A network that may send does so elsewhere: on this port nobody is known.
    server.open_to_loopback();
    let mut client = Client::connect(server.port(Port::Mx));
    let offers = client.say("EHLO mx.far.test");
    assert!(offers.contains("250-STARTTLS"), "{offers}");
    assert!(
        !offers.contains("AUTH") && !offers.contains("DSN") && !offers.contains("FUTURERELEASE"),
        "{offers}"
    );
    client.expect("AUTH PLAIN AGFkbWluAHg=", "502 5.5.1");
    client.expect("MAIL FROM:<>", "250");
    for to in ["b@far.test", "postmaster", "postmaster@mail.facteur.test", "admin@mail.facteur.test"] {
        client.expect(&format!("RCPT TO:<{to}>"), "550 5.7.1 This server takes no mail for <");
    }
    client.expect("DATA", "554 5.5.1");
    assert_eq!(server.json(&["status"])["totals"]["messages"], 0);

    let mut client = Client::connect(server.port(Port::Submission));
    let reply = client.send("a@site.test", "b@far.test", &letter("the same, where it belongs"));
    assert!(reply.starts_with("250 2.0.0 "), "{reply}");

    assert!(server.ok("en", &["status"]).contains("STARTTLS, for mail from other servers"));
    assert!(server.ok("fr", &["status"]).contains("STARTTLS, pour le courrier des autres serveurs"));
}
