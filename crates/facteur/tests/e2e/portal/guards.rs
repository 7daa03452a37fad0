//! What guards an account: blocks, codes besides the password, app passwords, and the browsers that are signed in.

use crate::support::chromium::Chromium;
use crate::support::program::{Done, find, run};
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{self, Curl};
use std::process::Command;

pub const CLAIRE: &str = "claire@first.test";

fn scene() -> Server {
    let server = web::server("en");
    server.add_person(CLAIRE, &[]);
    server
}

/// Sends a message by curl, with a password, over TLS.
pub fn send(server: &Server, password: &str) -> Done {
    let port = server.port(Port::Tls);
    let mut command = Command::new(find("curl", "curl"));
    command.args([
        "--silent",
        "--show-error",
        "--insecure",
        "--max-time",
        "90",
        "--noproxy",
        "*",
        "--verbose",
    ]);
    command.args(["--url", &format!("smtps://127.0.0.1:{port}"), "--user", &format!("{CLAIRE}:{password}")]);
    command.args(["--mail-from", CLAIRE, "--mail-rcpt", "b@rcpt.test", "--upload-file", "-"]);
    run(&mut command, b"From: claire@first.test\r\nSubject: one\r\n\r\nHello.\r\n")
}

/// The code of a secret, so many steps from now.
fn code(secret: &str, ahead: i64) -> String {
    const CODE: &str = "import base64,hmac,struct,sys,time\n\
        key=base64.b32decode(sys.argv[1]);step=int(time.time())//30+int(sys.argv[2])\n\
        sum=hmac.new(key,struct.pack('>q',step),'sha1').digest();at=sum[-1]&15\n\
        print('%06d'%((struct.unpack('>I',sum[at:at+4])[0]&0x7fffffff)%1000000))";
    let ahead = ahead.to_string();
    let done = run(Command::new(find("python3", "python3")).args(["-c", CODE, secret, &ahead]), b"");
    done.out.trim().to_owned()
}

pub fn fill(window: &mut Chromium, field: &str, text: &str) {
    window.ask(&format!("document.getElementById({field:?}).value = {text:?}"));
}

pub fn sign_in(window: &mut Chromium, curl: &Curl<'_>) {
    window.open(&curl.address("/sign-in"));
    fill(window, "login", CLAIRE);
    fill(window, "password", PASSWORD);
    window.press("main button");
}

pub fn text(window: &mut Chromium) -> String {
    window.ask("document.body.innerText").as_str().expect("text").to_owned()
}

#[test]
fn a_blocked_account_sends_nothing_and_loses_nothing() {
    let mut server = scene();
    let done = send(&server, PASSWORD);
    assert_eq!(done.code, 0, "{}", done.err);
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    window.open(&curl.address("/accounts/claire%40first.test"));
    window.ask("document.getElementById('block').open = true");
    fill(&mut window, "why", "Her password was stolen");
    fill(&mut window, "note-en", "Please call us, Claire.");
    window.press("#block button");
    assert!(text(&mut window).contains("Her password was stolen"));
    // Refused at the door, with our reply, and in the journal of what was done.
    let done = send(&server, PASSWORD);
    assert_ne!(done.code, 0);
    assert!(
        done.err.contains("550 5.7.1 This login is blocked") && done.err.contains("[F:blocked]"),
        "{}",
        done.err
    );
    // There is a way for her mail now, and it waits all the same, after a restart too.
    let sink = Sink::start(Habits::default());
    server.add_sink("office", &sink, None);
    let is_kept = |server: &Server| server.waiting()[0]["recipients"][0]["cause"] == "blocked";
    until("her mail waits for the block", 60, || is_kept(&server).then_some(()));
    server.stop();
    server.go();
    assert!(is_kept(&server));
    // She sees why, and answers.
    let curl = Curl::new(&server);
    let mut hers = Chromium::start();
    sign_in(&mut hers, &curl);
    assert!(text(&mut hers).contains("Your account is blocked"));
    hers.open(&curl.address("/account"));
    let told = text(&mut hers);
    assert!(told.contains("Please call us, Claire.") && !told.contains("stolen"), "{told}");
    fill(&mut hers, "plea", "I have a new password.");
    hers.press("#blocked button");
    assert!(text(&mut hers).contains("You asked to be unblocked"));
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    assert!(text(&mut window).contains("1 person asks to be unblocked"));
    window.open(&curl.address("/accounts/claire%40first.test"));
    assert!(text(&mut window).contains("I have a new password."));
    assert!(sink.taken().is_empty(), "nothing has left");
    window.press("#block button");
    assert!(text(&mut window).contains("is unblocked"));
    assert_eq!(sink.until_taken(1, 60)[0].subject(), "one");
    server.until_idle(60);
    // The command line does the same.
    server.ok("en", &["account", "block", CLAIRE, "--why", "once more"]);
    assert!(send(&server, PASSWORD).err.contains("[F:blocked]"));
    assert!(server.ok("fr", &["account", "unblock", CLAIRE]).contains("Débloqué"));
    assert_eq!(send(&server, PASSWORD).code, 0);
    sink.until_taken(2, 60);
}

#[test]
fn a_code_is_asked_for_besides_the_password() {
    let server = scene();
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    sign_in(&mut window, &curl);
    window.open(&curl.address("/account"));
    fill(&mut window, "password-on", PASSWORD);
    window.press("#second-factor button");
    assert_eq!(window.ask("document.querySelectorAll('svg.qr path').length"), 1);
    let secret = window.ask("document.querySelector('.secret').textContent.replaceAll(' ', '')");
    let secret = secret.as_str().expect("a secret").to_owned();
    // A wrong first code changes nothing.
    fill(&mut window, "code", "000000");
    window.press("main button");
    assert!(text(&mut window).contains("The code is wrong"));
    fill(&mut window, "code", &code(&secret, 0));
    window.press("main button");
    let codes = window.ask("[...document.querySelectorAll('.codes code')].map(e => e.textContent)");
    let codes: Vec<String> = serde_json::from_value(codes).expect("codes");
    assert_eq!(codes.len(), 10);
    // The password alone opens neither the pages nor the way for mail.
    let other = Curl::new(&server);
    let asked = other.try_password(CLAIRE, PASSWORD);
    assert!(asked.status == 200 && asked.body.contains("name=\"proof\""), "{}", asked.body);
    assert!(!asked.header("Set-Cookie").contains("__Host-session"), "{}", asked.head);
    assert_eq!(other.ask("/messages", &[]).header("Location"), "/sign-in");
    let done = send(&server, PASSWORD);
    assert!(
        done.err.contains("534 5.7.9") && done.err.contains("[F:auth_app_password_required]"),
        "{}",
        done.err
    );
    let proof = |page: &web::Page| {
        let after = page.body.split("name=\"proof\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        after.expect("a proof").to_owned()
    };
    let show = |proof: &str, code: &str| {
        other.send("/sign-in", "/sign-in/code", &[("proof", proof), ("code", code)])
    };
    let key = proof(&asked);
    assert_eq!(show(&key, "123456").status, 403);
    assert_eq!(show("nonsense", &code(&secret, 1)).status, 403);
    let next = code(&secret, 1);
    assert_eq!(show(&key, &next).status, 303);
    assert_eq!(other.ask("/messages", &[]).status, 200);
    // The same code is worth nothing any more, nor is a recovery code that was used.
    let again = Curl::new(&server);
    let key = proof(&again.try_password(CLAIRE, PASSWORD));
    let show = |proof: &str, code: &str| {
        again.send("/sign-in", "/sign-in/code", &[("proof", proof), ("code", code)]).status
    };
    assert_eq!(show(&key, &next), 403);
    assert_eq!(show(&key, &codes[3]), 303);
    let third = Curl::new(&server);
    let key = proof(&third.try_password(CLAIRE, PASSWORD));
    let page = third.send("/sign-in", "/sign-in/code", &[("proof", &key), ("code", &codes[3])]);
    assert_eq!(page.status, 403);
    // The other browsers are seen, and ended.
    window.open(&curl.address("/account"));
    let told = text(&mut window);
    assert!(told.contains("9 recovery codes are left") && told.contains("curl/"), "{told}");
    assert_eq!(window.ask("document.querySelectorAll('#devices li').length"), 3);
    window.press("#devices button");
    assert_eq!(window.ask("document.querySelectorAll('#devices li').length"), 2);
    let left = [&other, &again].iter().filter(|curl| curl.ask("/messages", &[]).status == 200).count();
    assert_eq!(left, 1, "one of them is signed out");
    // Who lost the device asks an administrator.
    server.ok("en", &["account", "remove-code", CLAIRE]);
    assert_eq!(third.try_password(CLAIRE, PASSWORD).status, 303);
    assert_eq!(window.complaints(), Vec::<String>::new());
}

#[test]
fn an_app_password_sends_mail_and_opens_no_page() {
    let server = scene();
    let curl = Curl::new(&server);
    curl.sign_in(CLAIRE, PASSWORD);
    let made = |label: &str| {
        assert_eq!(curl.send("/account", "/account/app-passwords", &[("label", label)]).status, 303);
        let page = curl.ask("/account", &[]);
        let shown = page.body.split("class=\"secret\">").nth(1).and_then(|rest| rest.split('<').next());
        shown.expect("a password that is shown once").to_owned()
    };
    let phone = made("phone");
    assert!(!curl.ask("/account", &[]).body.contains(&phone), "once");
    let desk = made("desk");
    for password in [&phone, &desk] {
        assert_eq!(send(&server, password).code, 0);
    }
    assert!(curl.ask("/account", &[]).body.contains("last used"));
    assert_eq!(Curl::new(&server).try_password(CLAIRE, &phone).status, 403);
    curl.send("/account", "/account/app-passwords/1/remove", &[]);
    assert!(send(&server, &phone).err.contains("535 5.7.8"));
    assert_eq!(send(&server, &desk).code, 0);
    assert_eq!(send(&server, PASSWORD).code, 0, "the main password stays good where no code is asked for");
}
