//! STARTTLS as a server: nothing that came before TLS is used after it, however the bytes arrive. With the situations
//! of other servers' tests, where they are at hand: their replies are theirs, so that the first digit counts.

use crate::submission::tls_over;
use crate::support::{Setting, Talker, TestDoor, any_tls};
use crate::ways::{Guest, House, Way};
use net::ListenerKind;
use std::path::PathBuf;
use std::time::Duration;
use testkit::chance::Chance;
use testkit::proof;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// What an attacker puts behind STARTTLS, to be read as if it came under TLS.
const INJECTED: [&str; 8] = [
    "NOOP\r\n",
    "EHLO evil\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<b+c@d.test>\r\nDATA\r\n",
    "RSET\r\nMAIL FROM:<evil@b.test>\r\n",
    "AUTH PLAIN AGFubmEAcmlnaHQ=\r\n",
    "STARTTLS\r\n",
    "\r\n",
    "Q",
    "MAIL FROM:<evil@b.test>\r\nRCPT TO:<b+c@d.test>\r\nBDAT 5 LAST\r\nevil\n",
];

/// What was said in clear before, and must be forgotten.
const BEFORE: [&str; 4] = [
    "EHLO before\r\n",
    "EHLO before\r\nMAIL FROM:<before@b.test>\r\n",
    "EHLO before\r\nMAIL FROM:<before@b.test>\r\nRCPT TO:<b+c@d.test>\r\n",
    "EHLO before\r\nMAIL FROM:<before@b.test>\r\nRCPT TO:<b+c@d.test>\r\nBDAT 3\r\nabc",
];

/// Sends bytes in pieces that a die cuts, each on its own where the die says so.
async fn send_split(tcp: &mut TcpStream, bytes: &[u8], chance: &mut Chance) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(1 + chance.index(rest.len()));
        if tcp.write_all(piece).await.is_err() {
            // The server has seen enough.
            return;
        }
        rest = after;
        for _ in 0..chance.below(3) {
            tokio::task::yield_now().await;
        }
    }
}

/// Speaks in clear, then STARTTLS, then what an attacker adds; the rest of the dialogue must not know of it.
async fn check(house: &House, chance: &mut Chance, seed: u64) {
    let port = *chance.of(&["25", "587", "587 strict", "2525"]).unwrap();
    let (before, injected) = (*chance.of(&BEFORE).unwrap(), *chance.of(&INJECTED).unwrap());
    let is_clean = chance.below(3) == 0;
    let what = format!("{port}, {before:?} STARTTLS {injected:?}, clean: {is_clean}, seed {seed}");
    let tcp = house.tcp(port).await;
    tcp.set_nodelay(true).unwrap();
    let mut guest = Talker::over(tcp);
    guest.check("S: 220").await;
    // EHLO waits for its reply, as a client does; the group behind it is pipelined.
    let (hello, group) = before.split_at(before.find('\n').unwrap() + 1);
    send_split(&mut guest.stream, hello.as_bytes(), chance).await;
    assert!(guest.reply().await.starts_with("250"), "{what}");
    send_split(&mut guest.stream, group.as_bytes(), chance).await;
    let commands = group.lines().filter(|line| !line.is_empty() && !line.starts_with("abc")).count();
    for _ in 0..commands {
        let reply = guest.reply().await;
        // The strict port wants TLS before MAIL.
        assert!(["250", "530", "503"].contains(&&reply[..3]), "{what}: {reply}");
    }
    if is_clean {
        send_split(&mut guest.stream, b"STARTTLS\r\n", chance).await;
        guest.check("S: 220").await;
        let mut guest = Talker::over(tls_over(guest.stream).await);
        // Neither the greeting of the client, nor its transaction, nor its chunk has crossed.
        guest
            .check("C: MAIL FROM:<a@b.test>\nS: 503\nC: EHLO after\nS: 250\nC: RCPT TO:<b+c@d.test>\nS: 503")
            .await;
        guest.check("C: DATA\nS: 503\nC: QUIT\nS: 221").await;
        return;
    }
    send_split(&mut guest.stream, format!("STARTTLS\r\n{injected}").as_bytes(), chance).await;
    let reply = guest.reply().await;
    if reply.starts_with("220") {
        // What was added came later, and is no TLS: the handshake fails, and nobody answers.
        let _ = guest.stream.shutdown().await;
    } else {
        assert!(reply.starts_with("554 5.5.0") || reply.is_empty(), "{what}: {reply}");
    }
    let last = tokio::time::timeout(Duration::from_secs(20), guest.raw_rest()).await.expect("an end");
    let is_answered =
        last.windows(4).any(|four| matches!(four, b"250 " | b"250-" | b"354 " | b"235 " | b"503 " | b"334 "));
    assert!(!is_answered, "{what}: {}", last.escape_ascii());
    assert!(house.door.taken.lock().unwrap().is_empty(), "{what}");
}

#[tokio::test]
async fn nothing_crosses_starttls_however_the_bytes_arrive() {
    let (count, seed) = (proof::count(600, 10_000), proof::seed());
    let (house, mut chance) = (House::open(), Chance::of_seed(seed));
    for _ in 0..count {
        check(&house, &mut chance, seed).await;
    }
    let test = "crates/net/tests/edge/starttls.rs::nothing_crosses_starttls_however_the_bytes_arrive";
    proof::passed("B6", test, count, "random splits", Some(seed));
}

/// The files of a folder of another project's dialogues, if they are here.
fn dialogues(folder: &str, extension: &str) -> Vec<(String, String)> {
    let Some(corpora) = std::env::var_os("FACTEUR_CORPORA") else {
        eprintln!("skipped: dialogs/{folder}, for FACTEUR_CORPORA names no folder");
        return Vec::new();
    };
    let folder = PathBuf::from(corpora).join("dialogs").join(folder);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).unwrap())).collect()
}

/// Plays a script of Apache James: what it sends is sent, and each command has one answer. A command with more behind it
/// in the same line is the injection, and ends the connection.
async fn play_james(house: &House, name: &str, script: &str) {
    let mut guest: Guest = Talker::over(Box::new(house.tcp("587").await));
    guest.check("S: 220").await;
    let mut in_content = false;
    for line in script.lines().filter_map(|line| line.strip_prefix("C:")).map(str::trim_start) {
        let bytes = line.replace("\\r\\n", "\r\n");
        let is_group = bytes.trim_end_matches("\r\n").contains("\r\n");
        guest.send_if_open(format!("{}\r\n", bytes.trim_end_matches("\r\n")).as_bytes()).await;
        if in_content {
            in_content = line != ".";
        }
        if in_content {
            continue;
        }
        let reply = guest.reply().await;
        assert!(!reply.is_empty(), "{name}: no answer to {line}");
        in_content = reply.starts_with("354");
        if is_group {
            assert!(reply.starts_with("554 5.5.0"), "{name}: {line}: {reply}");
            guest.check("S: (closed)").await;
            return;
        }
        if reply.starts_with("220") {
            // STARTTLS was agreed to: whatever was said before is forgotten, and the script has no TLS to go on with.
            return;
        }
    }
}

#[tokio::test]
async fn injections_and_fixations_of_other_servers() {
    let house = House::open();
    let scripts = dialogues("james-smtp", "test");
    for (name, script) in &scripts {
        play_james(&house, name, script).await;
    }
    let test = "crates/net/tests/edge/starttls.rs::injections_and_fixations_of_other_servers";
    if !scripts.is_empty() {
        assert_eq!(scripts.len(), 8);
        proof::passed("B6", test, scripts.len() as u64, "scripts of Apache James", None);
    }
}

/// Where chasquid's answer begins with another digit, and why ours does.
const DIFFERENT: [(&str, &str); 2] = [
    ("auth_too_many_failures: AUTH PLAIN something: 421", "our limit of mistakes is 20"),
    ("bad_data: .: 554", "a header that is none is text: nothing is refused for it"),
];

/// One connection of a chasquid script.
async fn connect(house: &House, line: &str) -> Guest {
    let way = Way { port: if line.contains("tls_connect") { "465" } else { "587" }, tls: false };
    match way.port {
        "465" => Talker::over(Box::new(tls_over(house.tcp("465").await).await)),
        port => Talker::over(Box::new(house.tcp(port).await)),
    }
}

/// The bytes of the few Python expressions in the scripts: `'text'`, and `('a' * 899 + '\r\n') * 1166`.
fn python_bytes(text: &str) -> Vec<u8> {
    let unescaped = |text: &str| text.replace("\\r", "\r").replace("\\n", "\n");
    let number = |text: &str| text.trim().parse::<usize>().unwrap();
    match text.strip_prefix('(').and_then(|text| text.rsplit_once(") * ")) {
        Some((inner, times)) => {
            let words: Vec<&str> = inner.split('\'').collect();
            let [_, letter, count, end, _] = words.as_slice() else { panic!("no such expression: {text}") };
            let count = number(count.trim_matches([' ', '*', '+']));
            format!("{}{}", letter.repeat(count), unescaped(end)).repeat(number(times)).into_bytes()
        }
        None => unescaped(text.trim_matches('\'')).into_bytes(),
    }
}

/// The digits that a script expects and gets, with what was said before them.
async fn play_chasquid(house: &House, script: &str) -> Vec<(String, String, String)> {
    let mut guest: Option<Guest> = None;
    let (mut said, mut answers) = (String::new(), Vec::new());
    for line in script.lines().map(str::trim_end) {
        if line.contains("tcp_connect") || line.contains("tls_connect") {
            guest = Some(connect(house, line).await);
            continue;
        }
        let Some(guest) = &mut guest else { continue };
        let Some(rest) = line.strip_prefix("c ") else { continue };
        if let Some(text) = rest.strip_prefix("->") {
            said = text.strip_prefix(' ').unwrap_or(text).to_owned();
            guest.send_if_open(format!("{said}\r\n").as_bytes()).await;
        } else if let Some(text) = rest.strip_prefix("~> ") {
            said = text.to_owned();
            guest.send_if_open(&python_bytes(text)).await;
        } else if let Some(expected) = rest.strip_prefix('<') {
            let expected = expected.trim_start_matches(['~', '-', '.', ' ']).to_owned();
            let limit = Duration::from_secs(5);
            let reply = tokio::time::timeout(limit, guest.reply()).await.unwrap_or_default();
            answers.push((said.clone(), expected, reply));
        }
    }
    answers
}

#[tokio::test]
async fn dialogues_of_another_server() {
    let scripts = dialogues("chasquid", "cmy");
    let (mut count, mut differ) = (0, Vec::new());
    for (name, script) in scripts.iter().filter(|(_, script)| script.contains("_connect ")) {
        let house = House::open();
        for (said, expected, reply) in play_chasquid(&house, script).await {
            count += 1;
            if expected.get(..1) != reply.get(..1) {
                let said: String = said.chars().take(60).collect();
                differ.push(format!("{name}: {said}: {expected} / {reply}"));
            }
        }
    }
    let known = |line: &String| DIFFERENT.iter().any(|(start, _)| line.starts_with(start));
    differ.retain(|line| !known(line));
    assert!(differ.is_empty(), "{differ:#?}");
    if count > 0 {
        let test = "crates/net/tests/edge/starttls.rs::dialogues_of_another_server";
        proof::passed("B6", test, count, "answers to scripts of chasquid", None);
    }
}

#[tokio::test]
async fn a_server_without_starttls_forgets_nothing_and_reads_on() {
    let door = TestDoor::site();
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&door, &any_tls());
    let mut guest = Talker::over(tls_over(TcpStream::connect(port.address).await.unwrap()).await);
    guest.check("S: 220\nC: EHLO a\nS: 250\nC: STARTTLS\nS: 502\nC: MAIL FROM:<a@b.test>\nS: 250").await;
}
