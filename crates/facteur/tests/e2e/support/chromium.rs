//! A real Chromium without a screen, driven over two pipes by its DevTools protocol: no driver program, no port.

use super::paper::Authority;
use super::program::{Running, find, run};
use super::server::HOST;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Chromium reads commands from descriptor 3 and answers on 4. Opening a named pipe waits for the other end, which is this
/// test. What it keeps of its person, such as the authorities that it trusts, is in the same directory.
const START: &str = "HOME=\"$1\" exec \"$0\" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
    --remote-debugging-pipe $2 --host-resolver-rules='MAP * 127.0.0.1' \
    --user-data-dir=\"$1/profile\" about:blank 3<\"$1/to\" 4>\"$1/from\"";

/// A window of a browser that ends with its test.
pub struct Chromium {
    to: File,
    from: BufReader<File>,
    last: u64,
    session: String,
    told: VecDeque<Value>,
    _running: Running,
    _directory: TempDir,
}

impl Chromium {
    /// Starts the browser and opens a window. It takes every certificate.
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(directory, "--ignore-certificate-errors")
    }

    /// The same, but it takes the certificates of one authority only.
    pub fn start_trusting(authority: &Authority) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (known, paper) = (directory.path().join(".pki/nssdb"), directory.path().join("authority.pem"));
        fs::create_dir_all(&known).expect("a directory");
        authority.write(&paper);
        let known = format!("sql:{}", known.to_str().expect("a plain path"));
        let paper = paper.to_str().expect("a plain path");
        for arguments in [&["-N", "--empty-password"][..], &["-A", "-n", "tests", "-t", "C,,", "-i", paper]] {
            let mut command = Command::new(find("certutil", "libnss3-tools"));
            let done = run(command.args(["-d", &known]).args(arguments), b"");
            assert_eq!(done.code, 0, "{}", done.err);
        }
        Self::start_in(directory, "--no-default-browser-check")
    }

    fn start_in(directory: TempDir, wish: &str) -> Self {
        let path = directory.path().to_str().expect("a plain path").to_owned();
        let at = |name: &str| directory.path().join(name);
        for name in ["to", "from"] {
            let made = run(Command::new(find("mkfifo", "coreutils")).arg(at(name)), b"");
            assert_eq!(made.code, 0, "{}", made.err);
        }
        let browser = find("chromium", "chromium");
        let browser = browser.to_str().expect("a plain path");
        let running =
            Running::start(Path::new("/bin/sh"), &["-c", START, browser, &path, wish], &at("chromium.log"));
        let to = OpenOptions::new().write(true).open(at("to")).expect("the browser reads");
        let from = BufReader::new(File::open(at("from")).expect("the browser writes"));
        let (session, told) = (String::new(), VecDeque::new());
        let mut window = Self { to, from, last: 0, session, told, _running: running, _directory: directory };
        let target = window.command("Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let session = window.command("Target.attachToTarget", &attach);
        window.session = session["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            window.command(domain, &json!({}));
        }
        window
    }

    /// What the browser says next.
    fn hear(&mut self) -> Value {
        let mut text = Vec::new();
        self.from.read_until(0, &mut text).expect("the browser writes");
        assert_eq!(text.pop(), Some(0), "the browser has ended");
        serde_json::from_slice(&text).expect("JSON")
    }

    /// Gives a command, and waits for its answer.
    #[track_caller]
    pub fn command(&mut self, method: &str, parameters: &Value) -> Value {
        self.attempt(method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same, which may fail.
    fn attempt(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.last += 1;
        let mut command = json!({"id": self.last, "method": method, "params": parameters});
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.to.write_all(format!("{command}\0").as_bytes()).expect("the browser reads");
        loop {
            let mut said = self.hear();
            if said["id"] == self.last {
                let error = said["error"].take();
                return if error.is_null() { Ok(said["result"].take()) } else { Err(error) };
            }
            self.told.push_back(said);
        }
    }

    /// Waits for an event.
    fn wait_for(&mut self, method: &str) {
        if let Some(at) = self.told.iter().position(|said| said["method"] == method) {
            self.told.remove(at);
            return;
        }
        loop {
            let said = self.hear();
            if said["method"] == method {
                return;
            }
            self.told.push_back(said);
        }
    }

    /// Opens a page, and waits until it is there.
    #[track_caller]
    pub fn open(&mut self, address: &str) {
        self.told.retain(|said| said["method"] != "Page.loadEventFired");
        self.command("Page.navigate", &json!({"url": address}));
        self.wait_for("Page.loadEventFired");
    }

    /// Presses what a selector finds, and waits for the page that follows.
    #[track_caller]
    pub fn press(&mut self, selector: &str) {
        self.told.retain(|said| said["method"] != "Page.loadEventFired");
        self.ask(&format!("document.querySelector({selector:?}).click()"));
        self.wait_for("Page.loadEventFired");
    }

    /// What an expression is within the page. The page's policy does not bind the test.
    #[track_caller]
    pub fn ask(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true});
        let mut answer = self.command("Runtime.evaluate", &asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    /// The same while the page may give way to the next: nothing is known in that moment.
    pub fn glance(&mut self, expression: &str) -> Option<Value> {
        let asked = json!({"expression": expression, "returnByValue": true});
        let mut answer = self.attempt("Runtime.evaluate", &asked).ok()?;
        answer["exceptionDetails"].is_null().then(|| answer["result"]["value"].take())
    }

    /// Makes the window so wide.
    pub fn widen(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.command("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Keeps a picture of the whole page, for whoever wants to see it.
    pub fn picture(&mut self, file: &Path) {
        // The bar at the side would be taken off the width, though the page is laid out without it here.
        let size = self.ask("[innerWidth, document.documentElement.scrollHeight]");
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let wish = json!({"captureBeyondViewport": true, "format": "png", "clip": clip});
        let taken = self.command("Page.captureScreenshot", &wish);
        let bytes = STANDARD.decode(taken["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(file, bytes).expect("room for a picture");
    }

    /// What it complained about so far, and what it asked other hosts for.
    pub fn complaints(&mut self) -> Vec<String> {
        let foreign = |said: &&Value| {
            let url = said["params"]["request"]["url"].as_str().unwrap_or_default();
            said["method"] == "Network.requestWillBeSent" && !url.starts_with(&format!("https://{HOST}:"))
        };
        let loud = ["Runtime.exceptionThrown", "Page.javascriptDialogOpening"];
        let complains = |said: &&Value| {
            let method = said["method"].as_str().unwrap_or_default();
            let logged = said["params"]["entry"]["text"].as_str().unwrap_or_default();
            foreign(said) || loud.contains(&method) || logged.contains("Content Security Policy")
        };
        let found = self.told.iter().filter(complains).map(ToString::to_string).collect();
        self.told.clear();
        found
    }
}
