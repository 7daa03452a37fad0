//! Programs of the machine, with the lines that they really call: cron, PHP, git, mail; while the server runs, and while it
//! is stopped. And the scripts that postsuper serves.

use crate::support::client::Client;
use crate::support::program::{Done, FACTEUR, find, need_root, run};
use crate::support::server::{HOST, PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink, Taken};
use crate::support::until;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Who gets the mail of the machine.
const ADMIN: &str = "admin@rcpt.test";
/// A user who is not root.
const NOBODY: u32 = 65_534;

/// What Debian's cron writes, and the line that it calls sendmail with.
const CRON_LINE: &str = "-FCronDaemon -i -B8BITMIME -oem root";
const CRON_MAIL: &str = "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@vps> /usr/bin/backup\n\
                         MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n\
                         Content-Transfer-Encoding: 8bit\nX-Cron-Env: <SHELL=/bin/sh>\n\nsauvegarde terminée\n.\nfin\n";

/// A server whose public directory every user of the machine reaches, with a relay and no administrator.
struct Machine {
    server: Server,
    sink: Sink,
    bin: PathBuf,
}

impl Machine {
    fn new() -> Self {
        Self::with(Habits::default(), |server, sink| server.add_sink("sink", sink, None))
    }

    fn with(habits: Habits, add: impl FnOnce(&Server, &Sink)) -> Self {
        let sink = Sink::start(habits);
        let mut server = Server::fresh("en", "");
        let top = server.directory().to_owned();
        fs::set_permissions(&top, fs::Permissions::from_mode(0o755)).expect("rights");
        let config = server.data().join("facteur.toml");
        let text = fs::read_to_string(&config).expect("a configuration");
        let (public, aliases) = (top.join("public"), top.join("aliases"));
        let more = format!("public = {public:?}\naliases = {aliases:?}\n");
        fs::write(&config, format!("{more}{text}")).expect("a configuration");
        let bin = top.join("bin");
        fs::create_dir(&bin).expect("a directory");
        for name in ["sendmail", "newaliases", "postsuper", "mailq"] {
            symlink(FACTEUR, bin.join(name)).expect("a name for the program");
        }
        server.go();
        add(&server, &sink);
        Self { server, sink, bin }
    }

    fn name_administrator(&self) {
        let mut control =
            UnixStream::connect(self.server.data().join("control.sock")).expect("the server runs");
        let request =
            format!("{{\"operation\":\"setting_set\",\"name\":\"administrator\",\"value\":\"{ADMIN}\"}}\n");
        control.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        BufReader::new(control).read_line(&mut answer).expect("an answer");
        assert!(answer.contains("ok"), "{answer}");
    }

    fn public(&self) -> PathBuf {
        self.server.directory().join("public")
    }

    /// One of the programs, by the name that its callers know.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.env_clear().env("LC_ALL", "en").env("FACTEUR_DATA", self.server.data());
        command
    }

    fn sendmail(&self, line: &str, input: &str) -> Done {
        run(self.program("sendmail").args(line.split_whitespace()), input.as_bytes())
    }

    /// A caller that must succeed, and the message that it sent: while the server runs, and again while it is stopped.
    #[track_caller]
    fn call(&mut self, mut call: impl FnMut(&Self) -> Done) -> Vec<Taken> {
        let before = self.sink.count();
        let done = call(self);
        assert_eq!(done.code, 0, "{done:?}");
        self.sink.until_taken(before + 1, 20);
        self.server.stop();
        let done = call(self);
        assert_eq!(done.code, 0, "while it is stopped: {done:?}");
        assert_eq!(self.sink.count(), before + 1, "nothing leaves while it is stopped");
        self.server.go();
        self.sink.until_taken(before + 2, 20).split_off(before)
    }
}

/// The value of a field, its folds undone.
fn field(taken: &Taken, name: &str) -> String {
    let text = String::from_utf8_lossy(&taken.content).replace("\r\n\t", " ").replace("\r\n ", " ");
    let header = text.split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let line = header.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
    line.unwrap_or_default()
}

fn body(taken: &Taken) -> String {
    let text = String::from_utf8_lossy(&taken.content).into_owned();
    text.split_once("\r\n\r\n").map(|(_, body)| body.replace("\r\n", "\n")).unwrap_or_default()
}

/// Runs a program in a file system of its own, where the machine's sendmail is ours: where its callers look for it.
fn with_our_sendmail(machine: &Machine, program: &Path, arguments: &[&str], input: &str) -> Done {
    need_root("programs call /usr/sbin/sendmail, and only root can put another program there for them");
    let script = "mount --bind \"$0\" /usr/sbin/sendmail && exec \"$@\"";
    let mut command = Command::new(find("unshare", "util-linux"));
    command.args(["--mount", "/bin/sh", "-c", script, FACTEUR]).arg(program).args(arguments);
    command
        .env("FACTEUR_DATA", machine.server.data())
        .env("LC_ALL", "C")
        .env("HOME", machine.server.directory());
    command.env("EMAIL", "anne@first.test").env_remove("MAILRC").current_dir(machine.server.directory());
    run(&mut command, input.as_bytes())
}

#[test]
fn crons_own_line_brings_roots_mail_to_the_administrator() {
    let mut machine = Machine::new();
    machine.name_administrator();
    for taken in machine.call(|machine| machine.sendmail(CRON_LINE, CRON_MAIL)) {
        assert_eq!(
            (taken.from.as_str(), taken.to.as_slice()),
            ("root@mail.facteur.test", &[ADMIN.to_owned()][..])
        );
        assert_eq!(field(&taken, "From"), format!("root@{HOST} (Cron Daemon)"));
        assert_eq!(field(&taken, "To"), format!("root@{HOST}"));
        assert_eq!(field(&taken, "Subject"), "Cron <root@vps> /usr/bin/backup");
        let received = field(&taken, "Received");
        assert!(received.starts_with(&format!("from local-root by {HOST} with local id ")), "{received}");
        assert_ne!((field(&taken, "Date"), field(&taken, "Message-ID")), (String::new(), String::new()));
        assert_eq!(body(&taken), "sauvegarde terminée\n.\nfin\n");
    }
    // The caller is known by its uid: a site of its own was made for it, once.
    let sites = machine.server.json(&["site", "list"]);
    assert_eq!(sites.as_array().map(Vec::len), Some(1), "{sites}");
    assert_eq!((&sites[0]["name"], &sites[0]["uids"][0]), (&"local-root".into(), &0.into()), "{sites}");
}

#[test]
fn phps_mail_arrives() {
    let mut machine = Machine::new();
    let php = find("php", "php-cli");
    let code = "exit(mail('A <a@rcpt.test>, b@rcpt.test', 'Bonjour', \"un\\ndeux\", \
                ['From' => 'www@first.test', 'Bcc' => 'hidden@rcpt.test']) ? 0 : 1);";
    for taken in machine.call(|machine| with_our_sendmail(machine, &php, &["-r", code], "")) {
        assert_eq!(taken.to, ["a@rcpt.test", "b@rcpt.test", "hidden@rcpt.test"]);
        assert_eq!(taken.from, format!("root@{HOST}"));
        assert_eq!(
            (field(&taken, "From"), field(&taken, "Subject")),
            ("www@first.test".into(), "Bonjour".into())
        );
        assert!(!String::from_utf8_lossy(&taken.content).contains("hidden"), "{taken:?}");
        assert_eq!(body(&taken), "un\ndeux\n");
    }
}

#[test]
fn git_send_email_arrives() {
    let mut machine = Machine::new();
    let program = Path::new("/usr/lib/git-core/git-send-email");
    assert!(program.exists(), "install the package git-email");
    let patch = machine.server.directory().join("0001.patch");
    let text = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n\
                From: Anne <anne@first.test>\nDate: Sun, 22 Nov 2026 05:30:28 +0000\nSubject: [PATCH] Fix\n\n\
                .dots\n---\n f | 1 +\n";
    fs::write(&patch, text).expect("a patch");
    let git = "/usr/bin/git";
    let arguments = |patch: &Path| -> Vec<String> {
        let line = "send-email --quiet --confirm=never --suppress-cc=all --from=anne@first.test --to=a@rcpt.test \
                    --cc=b@rcpt.test";
        line.split_whitespace().map(str::to_owned).chain([patch.display().to_string()]).collect()
    };
    for taken in machine.call(|machine| {
        let arguments = arguments(&patch);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        with_our_sendmail(machine, Path::new(git), &arguments, "")
    }) {
        assert_eq!(taken.to, ["a@rcpt.test", "b@rcpt.test"]);
        assert_eq!(field(&taken, "From"), "anne@first.test", "{taken:?}");
        assert_eq!(taken.subject(), "[PATCH] Fix");
        assert!(body(&taken).contains("\n.dots\n") || body(&taken).starts_with(".dots\n"), "{taken:?}");
    }
}

#[test]
fn the_mail_programs_of_debian_arrive() {
    let mut machine = Machine::new();
    for (name, package, options) in [
        ("mail.mailutils", "mailutils", &[][..]),
        ("bsd-mailx", "bsd-mailx", &[]),
        ("s-nail", "s-nail", &["-n", "-S", "v15-compat"]),
    ] {
        let program = find(name, package);
        let arguments = [options, &["-s", name, "a@rcpt.test"]].concat();
        for taken in machine.call(|machine| with_our_sendmail(machine, &program, &arguments, "un\ndeux\n")) {
            assert_eq!(taken.to, ["a@rcpt.test"], "{name}");
            assert_eq!(taken.subject(), name);
            assert_eq!(body(&taken).trim_end(), "un\ndeux", "{name}");
        }
    }
}

#[test]
fn every_user_of_the_machine_hands_over_mail_and_no_other_reads_it() {
    need_root("it becomes another user");
    let mut machine = Machine::new();
    // The program's own folder may be closed to them.
    let program = machine.bin.join("for-all").join("sendmail");
    fs::create_dir(machine.bin.join("for-all")).expect("a directory");
    fs::copy(FACTEUR, &program).expect("room for the program");
    let as_nobody = |machine: &Machine, line: &[&str], input: &str| {
        let mut command = Command::new(find("setpriv", "util-linux"));
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).args(line);
        command.env_clear().env("FACTEUR_DATA", machine.server.data()).env("LC_ALL", "fr");
        run(&mut command, input.as_bytes())
    };
    let program = program.to_str().expect("a plain path");
    let letter = "To: a@rcpt.test\nSubject: x\n\nhi\n";
    for taken in machine.call(|machine| as_nobody(machine, &[program, "-t"], letter)) {
        assert_eq!(taken.from, format!("nobody@{HOST}"));
    }
    let sites = machine.server.json(&["site", "list"]);
    assert_eq!(
        (&sites[0]["name"], &sites[0]["uids"][0]),
        (&"local-nobody".into(), &NOBODY.into()),
        "{sites}"
    );
    // What waits in the folder is seen by the server alone.
    machine.server.stop();
    assert_eq!(as_nobody(&machine, &[program, "-t"], letter).code, 0);
    let folder = machine.public().join("drop");
    let file =
        fs::read_dir(&folder).expect("root looks").next().expect("a message").expect("its name").path();
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o640);
    let look = as_nobody(&machine, &["/bin/ls", folder.to_str().expect("a plain path")], "");
    assert_ne!(look.code, 0, "{look:?}");
    // The administrator may say whose mail a user's is, and with which senders.
    machine.server.go();
    machine.sink.until_taken(3, 20);
    machine.server.ok("en", &["site", "remove", "local-nobody"]);
    machine.server.ok("en", &["site", "add", "web", "--user", "nobody", "--sender", "@web.test"]);
    let refused = as_nobody(&machine, &[program, "-t"], letter);
    assert_eq!(refused.code, 77, "{refused:?}");
    assert!(refused.err.contains("a été refusé"), "{refused:?}");
    assert_eq!(as_nobody(&machine, &[program, "-t", "-fshop@web.test"], letter).code, 0);
    assert_eq!(machine.sink.until_taken(4, 20)[3].from, "shop@web.test");
}

#[test]
fn files_that_are_no_messages_are_moved_aside_and_stop_no_other() {
    need_root("it makes files of other users");
    let mut machine = Machine::new();
    machine.server.stop();
    let folder = machine.public().join("drop");
    let secret = machine.server.directory().join("secret");
    let envelope = "{\"version\":1,\"sender\":\"a@first.test\",\"recipients\":[\"a@rcpt.test\"],\"notify\":null,\
                    \"ret\":null,\"envid\":null,\"body\":\"seven_bit\",\"bytes\":6}\n";
    fs::write(&secret, format!("{envelope}secret")).expect("a file");
    let put = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    symlink(&secret, folder.join("mail-1-link")).expect("a link");
    fs::hard_link(&secret, folder.join("mail-2-second-name")).expect("a second name");
    fs::create_dir(folder.join("mail-3-directory")).expect("a directory");
    put("mail-4-garbage", "no envelope\n");
    put("mail-5-short", envelope);
    put(
        "mail-6-bare-lf",
        &envelope.replace(":6}", ":4}").replace('\u{0}', "").replacen("}\n", "}\na\nb\n", 1),
    );
    put("other-name", &format!("{envelope}secret"));
    // Whose it is, the system says.
    put("mail-7-good", &format!("{envelope}a\r\n\r\n"));
    fs::write(folder.join("mail-7-good"), format!("{}a\r\nb\r\n", envelope)).expect("a file");
    chown(folder.join("mail-7-good"), Some(NOBODY), None).expect("root may");
    machine.server.go();
    let taken = machine.sink.until_taken(1, 20);
    assert_eq!(
        (taken[0].to.as_slice(), taken[0].from.as_str()),
        (&["a@rcpt.test".to_owned()][..], "a@first.test")
    );
    assert_eq!(machine.server.json(&["site", "list"])[0]["name"], "local-nobody");
    let names = |path: PathBuf| {
        let read = fs::read_dir(path).expect("a directory");
        let mut names: Vec<_> =
            read.map(|entry| entry.expect("a name").file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    until("the folder is empty", 20, || names(folder.clone()).is_empty().then_some(()));
    let aside = [
        "mail-1-link",
        "mail-2-second-name",
        "mail-3-directory",
        "mail-4-garbage",
        "mail-5-short",
        "mail-6-bare-lf",
        "other-name",
    ];
    assert_eq!(names(machine.public().join("aside")), aside);
    for name in aside {
        assert!(machine.server.log().contains(name), "{name}: {}", machine.server.log());
    }
    assert_eq!(machine.sink.count(), 1, "nothing else left");
}

#[test]
fn mail_for_nobody_waits_until_there_is_an_administrator() {
    let machine = Machine::new();
    machine.server.open_to_loopback();
    let done = machine.sendmail(CRON_LINE, CRON_MAIL);
    assert_eq!(done.code, 0, "cron's mail is on disk: {done:?}");
    let mixed = machine.sendmail("-i root a@rcpt.test", "Subject: both\n\nhi\n");
    assert_eq!(mixed.code, 0, "{mixed:?}");
    assert_eq!(machine.sink.until_taken(1, 20)[0].to, ["a@rcpt.test"], "others do not wait");
    // Who has somebody to tell is told.
    let mut client = Client::connect(machine.server.port(Port::Submission));
    client.expect("MAIL FROM:<a@first.test>", "250");
    client.expect(&format!("RCPT TO:<root@{HOST}>"), "550 5.1.1");
    client.expect("RCPT TO:<somebody@localhost>", "550 5.1.1");
    until("the log says why", 20, || {
        machine.server.log().contains("nobody gets the mail of root").then_some(())
    });
    machine.name_administrator();
    let taken = machine.sink.until_taken(3, 40);
    assert!(taken[1..].iter().all(|taken| taken.to == [ADMIN]), "{taken:?}");
    client.expect(&format!("RCPT TO:<root@{HOST}>"), "250");
    // At the host's own name, only names that are known here are of this machine.
    client.expect(&format!("RCPT TO:<somebody@{HOST}>"), "250");
}

#[test]
fn aliases_are_followed_and_their_changes_seen() {
    let machine = Machine::new();
    machine.name_administrator();
    let path = machine.server.directory().join("aliases");
    let write = |text: &str| fs::write(&path, text).expect("room for aliases");
    write("team: a@rcpt.test, bob\nbob: b@rcpt.test\nrun: |/bin/true\n");
    let checked = run(&mut machine.program("newaliases"), b"");
    assert_eq!(
        (checked.code, checked.out.trim_end().ends_with("aliases: 3 aliases")),
        (0, true),
        "{checked:?}"
    );
    assert!(checked.err.contains("aliases:3: no command is run"), "{checked:?}");
    assert_eq!(machine.sendmail("team", "Subject: 1\n\n").code, 0);
    assert_eq!(machine.sink.until_taken(1, 20)[0].to, ["a@rcpt.test", "b@rcpt.test"]);
    assert_eq!(machine.sendmail("run", "Subject: 2\n\n").code, 0);
    assert_eq!(
        machine.sink.until_taken(2, 20)[1].to,
        [ADMIN],
        "a command is not run, and its mail does not vanish"
    );
    write("team: c@rcpt.test\n");
    until("the change is seen", 20, || {
        let before = machine.sink.count();
        assert_eq!(machine.sendmail("team", "Subject: 3\n\n").code, 0);
        (machine.sink.until_taken(before + 1, 20)[before].to == ["c@rcpt.test"]).then_some(())
    });
}

#[test]
fn roots_mail_leaves_through_a_relay_that_takes_only_its_own_sender() {
    let habits = Habits {
        sign_in: Some(("me@gmail.test", PASSWORD)),
        only_sender: Some("me@gmail.test"),
        ..Habits::default()
    };
    let machine = Machine::with(habits, |server, sink| {
        let port = sink.port.to_string();
        let line = [
            "relay",
            "add",
            "own",
            "--host",
            "127.0.0.1",
            "--tls",
            "never",
            "--sender",
            "login",
            "--port",
            &port,
        ];
        server.give("en", &[&line[..], &["--login", "me@gmail.test", "--password-stdin"]].concat(), PASSWORD);
    });
    machine.name_administrator();
    assert_eq!(machine.sendmail(CRON_LINE, CRON_MAIL).code, 0);
    let taken = &machine.sink.until_taken(1, 20)[0];
    assert_eq!((taken.from.as_str(), taken.to.as_slice()), ("me@gmail.test", &[ADMIN.to_owned()][..]));
    assert_eq!(field(taken, "From"), "Cron Daemon <me@gmail.test>");
    assert_eq!(field(taken, "Reply-To"), format!("root@{HOST} (Cron Daemon)"));
    assert_eq!(body(taken), "sauvegarde terminée\n.\nfin\n");
    // A large content streams by.
    let large =
        format!("From: www@first.test\nSubject: large\n\n{}", format!("{}\n", "x".repeat(70)).repeat(20_000));
    assert_eq!(machine.sendmail("-i a@rcpt.test", &large).code, 0);
    let taken = &machine.sink.until_taken(2, 30)[1];
    assert_eq!(field(taken, "From"), "\"www@first.test\" <me@gmail.test>");
    assert_eq!(body(taken).len(), 20_000 * 71);
    let refused = machine.server.ask(
        "en",
        &["relay", "add", "key", "--host", "127.0.0.1", "--tls", "never", "--no-auth", "--sender", "login"],
        b"",
    );
    assert_eq!(refused.code, 64, "a relay without a login has no address: {refused:?}");
}

/// How many messages are sent while the server is killed and started again.
const SENT: usize = 40;

#[test]
fn what_was_handed_over_while_the_server_was_killed_arrives() {
    let mut machine = Machine::new();
    let (bin, data) = (machine.bin.join("sendmail"), machine.server.data());
    let sender = std::thread::spawn(move || {
        for number in 0..SENT {
            let mut command = Command::new(&bin);
            command.env_clear().env("FACTEUR_DATA", &data).args(["-i", "a@rcpt.test"]);
            let done = run(&mut command, format!("Subject: {number}\n\nhi\n").as_bytes());
            assert_eq!(done.code, 0, "{number}: {done:?}");
        }
    });
    for part in [SENT / 8, SENT / 4] {
        machine.sink.until_taken(part, 60);
        // Its socket stays behind, and nobody listens.
        machine.server.kill();
        machine.server.go();
    }
    sender.join().expect("every call ended well");
    let all = || {
        let subjects: BTreeSet<String> = machine.sink.taken().iter().map(Taken::subject).collect();
        (subjects.len() == SENT).then_some(())
    };
    until("every message is there, once or twice", 60, all);
}

#[test]
fn exit_codes_and_words_are_those_that_scripts_test() {
    let mut machine = Machine::new();
    for (line, input, code, words) in [
        ("-Z a@rcpt.test", "", 64, "-Z"),
        ("-i", "Subject: x\n\n", 64, "no recipient"),
        ("-t", "Subject: x\n\nhi\n", 65, "names no recipient"),
        ("-t", "To: a b c\n\nhi\n", 65, "a b c"),
        ("a@rcpt..test", "Subject: x\n\n", 65, "a@rcpt..test"),
        ("-bd", "", 64, "facteur start"),
        ("-O requiretls=yes a@rcpt.test", "", 69, "requiretls"),
        ("-bv a@rcpt.test", "", 0, "is taken"),
        ("-bv a@rcpt.test root", "", 67, "is not taken"),
    ] {
        let done = machine.sendmail(line, input);
        assert_eq!(done.code, code, "{line}: {done:?}");
        assert!(format!("{}{}", done.out, done.err).contains(words), "{line}: {done:?}");
    }
    assert_eq!(machine.sendmail("-bp", "").out, "Mail queue is empty\n");
    assert_eq!(machine.sendmail("-q", "").code, 0);
    let session = "EHLO me\r\nMAIL FROM:<a@first.test>\r\nRCPT TO:<a@rcpt.test>\r\nDATA\r\nSubject: bs\r\n\r\nhi\r\n.\r\nQUIT\r\n";
    let spoken = machine.sendmail("-bs", session);
    assert_eq!(spoken.code, 0, "{spoken:?}");
    assert!(spoken.out.starts_with("220 ") && spoken.out.contains("queued as"), "{spoken:?}");
    assert_eq!(machine.sink.until_taken(1, 20)[0].subject(), "bs");
    machine.server.stop();
    let spoken = machine.sendmail("-bs", session);
    assert_eq!((spoken.code, spoken.out.starts_with("421 ")), (75, true), "{spoken:?}");
    assert_eq!(machine.sendmail("-bv a@rcpt.test", "").code, 75);
    // Neither the server nor the folder is there: the caller must try again.
    fs::remove_dir(machine.public().join("drop")).expect("an empty folder");
    for (locale, words) in [("en", "was not taken"), ("fr", "n'a pas été pris")] {
        let done =
            run(machine.program("sendmail").env("LC_ALL", locale).arg("a@rcpt.test"), b"Subject: x\n\n");
        assert_eq!(done.code, 75, "{done:?}");
        assert!(done.err.contains(words), "{done:?}");
    }
}

#[test]
fn postsuper_does_what_scripts_ask_in_postfixs_words() {
    let sink = Sink::start(Habits { recipients_told: Some("450 4.2.0 Later"), ..Habits::default() });
    let machine = Machine::with(Habits::default(), |server, _| server.add_sink("later", &sink, None));
    let send = |subject: &str| {
        assert_eq!(machine.sendmail("-i a@rcpt.test", &format!("Subject: {subject}\n\n")).code, 0);
    };
    ["1", "2", "3"].into_iter().for_each(send);
    until("all wait", 20, || {
        let waiting = machine.server.waiting();
        let tried = |message: &serde_json::Value| message["recipients"][0]["attempts"].as_u64() > Some(0);
        (waiting.len() == 3 && waiting.iter().all(tried)).then_some(())
    });
    let ids: Vec<String> = machine
        .server
        .waiting()
        .iter()
        .map(|message| message["id"].as_str().expect("an id").to_owned())
        .collect();
    let postsuper = |line: &str, input: &str| {
        let done = run(machine.program("postsuper").args(line.split_whitespace()), input.as_bytes());
        assert_eq!(done.code, 0, "{line}: {done:?}");
        done.err
    };
    let (one, two) = (&ids[0], &ids[1]);
    let held = format!("postsuper: {one}: placed on hold\npostsuper: Placed on hold: 1 message\n");
    assert_eq!(postsuper(&format!("-h {one}"), ""), held);
    assert_eq!(postsuper("-d ALL hold", ""), "postsuper: Deleted: 1 message\n");
    let input = format!("{two}\n{one}\n");
    let deleted = format!("postsuper: {two}: removed\npostsuper: Deleted: 1 message\n");
    assert_eq!(postsuper("-d -", &input), deleted, "one is there, the other is gone");
    assert_eq!(postsuper("-h ALL", ""), "postsuper: Placed on hold: 1 message\n");
    assert_eq!(postsuper("-H ALL", ""), "postsuper: Released from hold: 1 message\n");
    assert_eq!(postsuper("-d 0123456789BC", ""), "", "what is not there is nothing to speak of");
    let invalid = run(machine.program("postsuper").args(["-d", "x"]), b"");
    assert_eq!((invalid.code, invalid.err.contains("invalid mail queue id: x")), (1, true), "{invalid:?}");
    until("all is deleted", 20, || {
        postsuper("-d ALL deferred", "");
        machine.server.waiting().is_empty().then_some(())
    });
}
