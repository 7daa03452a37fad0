//! One process a data directory: whoever comes second is refused, and told who has it and what it has.

use crate::support::server::Server;
use testkit::proof;

#[test]
fn a_second_process_is_refused_each_time() {
    let server = Server::start();
    let times = proof::count(20, 100);
    let data = server.data().canonicalize().expect("a directory");
    for time in 0..times {
        let locale = if time % 2 == 0 { "en" } else { "fr" };
        let second = server.ask(locale, &["start"], b"");
        assert_eq!(second.code, 69, "{second:?}");
        assert!(second.err.contains(&server.pid().to_string()), "it names the process: {second:?}");
        assert!(second.err.contains(data.to_str().expect("a plain path")), "it names the place: {second:?}");
    }
    assert_eq!(server.json(&["status"])["pid"], server.pid(), "the first goes on");
    let test = "crates/facteur/tests/e2e/disk/two_owners.rs::a_second_process_is_refused_each_time";
    proof::passed("A9", test, times, "second processes", None);
}
