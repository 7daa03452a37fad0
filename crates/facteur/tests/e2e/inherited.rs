//! Sockets that a service manager opened: the server uses them, and clients that came early have not come in vain.

use crate::support::program::{FACTEUR, Running};
use crate::support::server::Server;
use crate::support::until;
use std::fs;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// How long the server may take to greet.
const PATIENCE: Duration = Duration::from_secs(60);

/// What systemd does: the sockets begin at descriptor 3, and are for this very process. The shell makes way for the server.
const ACTIVATE: &str =
    "LISTEN_PID=$$; LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec 3<&0 </dev/null; exec \"$@\"";

/// Starts the server with a socket that is open already, and waits until it answers.
fn start_with(server: &Server, socket: impl Into<OwnedFd>) -> Running {
    let data = server.data();
    let data = data.to_str().expect("a plain path");
    let arguments = ["-c", ACTIVATE, "sh", FACTEUR, "--data", data, "start"];
    let log = server.directory().join("log");
    let input = Stdio::from(socket.into());
    let running = Running::start_given(Path::new("/bin/sh"), &arguments, &[], input, &log);
    until("the control socket", 30, || UnixStream::connect(server.data().join("control.sock")).ok());
    running
}

#[track_caller]
fn check_greeting(server: &Server, client: impl Read) {
    let mut greeting = String::new();
    let read = BufReader::new(client).read_line(&mut greeting);
    assert!(greeting.starts_with("220 "), "{greeting} {read:?}: {}", server.log());
    assert!(!server.log().contains("handed over"), "nothing is left over: {}", server.log());
}

#[test]
fn a_port_that_was_handed_over_is_served() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("its address");
    // The configuration asks for any address. That the narrower one is served shows whose socket it is: and the port could
    // not be had a second time.
    let listener = format!("[[listener]]\naddress = \"0.0.0.0:{}\"\nkind = \"mx\"\n", address.port());
    let server = Server::fresh("en", &listener);
    let early = TcpStream::connect(address).expect("the socket takes connections before there is a server");
    early.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let _running = start_with(&server, socket.try_clone().expect("one more handle"));
    check_greeting(&server, early);
    let status = server.json(&["status"]);
    let listeners = status["listeners"].as_array().expect("listeners");
    assert_eq!(listeners.len(), 4, "the others were taken as ever: {status}");
    let found = listeners.iter().find(|listener| listener["kind"] == "mx").expect("the listener");
    let shown = (found["address"].as_str(), &found["instead_of"]);
    assert_eq!(shown, (Some(&*address.to_string()), &serde_json::Value::Null));
}

#[test]
fn the_local_socket_may_be_handed_over_too_and_stays() {
    let server = Server::fresh("en", "");
    let public = server.data().join("public");
    fs::create_dir(&public).expect("a directory");
    let path = public.join("submit.sock");
    let socket = UnixListener::bind(&path).expect("a socket");
    let early = UnixStream::connect(&path).expect("the socket takes connections before there is a server");
    early.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let mut running = start_with(&server, socket.try_clone().expect("one more handle"));
    check_greeting(&server, early);
    running.terminate();
    assert!(running.until_ended(60).success(), "{}", server.log());
    assert!(path.exists(), "whoever opened it keeps it for the next start");
}

#[test]
fn a_socket_that_nothing_is_for_is_named() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = Server::fresh("en", "");
    let address = socket.local_addr().expect("its address").to_string();
    let _running = start_with(&server, socket);
    until("the log names it", 20, || {
        let log = server.log();
        (log.contains("handed over") && log.contains(&address)).then_some(())
    });
}
