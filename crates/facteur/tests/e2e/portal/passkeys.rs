//! Passkeys in a real browser, with a device of its own that it pretends to have, and a certificate that it trusts.

use super::guards::{CLAIRE, fill, send, sign_in, text};
use crate::support::chromium::Chromium;
use crate::support::paper::Authority;
use crate::support::server::{HOST, PASSWORD, Port, Server};
use crate::support::until;
use crate::support::web::{self, Curl};
use serde_json::{Value, json};
use std::path::PathBuf;

const ELISE: &str = "elise@first.test";
/// The same server by a name that is not its own.
const OTHER: &str = "www.facteur.test";
/// The button that asks the device, by what is done.
const SHOW: &str = "form[data-passkey=show] button";
const MAKE: &str = "form[data-passkey=make] button";

/// A portal with a certificate, a browser that trusts it, and its device.
struct Scene {
    server: Server,
    window: Chromium,
    device: String,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::new();
        let paper = tempfile::tempdir().expect("a directory").keep();
        let (cert, key) = (paper.join("cert.pem"), paper.join("key.pem"));
        authority.issue_for(&[HOST, OTHER, "127.0.0.1"], &cert, &key);
        let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
        let mut server = Server::fresh("en", &format!("{}{tls}", web::LISTENER));
        // Where curl looks for what it trusts.
        authority.write(&server.data().join("cert.pem"));
        server.go();
        for login in [CLAIRE, ELISE] {
            server.add_person(login, &[]);
        }
        let mut window = Chromium::start_trusting(&authority);
        window.widen(1280);
        let device = device(&mut window);
        Self { server, window, device }
    }

    fn address(&self, host: &str, path: &str) -> String {
        format!("https://{host}:{}{path}", self.server.port(Port::Https))
    }

    fn open(&mut self, path: &str) {
        let address = self.address(HOST, path);
        self.window.open(&address);
    }

    /// Adds a passkey of that name; gives the recovery codes that it comes with.
    #[track_caller]
    fn add(&mut self, label: &str) -> Vec<String> {
        self.begin();
        fill(&mut self.window, "label", label);
        self.asked(MAKE);
        let codes = "[...document.querySelectorAll('.codes code')].map(e => e.textContent)";
        serde_json::from_value(self.window.ask(codes)).expect("codes")
    }

    /// Goes to where a device is asked to make one.
    #[track_caller]
    fn begin(&mut self) {
        self.open("/account");
        fill(&mut self.window, "passkey-new-password", PASSWORD);
        self.window.press("form[data-passkey=begin] button");
    }

    /// Signs out, and goes to where one signs in.
    fn leave(&mut self) {
        self.window.press(".who button");
        assert_eq!(self.window.ask("location.pathname"), "/sign-in");
    }

    /// Who is signed in.
    fn who(&mut self) -> Value {
        self.window.ask("document.querySelector('.who a')?.textContent")
    }

    /// Presses what asks the device, and waits for the page that follows its answer.
    #[track_caller]
    fn asked(&mut self, button: &str) {
        self.window.ask(&format!("window.stays = true; document.querySelector('{button}').click()"));
        let told = "document.querySelector('form[data-passkey] [role=alert]:not([hidden])')?.textContent";
        let gone = "window.stays === undefined && document.readyState === 'complete'";
        until("the device answers", 60, || {
            let (told, gone) = (self.window.glance(told)?, self.window.glance(gone)?);
            assert!(gone == true || told == Value::Null, "{told}");
            (gone == true).then_some(())
        });
    }

    /// What a device answers at the page that is open, taken away before it is posted.
    fn answer(&mut self) -> String {
        let kept =
            "HTMLFormElement.prototype.submit = function () { window.kept = this.elements.answer.value; }";
        self.window
            .ask(&format!("window.kept = undefined; {kept}; document.querySelector('{SHOW}').click()"));
        until("the device answers", 60, || self.window.ask("window.kept").as_str().map(str::to_owned))
    }

    /// Presses what a device refuses; gives the sentence that is shown.
    fn refused(&mut self, button: &str) -> String {
        self.window.ask(&format!("document.querySelector('{button}').click()"));
        let shown = "document.querySelector('form[data-passkey] [role=alert]:not([hidden])')?.textContent";
        until("a sentence", 60, || self.window.ask(shown).as_str().map(str::to_owned))
    }

    /// Keeps pictures for people, who see what no rule sees.
    fn pictures(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("FACTEUR_PICTURES").map(PathBuf::from) else { return };
        for (scheme, width) in [("light", 1280), ("light", 390), ("dark", 390)] {
            let wish = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            self.window.command("Emulation.setEmulatedMedia", &wish);
            self.window.widen(width);
            self.window.picture(&folder.join(format!("{name}-{scheme}-{width}.png")));
        }
        self.window.command("Emulation.setEmulatedMedia", &json!({"features": []}));
        self.window.widen(1280);
    }
}

/// A device within a browser, which sees its person.
fn device(window: &mut Chromium) -> String {
    window.command("WebAuthn.enable", &json!({}));
    let options = json!({
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
    });
    let made = window.command("WebAuthn.addVirtualAuthenticator", &json!({"options": options}));
    made["authenticatorId"].as_str().expect("a device").to_owned()
}

/// What was done, as the record has it.
fn audits(server: &Server) -> String {
    let asked = json!({"operation": "audit_list", "limit": 100}).to_string();
    server.asked(&asked).expect("an answer").to_string()
}

/// The key of the question for a second factor.
fn proof(page: &web::Page) -> String {
    let after = page.body.split("name=\"proof\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    after.unwrap_or_else(|| panic!("no proof: {}", page.body)).to_owned()
}

#[test]
fn a_passkey_opens_alone_and_after_the_password() {
    let mut scene = Scene::new();
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    let codes = scene.add("my laptop");
    assert_eq!(codes.len(), 10, "{}", text(&mut scene.window));
    scene.open("/account");
    let told = text(&mut scene.window);
    assert!(told.contains("my laptop") && told.contains("10 recovery codes are left"), "{told}");
    for language in ["en", "fr"] {
        scene.open(&format!("/account?lang={language}"));
        scene.pictures(&format!("account-{language}"));
    }
    // The same device makes no second one.
    scene.begin();
    scene.pictures("add-fr");
    fill(&mut scene.window, "label", "again");
    let told = scene.refused(MAKE);
    assert!(told.contains("Cet appareil a déjà une clé d'accès"), "{told}");
    scene.open("/account?lang=en");
    scene.leave();
    scene.pictures("sign-in-en");
    scene.asked(SHOW);
    assert_eq!(scene.who(), CLAIRE);
    scene.leave();
    // After the password, and never by the password alone.
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    assert_eq!(scene.who(), Value::Null);
    assert_eq!(scene.window.ask("document.querySelector('h1').textContent"), "Your passkey");
    scene.pictures("second-en");
    scene.asked(SHOW);
    assert_eq!(scene.who(), CLAIRE);
    assert!(send(&scene.server, PASSWORD).err.contains("[F:auth_app_password_required]"));
    let curl = Curl::new(&scene.server);
    let asked = curl.try_password(CLAIRE, PASSWORD);
    assert!(!asked.header("Set-Cookie").contains("__Host-session"), "{}", asked.head);
    let fields = [("proof", &*proof(&asked)), ("code", &*codes[2])];
    assert_eq!(curl.send("/sign-in", "/sign-in/code", &fields).status, 303, "a recovery code");
    // A device that has not seen its person.
    scene.leave();
    let unseen = json!({"authenticatorId": scene.device, "isUserVerified": false});
    scene.window.command("WebAuthn.setUserVerified", &unseen);
    let told = scene.refused(SHOW);
    assert!(told.contains("Nothing was done"), "{told}");
    assert_eq!(scene.window.complaints(), Vec::<String>::new());
    let audits = audits(&scene.server);
    for done in ["\"passkey add\"", "\"passkey\"", "\"second-factor recovery code\""] {
        assert!(audits.contains(done), "{done}: {audits}");
    }
}

#[test]
fn an_answer_is_good_once_and_for_its_person() {
    let mut scene = Scene::new();
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    scene.add("hers");
    scene.leave();
    let answer = scene.answer();
    let shown = |server: &Server, proof: &str, answer: &str| {
        let fields = [("answer", answer), ("proof", proof)];
        Curl::new(server).send("/sign-in", "/sign-in/passkey", &fields)
    };
    assert_eq!(shown(&scene.server, "", &answer).status, 303);
    let again = shown(&scene.server, "", &answer);
    assert!(again.status == 403 && again.body.contains("The passkey was not accepted"), "{}", again.body);
    for nonsense in ["{}", "x".repeat(100_000).as_str()] {
        let page = shown(&scene.server, "", nonsense);
        assert!(page.status == 403 && page.body.contains("The passkey was not accepted"), "{nonsense}");
    }
    // What Claire's device answers opens nothing for whoever knows Elise's password, and the other way round.
    let device = json!({"authenticatorId": scene.device});
    let elise = Curl::new(&scene.server);
    elise.sign_in(ELISE, PASSWORD);
    let hers = scene.window.command("WebAuthn.getCredentials", &device)["credentials"][0].take();
    scene.window.command("WebAuthn.clearCredentials", &device);
    fill(&mut scene.window, "login", ELISE);
    fill(&mut scene.window, "password", PASSWORD);
    scene.window.press("main button");
    scene.add("elise's");
    scene.leave();
    let answer = scene.answer();
    let asked = Curl::new(&scene.server).try_password(CLAIRE, PASSWORD);
    assert_eq!(shown(&scene.server, &proof(&asked), &answer).status, 403);
    scene.open("/sign-in");
    scene.asked(SHOW);
    assert_eq!(scene.who(), ELISE);
    scene.leave();
    // A copy of Claire's device, from before it was used.
    scene.window.command("WebAuthn.clearCredentials", &device);
    let mut copy = hers;
    copy["signCount"] = json!(0);
    let added = json!({"authenticatorId": scene.device, "credential": copy});
    scene.window.command("WebAuthn.addCredential", &added);
    scene.asked(SHOW);
    assert!(text(&mut scene.window).contains("it counted backwards"), "{}", text(&mut scene.window));
    let audits = audits(&scene.server);
    assert!(audits.contains("passkey counted backwards"), "{audits}");
    // Whoever tries on is made to wait, as with passwords.
    assert!((0..20).any(|_| shown(&scene.server, "", "{}").status == 429));
    assert_eq!(scene.window.complaints(), Vec::<String>::new());
}

#[test]
fn passkeys_are_taken_away_by_their_person_and_by_who_administrates() {
    let mut scene = Scene::new();
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    scene.add("blue");
    scene.open("/account");
    scene.window.ask("document.querySelector('#passkeys details').open = true");
    fill(&mut scene.window, "passkey-1-password", "wrong");
    scene.window.press("#passkeys details button");
    assert!(text(&mut scene.window).contains("blue"), "a wrong password changes nothing");
    fill(&mut scene.window, "passkey-1-password", PASSWORD);
    scene.window.press("#passkeys details button");
    let told = text(&mut scene.window);
    assert!(told.contains("The passkey is removed") && !told.contains("blue"), "{told}");
    assert_eq!(Curl::new(&scene.server).try_password(CLAIRE, PASSWORD).status, 303, "the password is enough");
    scene.leave();
    scene.asked(SHOW);
    let told = text(&mut scene.window);
    assert!(told.contains("The passkey was not accepted") && told.contains("not known here"), "{told}");
    // Who lost everything asks an administrator.
    let device = json!({"authenticatorId": scene.device});
    scene.window.command("WebAuthn.clearCredentials", &device);
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    scene.add("new phone");
    let curl = Curl::new(&scene.server);
    curl.sign_in_by_link();
    let page = curl.ask("/accounts/claire%40first.test", &[]);
    assert!(page.body.contains("1 passkey") && page.body.contains("new phone"), "{}", page.body);
    assert!(Curl::new(&scene.server).try_password(CLAIRE, PASSWORD).body.contains("name=\"proof\""));
    let account = "/accounts/claire%40first.test";
    curl.send(account, &format!("{account}/second-factor/remove"), &[("sure-factor", "1")]);
    assert_eq!(Curl::new(&scene.server).try_password(CLAIRE, PASSWORD).status, 303);
    scene.window.command("WebAuthn.clearCredentials", &device);
    scene.add("newer phone");
    scene.server.ok("en", &["account", "remove-code", CLAIRE]);
    assert_eq!(Curl::new(&scene.server).try_password(CLAIRE, PASSWORD).status, 303);
}

#[test]
fn where_no_passkey_works_it_is_said_why() {
    let mut scene = Scene::new();
    for host in [OTHER, "127.0.0.1"] {
        for (language, sentence) in
            [("en", "A passkey belongs to the name"), ("fr", "Une clé d'accès est liée au nom")]
        {
            let address = scene.address(host, "/sign-in");
            scene.window.open(&address);
            if scene.who() == Value::Null {
                assert_eq!(scene.window.ask(&format!("document.querySelector('{SHOW}')")), Value::Null);
                fill(&mut scene.window, "login", CLAIRE);
                fill(&mut scene.window, "password", PASSWORD);
                scene.window.press("main button");
            }
            let address = scene.address(host, &format!("/account?lang={language}"));
            scene.window.open(&address);
            let told = text(&mut scene.window);
            assert!(told.contains(sentence) && told.contains(HOST), "{host}: {told}");
            let link = scene.window.ask("document.querySelector('.passkey-elsewhere a').href");
            assert_eq!(link, scene.address(HOST, "/account"));
        }
        scene.pictures(&format!("elsewhere-{}", host.len()));
    }
    // A certificate that signs itself, taken by hand.
    let server = web::server("en");
    server.add_person(CLAIRE, &[]);
    let mut window = Chromium::start_trusting(&Authority::new());
    window.command("Security.setIgnoreCertificateErrors", &json!({"ignore": true}));
    // Without a pretended device, for which the browser would look away.
    let mut scene = Scene { server, window, device: String::new() };
    sign_in(&mut scene.window, &Curl::new(&scene.server));
    for (language, sentence) in [
        ("en", "it does not trust this server's certificate"),
        ("fr", "il ne fait pas confiance au certificat de ce serveur"),
    ] {
        scene.open(&format!("/account?lang={language}"));
        fill(&mut scene.window, "passkey-new-password", PASSWORD);
        scene.window.press("form[data-passkey=begin] button");
        fill(&mut scene.window, "label", "phone");
        let told = scene.refused(MAKE);
        assert!(told.contains(sentence), "{told}");
        scene.pictures(&format!("certificate-{language}"));
    }
}
