//! Sockets that a service manager opened: the server uses them, and clients that came early have not come in vain.

use crate::support::program::{FACTEUR, Running};
use crate::support::server::Server;
use crate::support::until;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// What systemd does: the sockets begin at descriptor 3, and are for this very process. The shell makes way for the server.
const ACTIVATE: &str =
    "LISTEN_PID=$$; LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec 3<&0 </dev/null; exec \"$@\"";

#[test]
fn a_socket_that_was_handed_over_is_served() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    // The configuration asks for any address. That the narrower one is served shows whose socket it is: and the port could
    // not be had a second time.
    let listener = format!("[[listener]]\naddress = \"0.0.0.0:{}\"\nkind = \"mx\"\n", address.port());
    let server = Server::fresh("en", &listener);
    let early = TcpStream::connect(address).expect("the socket takes connections before there is a server");
    early.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");

    let data = server.data();
    let data = data.to_str().expect("a plain path");
    let arguments = ["-c", ACTIVATE, "sh", FACTEUR, "--data", data, "start"];
    let log = server.directory().join("log");
    let input = Stdio::from(OwnedFd::from(socket.try_clone().expect("one more handle")));
    let running = Running::start_given(Path::new("/bin/sh"), &arguments, &[], input, &log);
    let said = || fs::read_to_string(&log).unwrap_or_default();
    until("the control socket", 30, || UnixStream::connect(server.data().join("control.sock")).ok());

    let mut greeting = String::new();
    BufReader::new(early).read_line(&mut greeting).unwrap_or_else(|error| panic!("{error}: {}", said()));
    assert!(greeting.starts_with("220 "), "{greeting}: {}", said());
    let status = server.json(&["status"]);
    let listeners = status["listeners"].as_array().expect("listeners");
    assert_eq!(listeners.len(), 4, "the others were taken as ever: {status}");
    let found = listeners.iter().find(|listener| listener["kind"] == "mx").expect("the listener");
    assert_eq!(
        (found["address"].as_str(), &found["instead_of"]),
        (Some(&*address.to_string()), &serde_json::Value::Null)
    );
    assert!(!said().contains("handed over"), "nothing is left over: {}", said());
    drop(running);
}
