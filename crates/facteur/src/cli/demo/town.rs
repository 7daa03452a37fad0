//! What a demonstration that stays has besides its scene: people, a town of mailboxes, a relay whose password is wrong, mail that
//! meets all of them, and a month of history.

use super::pretend::{FULL, GREYLISTING, ORANGE, Pretend, RIGHT_PASSWORD, WRONG_PASSWORD};
use crate::assembly::{Assembly, AssemblyError};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::client::{Client, ClientError};
use crate::place::Place;
use control::{AccountSpec, Answer, Caller, Operation, RelaySpec, Role, RouteFor, TestMail};
use mail::{Clock, Principal, RelayId, Secret, Timestamp};
use store::{
    AccountRole, Countable, Directory as _, EventKind, PrincipalKey, Statistics as _, Tally, principal_key,
};

/// What the server is called behind which the town lies.
pub(super) const NAME: &str = "relay.town.example";
/// The relay to the town.
const TOWN: &str = "town";
/// The relay whose password is wrong.
const OFFICE: &str = "office";
/// Who sends, each with the relay of their domain.
const PEOPLE: [(&str, &str); 2] = [("shop@shop.example", TOWN), ("paul@office.example", OFFICE)];
/// The mail that is there to be looked at: from whom, to whom, the key of the subject.
const MAIL: [(&str, &str, &str); 5] = [
    ("shop@shop.example", "lea@accepts.example", "demo-subject-order"),
    ("shop@shop.example", "nina@patience.example", "demo-subject-invoice"),
    ("shop@shop.example", "jean@full.example", "demo-subject-photos"),
    ("shop@shop.example", "marie@orange.example", "demo-subject-news"),
    ("paul@office.example", "lea@accepts.example", "demo-subject-minutes"),
];
/// How far the history goes back.
const DAYS: i64 = 30;
const HOUR_SECS: i64 = 3_600;
/// How much is sent in each hour of a day, in UTC.
const BUSY: [usize; 24] = [0, 0, 0, 0, 0, 1, 1, 3, 6, 8, 7, 6, 4, 5, 7, 7, 6, 4, 3, 2, 1, 1, 0, 0];
/// Where the mail of the history went, the more often the more often it stands here.
const DESTINATIONS: [&str; 8] = [
    "accepts.example",
    "gmail.com",
    "accepts.example",
    ORANGE,
    "gmail.com",
    GREYLISTING,
    FULL,
    "outlook.com",
];

/// Makes the people, the relays and the history, before the server runs.
pub(super) async fn prepare(
    place: &Place,
    (town, gmail): (&Pretend, &Pretend),
    console: &Console,
) -> Result<(), Failure> {
    let assembly = Assembly::open(place, console.language(), Vec::new(), None).await.map_err(of_assembly)?;
    let made = make(&assembly, (town, gmail)).await;
    assembly.close().await.map_err(ClientError::Store)?;
    made
}

async fn make(assembly: &Assembly, (town, gmail): (&Pretend, &Pretend)) -> Result<(), Failure> {
    let caller = Caller { name: "demo".to_owned(), role: Role::Administrator };
    let mut operations = Vec::new();
    let relays = [(TOWN, town, RIGHT_PASSWORD), (OFFICE, gmail, WRONG_PASSWORD)];
    for (name, server, password) in relays {
        operations.push(Operation::RelayAdd { relay: relay(name, server, password) });
    }
    for (login, relay) in PEOPLE {
        let account = AccountSpec {
            login: login.to_owned(),
            senders: Vec::new(),
            language: mail::Language::default(),
            undo_secs: 0,
            role: AccountRole::Person,
            password: None,
            owner: None,
        };
        operations.push(Operation::AccountAdd { account });
        let domain = login.split_once('@').and_then(|(_, domain)| domain.parse().ok());
        let scope = RouteFor::SenderDomain(domain.ok_or(Failure::Unexpected)?);
        operations.push(Operation::RouteSet { scope, relay: Some(relay.to_owned()) });
    }
    for operation in operations {
        assembly.control.perform(&caller, operation).await.map_err(ClientError::Fault)?;
    }
    let store = &assembly.store;
    let relays = store.relays().await.map_err(ClientError::Store)?;
    let accounts = store.accounts().await.map_err(ClientError::Store)?;
    let senders: Vec<(PrincipalKey, RelayId)> = PEOPLE
        .iter()
        .filter_map(|(login, relay)| {
            let account = accounts.iter().find(|account| account.login == *login)?;
            let relay = relays.iter().find(|known| known.name == *relay)?;
            Some((principal_key(Principal::Account(account.id)), relay.id))
        })
        .collect();
    store.add_counts(history(&senders, Clock::System.now())).await.map_err(ClientError::Store)?;
    Ok(())
}

fn relay(name: &str, server: &Pretend, password: &str) -> RelaySpec {
    RelaySpec {
        name: Some(name.to_owned()),
        host: Some(server.host.clone()),
        port: Some(server.port),
        extra_ca: Some(server.certificate.clone()),
        login: Some(format!("{name}@shop.example")),
        password: Some(Secret::new(password)),
        ..RelaySpec::default()
    }
}

/// A month of mail as it might have been: busy by day, quiet at weekends, with a morning on which a password was wrong.
fn history(senders: &[(PrincipalKey, RelayId)], now: Timestamp) -> Tally {
    let mut tally = Tally::default();
    let mut number = 0_usize;
    for hours_ago in 1..=DAYS * 24 {
        let at = now.plus_secs(-hours_ago * HOUR_SECS);
        let hour = usize::try_from(at.secs().div_euclid(HOUR_SECS).rem_euclid(24)).unwrap_or_default();
        // The first of January 1970 was a Thursday.
        let is_weekend = (at.secs().div_euclid(24 * HOUR_SECS) + 3).rem_euclid(7) >= 5;
        let usual = BUSY.get(hour).copied().unwrap_or_default();
        let mails = if is_weekend { usual / 3 } else { usual };
        let is_bad_morning = (24 * 12..24 * 12 + 4).contains(&hours_ago);
        for _ in 0..mails {
            number += 1;
            let sender = senders.get(number % senders.len().max(1));
            one(&mut tally, (number, at), sender, is_bad_morning);
        }
    }
    tally
}

/// One message of the history: what came of it follows from its number, so that every demonstration shows the same.
fn one(
    tally: &mut Tally,
    (number, at): (usize, Timestamp),
    sender: Option<&(PrincipalKey, RelayId)>,
    is_bad_morning: bool,
) {
    let domain = DESTINATIONS.get(number * 5 % DESTINATIONS.len()).copied().unwrap_or_default();
    let mut count = |kind, cause| {
        tally.count(&Countable {
            kind,
            at,
            principal: sender.map(|(principal, _)| *principal),
            relay: sender.map(|(_, relay)| *relay).filter(|_| kind != EventKind::Accepted),
            cause,
            domains: vec![domain.to_owned()],
        });
    };
    count(EventKind::Accepted, None);
    if is_bad_morning {
        count(EventKind::Deferred, Some("auth_bad_credentials"));
    }
    match (domain, number % 9) {
        (GREYLISTING, _) => count(EventKind::Deferred, Some("greylisted")),
        (FULL, 0..=5) => return count(EventKind::Failed, Some("recipient_mailbox_full")),
        (ORANGE, 0..=1) => return count(EventKind::Failed, Some("ip_blocked_by_provider")),
        (_, 7) if number % 4 == 0 => return count(EventKind::Failed, Some("recipient_unknown")),
        _ => {}
    }
    count(EventKind::Delivered, None);
}

/// Sends the mail that is there to be looked at, and says where to look.
pub(super) async fn open(client: &mut Client, console: &Console) -> Result<(), Failure> {
    let phrases = &console.reader.phrases;
    for (from, to, subject) in MAIL {
        let address = |text: &str| text.parse().map_err(|_| Failure::Unexpected);
        let mail = TestMail {
            from: address(from)?,
            to: vec![address(to)?],
            subject: phrases.say(subject),
            text: phrases.say("send-text"),
        };
        client.perform(Operation::Send { mail }).await?;
    }
    let Answer::PortalLink { code, ports, .. } = client.perform(Operation::PortalLink).await? else {
        return Err(Failure::Unexpected);
    };
    let port = ports.first().ok_or(Failure::Unexpected)?;
    let link = format!("https://localhost:{port}/sign-in/link/{code}");
    let told = phrases.fill("demo-stay", [("days", DAYS.into()), ("link", link.into())]);
    output::print(&format!("\n{told}\n"))
}

fn of_assembly(error: AssemblyError) -> Failure {
    Failure::Start(error.into())
}
