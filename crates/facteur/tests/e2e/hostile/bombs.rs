//! Messages that are made to burst a mail system, through every way in and out that reads them.

use crate::support::client::{Client, letter};
use crate::support::program::{FACTEUR, find, run, run_within};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::{millis_since, read, until};
use mail::Clock;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use testkit::proof;

/// The most processor time for one message.
const CPU_MS: u64 = 2_000;
/// The most memory for one message, beside four times its size.
const SPARE_BYTES: u64 = 32 << 20;
/// How long another client may wait meanwhile.
const OTHER_MS: i64 = 100;
/// What the kernel counts processor time in.
const TICK_MS: u64 = 10;

/// The bombs, at a tenth of their size, at their size, or at ten times that.
fn bombs(scale: &str) -> (TempDir, Vec<(String, Vec<u8>)>) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/hostile/bombs.py");
    let mut command = Command::new(find("python3", "python3"));
    let done = run(command.arg(script).arg(directory.path()).arg(scale), b"");
    assert_eq!(done.code, 0, "{}", done.err);
    let mut files: Vec<PathBuf> = fs::read_dir(directory.path())
        .expect("the bombs")
        .map(|entry| entry.expect("a bomb").path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 20);
    // The last line of a content has an end, over SMTP.
    let content = |path: &PathBuf| {
        let mut content = read(path);
        if !content.ends_with(b"\r\n") {
            content.extend_from_slice(b"\r\n");
        }
        content
    };
    let named =
        |path: &PathBuf| (path.file_stem().expect("a name").to_string_lossy().into_owned(), content(path));
    let all = files.iter().map(named).collect();
    (directory, all)
}

/// What a process has used: processor time, and the most memory since the last look.
struct Usage {
    cpu_ms: u64,
    peak_bytes: u64,
    now_bytes: u64,
}

fn usage(pid: u32) -> Usage {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().map(|at| fields[*at].parse::<u64>().expect("ticks")).sum();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
    };
    Usage { cpu_ms: ticks * TICK_MS, peak_bytes: bytes("VmHWM:"), now_bytes: bytes("VmRSS:") }
}

/// Has the kernel forget the most memory so far (proc(5)).
fn forget_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5")
        .expect("run this test as root: it resets a peak of memory");
}

/// Another client, which asks again and again and keeps its longest wait.
struct Other {
    longest_ms: Arc<AtomicI64>,
    stopping: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Other {
    fn start(port: u16) -> Self {
        let (longest_ms, stopping) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(false)));
        let (longest, stop) = (Arc::clone(&longest_ms), Arc::clone(&stopping));
        let thread = std::thread::spawn(move || {
            let mut client = Client::connect(port);
            let mut asked = 0;
            while !stop.load(Ordering::SeqCst) {
                if asked == 90 {
                    client = Client::connect(port);
                    asked = 0;
                }
                let began = Clock::System.now();
                client.expect("NOOP", "250");
                asked += 1;
                longest.fetch_max(millis_since(began), Ordering::SeqCst);
                std::thread::park_timeout(Duration::from_millis(5));
            }
        });
        Self { longest_ms, stopping, thread: Some(thread) }
    }

    /// The longest wait since the last look.
    fn longest_ms(&self) -> i64 {
        self.longest_ms.swap(0, Ordering::SeqCst)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Stage {
    // Ends before the server that it asks.
    other: Other,
    server: Server,
    sink: Sink,
    breaches: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        let sink = Sink::start(Habits { unknown: Some("unknown"), ..Habits::default() });
        let server = Server::start();
        server.open_to_loopback();
        server.add_sink("sink", &sink, None);
        // Mail of this domain is signed.
        server.ok("en", &["domain", "add", "example.org"]);
        // The first message opens what the others find open.
        let mut client = Client::connect(server.port(Port::Submission));
        assert!(client.send("a@example.org", "unknown@example.net", &letter("first")).starts_with("250 "));
        server.until_idle(20);
        let other = Other::start(server.port(Port::StartTls));
        Self { other, server, sink, breaches: Vec::new() }
    }

    /// Does something with a bomb of that size, and holds what it cost the server. A long wait of the other client is looked
    /// at again: what this machine's other work did does not come back.
    fn weigh(&mut self, what: &str, bytes: usize, act: impl Fn(&Server)) {
        for look in 1..=3 {
            let cost = self.cost(&act);
            let Cost { cpu_ms, grown, longest_ms } = cost;
            let shown = format!(
                "{what}: {bytes} bytes, {cpu_ms} ms, {} KiB more, another waited {longest_ms} ms",
                grown / 1024
            );
            eprintln!("{shown}");
            let is_heavy = cpu_ms > CPU_MS || grown > 4 * bytes as u64 + SPARE_BYTES;
            if !is_heavy && longest_ms <= OTHER_MS {
                return;
            }
            if is_heavy || look == 3 {
                return self.breaches.push(shown);
            }
        }
    }

    fn cost(&self, act: &impl Fn(&Server)) -> Cost {
        let pid = self.server.pid();
        forget_peak(pid);
        self.other.longest_ms();
        let before = usage(pid);
        act(&self.server);
        until("the bomb has left, or has been refused", 120, || {
            (self.server.json(&["status"])["totals"]["messages"] == 0).then_some(())
        });
        let after = usage(pid);
        Cost {
            cpu_ms: after.cpu_ms - before.cpu_ms,
            grown: after.peak_bytes.saturating_sub(before.now_bytes),
            longest_ms: self.other.longest_ms(),
        }
    }
}

/// What a bomb cost the server.
struct Cost {
    cpu_ms: u64,
    grown: u64,
    longest_ms: i64,
}

/// Over SMTP, to one who is there and one who is not: it is signed, sent, and its sender is told with its header inside.
fn submit(server: &Server, name: &str, content: &[u8]) {
    let mut client = Client::connect(server.port(Port::Submission));
    client.expect("MAIL FROM:<a@example.org>", "250");
    client.expect("RCPT TO:<b@example.net>", "250");
    client.expect("RCPT TO:<unknown@example.net>", "250");
    let reply = client.content(content);
    let is_defined = ["250 2.0.0 ", "552 5.3.4 ", "554 5.6.0 ", "550 5.6.0 ", "554 5.4.6 ", "554 5.7.0 "];
    assert!(is_defined.iter().any(|begin| reply.starts_with(begin)), "{name}: {reply}");
    eprintln!("{name}: {reply}");
}

/// By sendmail, with the recipients in the header as well.
fn sendmail(server: &Server, name: &str, content: &[u8]) {
    let plain =
        content.split(|byte| *byte == b'\r').fold(Vec::with_capacity(content.len()), |mut all, part| {
            all.extend_from_slice(part);
            all
        });
    for arguments in [
        &["sendmail", "-i", "-f", "a@example.org", "b@example.net"][..],
        &["sendmail", "-t", "-i", "-f", "a@example.org"],
    ] {
        let mut command = server.command("en", arguments);
        let done = run(&mut command, &plain);
        // sysexits: taken, or refused for good for what is in it.
        assert!([0, 65, 64, 69, 77].contains(&done.code), "{name}: {} {}", done.code, done.err);
    }
}

/// As a bounce, by the reader of bounces. It is a process of its own: what it used is what the shell tells.
fn explain(name: &str, directory: &TempDir, breaches: &mut Vec<String>) {
    let file = directory.path().join(format!("{name}.eml"));
    let size = fs::metadata(&file).expect("a bomb").len();
    let script = "import resource,subprocess,sys\n\
        code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode\n\
        used=resource.getrusage(resource.RUSAGE_CHILDREN)\n\
        print(code,int((used.ru_utime+used.ru_stime)*1000),used.ru_maxrss)";
    let mut command = Command::new(find("python3", "python3"));
    command.args(["-c", script, FACTEUR, "explain"]).arg(&file);
    let done = run_within(&mut command, b"", 60);
    let words: Vec<u64> = done.out.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [code, cpu_ms, rss_kib] = words[..] else { panic!("{name}: {} {}", done.out, done.err) };
    assert!(code <= 1, "{name}: {code}");
    eprintln!("{name}: the bounce reader took {cpu_ms} ms and {rss_kib} KiB");
    if cpu_ms > CPU_MS || rss_kib * 1024 > 4 * size + 2 * SPARE_BYTES {
        breaches.push(format!("{name} as a bounce: {cpu_ms} ms, {rss_kib} KiB"));
    }
}

fn check(scale: &str) -> u64 {
    let (directory, bombs) = bombs(scale);
    let mut stage = Stage::new();
    let mut count = 0;
    for (name, content) in &bombs {
        stage.weigh(&format!("{name} by SMTP"), content.len(), |server| submit(server, name, content));
        stage.weigh(&format!("{name} by sendmail"), content.len(), |server| sendmail(server, name, content));
        explain(name, &directory, &mut stage.breaches);
        count += 3;
    }
    let told = stage.sink.taken().iter().filter(|taken| taken.from.is_empty()).count();
    assert!(told >= 10, "senders were told of what failed: {told}");
    assert!(stage.breaches.is_empty(), "{:#?}", stage.breaches);
    count
}

#[test]
fn bombs_do_not_burst_anything() {
    let mut count = check(if proof::at_the_bar() { "1" } else { "0.1" });
    if proof::at_the_bar() {
        count += check("10");
    }
    proof::passed(
        "B11",
        "crates/facteur/tests/e2e/hostile/bombs.rs::bombs_do_not_burst_anything",
        count,
        "bombs",
        None,
    );
}
