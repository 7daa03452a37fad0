//! Passkeys (Web Authentication, level 3): key pairs that a person's device keeps and unlocks by itself, with a finger, a
//! face or a PIN. Pure but for its memory of what was begun: it takes what browsers say and gives what is to be kept.
//!
//! A ceremony is a question of ours (the challenge) and its answer. What was asked is remembered here, bounded in number
//! and in time, and is taken out by the first answer: none is good twice. The cryptography, the CBOR and the rules of the
//! standard are those of `webauthn_rp`.

use crate::patience::network_of;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::{Domain, Principal, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Passkey;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::{
    AllowedCredentials, AuthenticationVerificationOptions, DiscoverableCredentialRequestOptions,
    NonDiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    CredProtect, PublicKeyCredentialCreationOptions, PublicKeyCredentialUserEntity,
    RegistrationVerificationOptions, USER_HANDLE_MAX_LEN, UserHandle64,
};
use webauthn_rp::request::{
    AsciiDomain, Credentials as _, DomainOrigin, ExtensionInfo, Port, PublicKeyCredentialDescriptor, RpId,
    Scheme, TimedCeremony as _, UserVerificationRequirement,
};
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    NonDiscoverableAuthentication64, NonDiscoverableAuthenticationServerState, Registration,
    RegistrationServerState,
};

/// How long an answer may take, in milliseconds; browsers are told the same.
const CEREMONY_MS: i64 = 5 * 60_000;
/// How many answers are waited for at once.
const CEREMONIES_MOST: usize = 10_000;
/// How many of them from one network (IPv4 /24, IPv6 /64): a flood of questions pushes out its own.
const CEREMONIES_OF_NETWORK: usize = 64;
/// The longest answer that is looked at: a key of RSA in its attestation has 2 KiB.
const ANSWER_BYTES: usize = 64 << 10;

/// A public key as it is kept: of Ed25519, P-256, P-384 or RSA.
type Key = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Where a browser says that it is: at this server's own name, for no passkey works anywhere else.
pub(crate) struct Place {
    name: String,
    rp: RpId,
    port: Port,
}

impl Place {
    /// The place of a browser that calls this server so; `None` when that is not its name.
    pub(crate) fn of(host: &Domain, called: &str) -> Option<Self> {
        let (name, port) = match called.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()?),
            None => (called, Port::None),
        };
        let own = host.as_ascii().to_ascii_lowercase();
        let rp = RpId::Domain(AsciiDomain::try_from(own.clone()).ok()?);
        name.eq_ignore_ascii_case(&own).then_some(Self { name: own, rp, port })
    }

    fn origin(&self) -> DomainOrigin<'_, '_> {
        DomainOrigin { scheme: Scheme::Https, host: &self.name, port: self.port }
    }
}

/// What an answer is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A passkey is added to somebody's.
    Add(Principal),
    /// Somebody signs in with it alone.
    Alone,
    /// Somebody whose password was right shows it besides; the digest of the key of that question.
    Second([u8; 32]),
}

/// A question that was asked, as whoever checks the answer needs it.
pub(crate) enum Question {
    Add(RegistrationServerState<USER_HANDLE_MAX_LEN>),
    Alone(DiscoverableAuthenticationServerState),
    Second(NonDiscoverableAuthenticationServerState),
}

impl Question {
    fn challenge(&self) -> u128 {
        match self {
            Self::Add(state) => state.sent_challenge(),
            Self::Alone(state) => state.sent_challenge(),
            Self::Second(state) => state.sent_challenge(),
        }
        .0
    }
}

struct Begun {
    question: Question,
    purpose: Purpose,
    network: Option<IpAddr>,
    until: Timestamp,
}

/// The questions whose answers are waited for.
#[derive(Default)]
pub(crate) struct Ceremonies(Mutex<HashMap<u128, Begun>>);

impl Ceremonies {
    fn book(&self) -> MutexGuard<'_, HashMap<u128, Begun>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an answer from an address, or of somebody who is signed in, of whom only the newest question stands.
    pub(crate) fn begin(&self, question: Question, purpose: Purpose, from: Option<IpAddr>, now: Timestamp) {
        let network = from.map(network_of);
        let mut book = self.book();
        book.retain(|_, begun| begun.until > now && (from.is_some() || begun.purpose != purpose));
        let of_network = book.values().filter(|begun| begun.network == network).count();
        let crowd = from.is_some() && of_network >= CEREMONIES_OF_NETWORK;
        if crowd || book.len() >= CEREMONIES_MOST {
            let may_go = book.iter().filter(|(_, begun)| !crowd || begun.network == network);
            let oldest = may_go.min_by_key(|(_, begun)| begun.until).map(|(key, _)| *key);
            oldest.map(|key| book.remove(&key));
        }
        let until = now.plus_ms(CEREMONY_MS);
        book.insert(question.challenge(), Begun { question, purpose, network, until });
    }

    /// Takes the question of an answer out: whatever comes of it, it is not answered again.
    pub(crate) fn take(&self, challenge: u128, purpose: Purpose, now: Timestamp) -> Option<Question> {
        let begun = self.book().remove(&challenge)?;
        (begun.until > now && begun.purpose == purpose).then_some(begun.question)
    }
}

/// A handle by which passkeys name a person: random, so that it tells nothing of them.
pub(crate) fn make_handle() -> String {
    URL_SAFE_NO_PAD.encode(UserHandle64::new())
}

fn handle_of(text: &str) -> Option<UserHandle64> {
    let bytes: [u8; USER_HANDLE_MAX_LEN] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    UserHandle64::decode(bytes).ok()
}

fn descriptor(passkey: &Passkey) -> Option<PublicKeyCredentialDescriptor<Vec<u8>>> {
    let id = CredentialId::decode(URL_SAFE_NO_PAD.decode(&passkey.credential).ok()?).ok()?;
    let transports = AuthTransports::decode(passkey.transports).ok()?;
    Some(PublicKeyCredentialDescriptor { id, transports })
}

/// Asks for a new passkey: the question, and what the browser is told.
pub(crate) fn ask_to_add(
    place: &Place,
    (login, handle): (&str, &str),
    passkeys: &[Passkey],
) -> Option<(Question, String)> {
    let handle = handle_of(handle)?;
    let user = PublicKeyCredentialUserEntity::from(&handle);
    // A device that has one already is not given another.
    let others = passkeys.iter().filter_map(descriptor).collect();
    let mut options = PublicKeyCredentialCreationOptions::passkey(&place.rp, user, others);
    // Most phones and computers know no such protection, and would refuse to make a passkey where it is enforced.
    options.extensions.cred_protect =
        CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
    let (state, client) = options.start_ceremony().ok()?;
    let mut told = serde_json::to_value(&client).ok()?;
    // The crate takes names by a profile of PRECIS that not every login follows, and only passes them on.
    if let Some(user) = told.get_mut("user").and_then(Value::as_object_mut) {
        user.insert("name".to_owned(), json!(login));
        user.insert("displayName".to_owned(), json!(login));
    }
    Some((Question::Add(state), told.to_string()))
}

/// Asks for any passkey of this server's: nobody is named.
pub(crate) fn ask_alone(place: &Place) -> Option<(Question, String)> {
    let options = DiscoverableCredentialRequestOptions::passkey(&place.rp);
    let (state, client) = options.start_ceremony().ok()?;
    Some((Question::Alone(state), serde_json::to_string(&client).ok()?))
}

/// Asks for one of these passkeys.
pub(crate) fn ask_second(place: &Place, passkeys: &[Passkey]) -> Option<(Question, String)> {
    let mut allowed = AllowedCredentials::with_capacity(passkeys.len());
    for one in passkeys.iter().filter_map(descriptor) {
        allowed.push(one.into());
    }
    let mut options = NonDiscoverableCredentialRequestOptions::second_factor(&place.rp, allowed).ok()?;
    options.options().user_verification = UserVerificationRequirement::Required;
    let (state, client) = options.start_ceremony().ok()?;
    Some((Question::Second(state), serde_json::to_string(&client).ok()?))
}

/// A device's answer that adds a passkey.
pub(crate) struct Added(Registration);

impl Added {
    /// Reads what a page posted.
    pub(crate) fn read(answer: &str) -> Option<Self> {
        let fits = answer.len() <= ANSWER_BYTES;
        fits.then(|| Registration::from_json_relaxed(answer.as_bytes()).ok()).flatten().map(Self)
    }

    /// Which question it answers.
    pub(crate) fn challenge(&self) -> Option<u128> {
        self.0.challenge_relaxed().ok().map(|challenge| challenge.0)
    }

    /// The passkey, without number and name; `None` when the answer is not good.
    pub(crate) fn check(&self, question: Question, place: &Place, now: Timestamp) -> Option<Passkey> {
        let Question::Add(state) = question else { return None };
        let options = RegistrationVerificationOptions {
            allowed_origins: &[place.origin()],
            // What a browser adds unasked is not looked at.
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::<'_, '_, DomainOrigin<'_, '_>, DomainOrigin<'_, '_>>::default()
        };
        let found = state.verify(&place.rp, &self.0, &options).ok()?;
        let (Ok(key), Ok(state)) = (found.static_state().encode(), found.dynamic_state().encode());
        let Ok(transports) = found.transports().encode();
        Some(Passkey {
            id: 0,
            label: String::new(),
            credential: URL_SAFE_NO_PAD.encode(found.id()),
            transports,
            key: URL_SAFE_NO_PAD.encode(key),
            state: URL_SAFE_NO_PAD.encode(state),
            created_at: now,
            used_at: None,
            doubted_at: None,
        })
    }
}

/// Why an answer opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not good.
    Wrong,
    /// It is good, but the device counts backwards: there is a copy of it.
    Copied,
}

/// A device's answer that shows a passkey.
pub(crate) enum Proof {
    /// One that names its person.
    Alone(DiscoverableAuthentication64),
    /// One that need not.
    Second(NonDiscoverableAuthentication64),
}

impl Proof {
    /// Reads what a page posted.
    pub(crate) fn read(answer: &str, is_alone: bool) -> Option<Self> {
        let bytes = answer.as_bytes();
        match is_alone {
            _ if bytes.len() > ANSWER_BYTES => None,
            true => DiscoverableAuthentication64::from_json_relaxed(bytes).ok().map(Self::Alone),
            false => NonDiscoverableAuthentication64::from_json_relaxed(bytes).ok().map(Self::Second),
        }
    }

    /// Which question it answers.
    pub(crate) fn challenge(&self) -> Option<u128> {
        let challenge = match self {
            Self::Alone(given) => given.challenge_relaxed(),
            Self::Second(given) => given.challenge_relaxed(),
        };
        challenge.ok().map(|challenge| challenge.0)
    }

    /// Which passkey it is of, as it is kept.
    pub(crate) fn credential(&self) -> String {
        URL_SAFE_NO_PAD.encode(match self {
            Self::Alone(given) => given.raw_id(),
            Self::Second(given) => given.raw_id(),
        })
    }

    /// Whom it names.
    pub(crate) fn handle(&self) -> Option<String> {
        match self {
            Self::Alone(given) => Some(URL_SAFE_NO_PAD.encode(given.response().user_handle())),
            Self::Second(given) => {
                given.response().user_handle().map(|handle| URL_SAFE_NO_PAD.encode(handle))
            }
        }
    }

    /// Whether it answers the question with that passkey, which then remembers it.
    pub(crate) fn check(
        &self,
        question: Question,
        place: &Place,
        handle: &str,
        passkey: &mut Passkey,
    ) -> Result<(), Refusal> {
        let id = URL_SAFE_NO_PAD.decode(&passkey.credential).map_err(|_| Refusal::Wrong)?;
        let handle = handle_of(handle).ok_or(Refusal::Wrong)?;
        let (key, state) = kept(passkey).ok_or(Refusal::Wrong)?;
        let id = CredentialId::<&[u8]>::decode(&id).map_err(|_| Refusal::Wrong)?;
        let mut known = AuthenticatedCredential::new(id, &handle, key, state).map_err(|_| Refusal::Wrong)?;
        let options = AuthenticationVerificationOptions {
            allowed_origins: &[place.origin()],
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::<'_, '_, DomainOrigin<'_, '_>, DomainOrigin<'_, '_>>::default(
            )
        };
        let checked = match (question, self) {
            (Question::Alone(state), Self::Alone(given)) => {
                state.verify(&place.rp, given, &mut known, &options)
            }
            (Question::Second(state), Self::Second(given)) => {
                state.verify(&place.rp, given, &mut known, &options)
            }
            _ => return Err(Refusal::Wrong),
        };
        match checked {
            Ok(_) => {
                let Ok(state) = known.dynamic_state().encode();
                passkey.state = URL_SAFE_NO_PAD.encode(state);
                Ok(())
            }
            // It is looked at after the signature: only who holds the key comes this far.
            Err(AuthCeremonyErr::SignatureCounter) => Err(Refusal::Copied),
            Err(_) => Err(Refusal::Wrong),
        }
    }
}

/// What is kept of a passkey, as whoever checks it wants it.
fn kept(passkey: &Passkey) -> Option<(StaticState<Key>, DynamicState)> {
    let key = StaticState::decode(&URL_SAFE_NO_PAD.decode(&passkey.key).ok()?).ok()?;
    let state: [u8; 7] = URL_SAFE_NO_PAD.decode(&passkey.state).ok()?.try_into().ok()?;
    Some((key, DynamicState::decode(state).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign_in::sha256;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

    const NOON: Timestamp = Timestamp(1_000_000_000);
    const ORIGIN: &str = "https://mail.x.test:8189";
    const CALLED: &str = "mail.x.test:8189";
    /// The person is there, and has shown who they are.
    const SEEN: u8 = 0b0000_0101;
    const ADD: Purpose = Purpose::Add(Principal::System);

    fn place(called: &str) -> Option<Place> {
        Place::of(&"mail.x.test".parse().unwrap(), called)
    }

    /// A device that keeps one passkey, in software.
    struct Device {
        key: EcdsaKeyPair,
        id: [u8; 16],
        handle: String,
        count: u32,
    }

    impl Device {
        fn new(id: u8) -> Self {
            let random = SystemRandom::new();
            let kind = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let sealed = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            let key = EcdsaKeyPair::from_pkcs8(kind, sealed.as_ref(), &random).unwrap();
            Self { key, id: [id; 16], handle: String::new(), count: 0 }
        }

        fn client(kind: &str, told: &str, origin: &str) -> String {
            let told: Value = serde_json::from_str(told).unwrap();
            let challenge = told["challenge"].as_str().unwrap();
            json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string()
        }

        fn head(&mut self, flags: u8) -> Vec<u8> {
            self.count += 1;
            let mut head = sha256(b"mail.x.test").to_vec();
            head.push(flags);
            head.extend(self.count.to_be_bytes());
            head
        }

        fn posted(&self, response: &Value) -> String {
            let id = URL_SAFE_NO_PAD.encode(self.id);
            json!({"id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {}})
                .to_string()
        }

        /// Makes the passkey (WebAuthn §6.5, RFC 9052 for the key).
        fn make(&mut self, told: &str, origin: &str, flags: u8) -> String {
            let wished: Value = serde_json::from_str(told).unwrap();
            self.handle = wished["user"]["id"].as_str().unwrap().to_owned();
            let mut data = self.head(flags | 0x40);
            data.extend([0; 16]);
            data.extend([0, 16]);
            data.extend(self.id);
            let point = self.key.public_key().as_ref();
            data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
            data.extend(&point[1..33]);
            data.extend([0x22, 0x58, 32]);
            data.extend(&point[33..]);
            let mut whole = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
            whole.push(u8::try_from(data.len()).unwrap());
            whole.extend(data);
            let client = Self::client("webauthn.create", told, origin);
            self.posted(&json!({
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "attestationObject": URL_SAFE_NO_PAD.encode(whole),
                "transports": ["internal"],
            }))
        }

        /// Shows it.
        fn show(&mut self, told: &str, origin: &str, flags: u8) -> String {
            let client = Self::client("webauthn.get", told, origin);
            let data = self.head(flags);
            let signed = [&data[..], &sha256(client.as_bytes())].concat();
            let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
            self.posted(&json!({
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": self.handle,
            }))
        }
    }

    /// A device and what is kept of it.
    fn added(id: u8) -> (Device, Passkey) {
        let (mut device, handle, here) = (Device::new(id), make_handle(), place(CALLED).unwrap());
        let (question, told) = ask_to_add(&here, ("anne@x.test", &handle), &[]).unwrap();
        let answer = Added::read(&device.make(&told, ORIGIN, SEEN)).unwrap();
        assert_eq!(device.handle, handle);
        let passkey = answer.check(question, &here, NOON).unwrap();
        (device, passkey)
    }

    fn alone(device: &mut Device, passkey: &mut Passkey, origin: &str, flags: u8) -> Result<(), Refusal> {
        let here = place(CALLED).unwrap();
        let (question, told) = ask_alone(&here).unwrap();
        let proof = Proof::read(&device.show(&told, origin, flags), true).unwrap();
        assert_eq!(proof.handle().as_ref(), Some(&device.handle));
        proof.check(question, &here, &device.handle.clone(), passkey)
    }

    #[test]
    fn passkeys_work_under_the_own_name_alone() {
        for (called, works) in [
            ("mail.x.test", true),
            ("MAIL.x.test:8189", true),
            ("mail.x.test:", false),
            ("mail.x.test:65536", false),
            ("x.test", false),
            ("a.mail.x.test", false),
            ("192.0.2.1:8189", false),
            ("[2001:db8::1]:8189", false),
            ("", false),
        ] {
            assert_eq!(place(called).is_some(), works, "{called}");
        }
    }

    #[test]
    fn a_passkey_is_made_at_this_place_by_a_seen_person() {
        let here = place(CALLED).unwrap();
        for (origin, flags, taken) in [
            (ORIGIN, SEEN, true),
            (ORIGIN, 1, false),
            (ORIGIN, 4, false),
            ("https://mail.x.test", SEEN, false),
            ("http://mail.x.test:8189", SEEN, false),
            ("https://evil.test:8189", SEEN, false),
        ] {
            let mut device = Device::new(1);
            let (question, told) = ask_to_add(&here, ("anne@x.test", &make_handle()), &[]).unwrap();
            let answer = Added::read(&device.make(&told, origin, flags)).unwrap();
            assert_eq!(answer.check(question, &here, NOON).is_some(), taken, "{origin} {flags}");
        }
        let (_, passkey) = added(1);
        let (_, told) = ask_to_add(&here, ("a b@x.test", &make_handle()), &[passkey]).unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["user"]["name"], "a b@x.test");
        assert_eq!(told["excludeCredentials"][0]["id"], URL_SAFE_NO_PAD.encode([1; 16]));
        assert_eq!(told["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(told["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(told["extensions"]["enforceCredentialProtectionPolicy"], false, "most devices know none");
        assert_eq!((&told["rp"]["id"], &told["attestation"]), (&json!("mail.x.test"), &json!("none")));
    }

    #[test]
    fn a_passkey_opens_alone_and_for_its_person_only() {
        let (mut device, mut passkey) = added(1);
        let before = passkey.state.clone();
        assert_eq!(alone(&mut device, &mut passkey, ORIGIN, SEEN), Ok(()));
        assert_ne!(passkey.state, before, "its count is kept");
        assert_eq!(alone(&mut device, &mut passkey, "https://evil.test", SEEN), Err(Refusal::Wrong));
        assert_eq!(alone(&mut device, &mut passkey, ORIGIN, 1), Err(Refusal::Wrong), "nobody was seen");
        let (mut other, mut others) = added(2);
        assert_eq!(alone(&mut device, &mut others, ORIGIN, SEEN), Err(Refusal::Wrong));
        other.id = device.id;
        assert_eq!(alone(&mut other, &mut passkey, ORIGIN, SEEN), Err(Refusal::Wrong), "another key");
        let handle = std::mem::replace(&mut device.handle, make_handle());
        let here = place(CALLED).unwrap();
        let (question, told) = ask_alone(&here).unwrap();
        let proof = Proof::read(&device.show(&told, ORIGIN, SEEN), true).unwrap();
        assert_eq!(
            proof.check(question, &here, &handle, &mut passkey),
            Err(Refusal::Wrong),
            "another person"
        );
    }

    #[test]
    fn a_copy_of_a_device_is_known() {
        let (mut device, mut passkey) = added(1);
        device.count = 40;
        assert_eq!(alone(&mut device, &mut passkey, ORIGIN, SEEN), Ok(()));
        let state = passkey.state.clone();
        device.count = 20;
        assert_eq!(alone(&mut device, &mut passkey, ORIGIN, SEEN), Err(Refusal::Copied));
        assert_eq!(passkey.state, state);
        assert_eq!(alone(&mut device, &mut passkey, "https://evil.test", SEEN), Err(Refusal::Wrong));
        device.count = 41;
        assert_eq!(alone(&mut device, &mut passkey, ORIGIN, SEEN), Ok(()));
    }

    #[test]
    fn after_the_password_only_own_passkeys_are_asked_for() {
        let here = place(CALLED).unwrap();
        let (mut device, mut passkey) = added(1);
        let (mut other, mut others) = added(2);
        assert!(ask_second(&here, &[]).is_none());
        let (question, told) = ask_second(&here, std::slice::from_ref(&passkey)).unwrap();
        let wished: Value = serde_json::from_str(&told).unwrap();
        assert_eq!(wished["allowCredentials"].as_array().map(Vec::len), Some(1));
        assert_eq!(wished["userVerification"], "required");
        let proof = Proof::read(&device.show(&told, ORIGIN, SEEN), false).unwrap();
        assert_eq!(proof.check(question, &here, &device.handle, &mut passkey), Ok(()));
        let (question, told) = ask_second(&here, std::slice::from_ref(&passkey)).unwrap();
        let proof = Proof::read(&other.show(&told, ORIGIN, SEEN), false).unwrap();
        assert_eq!(proof.check(question, &here, &other.handle, &mut others), Err(Refusal::Wrong));
        // What answers one question answers no other kind.
        let (question, told) = ask_alone(&here).unwrap();
        let proof = Proof::read(&device.show(&told, ORIGIN, SEEN), false).unwrap();
        assert_eq!(proof.check(question, &here, &device.handle, &mut passkey), Err(Refusal::Wrong));
    }

    #[test]
    fn a_question_is_answered_once_in_time_and_for_its_purpose() {
        let (here, ceremonies) = (place(CALLED).unwrap(), Ceremonies::default());
        let from = |at: u8| Some(IpAddr::from([192, 0, 2, at]));
        let begin = |purpose, from, now| {
            let (question, _) = ask_alone(&here).unwrap();
            let challenge = question.challenge();
            ceremonies.begin(question, purpose, from, now);
            challenge
        };
        let one = begin(Purpose::Alone, from(1), NOON);
        assert!(ceremonies.take(one, Purpose::Alone, NOON.plus_ms(CEREMONY_MS - 1)).is_some());
        assert!(ceremonies.take(one, Purpose::Alone, NOON).is_none(), "it was answered");
        let late = begin(Purpose::Alone, from(1), NOON);
        assert!(ceremonies.take(late, Purpose::Alone, NOON.plus_ms(CEREMONY_MS)).is_none());
        let other = begin(Purpose::Second([1; 32]), from(1), NOON);
        assert!(ceremonies.take(other, Purpose::Second([2; 32]), NOON).is_none());
        assert!(ceremonies.take(other, Purpose::Second([1; 32]), NOON).is_none(), "it was tried");
        let first = begin(ADD, None, NOON);
        let second = begin(ADD, None, NOON);
        assert!(ceremonies.take(first, ADD, NOON).is_none(), "only the newest of a person stands");
        assert!(ceremonies.take(second, ADD, NOON).is_some());
        // A flood pushes out its own alone.
        let quiet = begin(Purpose::Alone, Some(IpAddr::from([198, 51, 100, 1])), NOON);
        for at in 0..200 {
            begin(Purpose::Alone, from(at), NOON.plus_ms(1));
        }
        assert_eq!(ceremonies.book().len(), CEREMONIES_OF_NETWORK + 1);
        assert!(ceremonies.take(quiet, Purpose::Alone, NOON.plus_ms(1)).is_some());
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for text in ["", "{}", "[]", "null", "{\"id\":\"AA\"}", "{\"rawId\":\"\u{0}\"}"] {
            assert!(Added::read(text).is_none() && Proof::read(text, true).is_none(), "{text}");
            assert!(Proof::read(text, false).is_none(), "{text}");
        }
        let (mut device, passkey) = added(1);
        let (_, told) = ask_alone(&place(CALLED).unwrap()).unwrap();
        let answer = device.show(&told, ORIGIN, SEEN);
        assert!(Proof::read(&answer, true).is_some() && Added::read(&answer).is_none());
        assert!(Proof::read(&format!("{answer}{}", " ".repeat(ANSWER_BYTES)), true).is_none(), "too long");
        assert!(kept(&Passkey { state: String::new(), ..passkey.clone() }).is_none());
        assert!(kept(&Passkey { key: "AAAA".to_owned(), ..passkey }).is_none());
    }
}
