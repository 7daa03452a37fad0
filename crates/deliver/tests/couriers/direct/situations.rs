//! What the DNS says × what the hosts say: one line a situation.

use crate::direct::host::{Unlike, World};
use deliver::direct::{Delivery, Try};
use explain::Place;
use mail::Evidence;

/// Situation, zone, hosts, recipients, what becomes of each and what was tried.
#[rustfmt::skip] // One line a situation.
const SITUATIONS: &[(&str, &str, &str, &str, &str)] = &[
    // Healthy hosts: the order is that of the DNS.
    ("one host", ONE, "127.0.0.1", "a", "a taken by 127.0.0.1 <- 1 ok"),
    ("the better of two", TWO, "127.0.0.1|127.0.0.2", "a", "a taken by 127.0.0.1 <- 1 ok"),
    ("the implicit host", "x.example A 127.0.0.3", "127.0.0.3", "a", "a taken by 127.0.0.3 <- 3 ok"),
    ("two recipients", ONE, "127.0.0.1", "a b", "a taken by 127.0.0.1, b taken by 127.0.0.1 <- 1 ok"),
    ("an alias", "x.example MX 1 y.example/y.example CNAME z.example/z.example A 127.0.0.1", "127.0.0.1", "a", "a taken by 127.0.0.1 <- 1 ok"),
    ("IPv6 first, but nobody there", "x.example MX 1 y.example/y.example AAAA ::1/y.example A 127.0.0.1", "127.0.0.1", "a", "a taken by 127.0.0.1 <- ::1 connect, 1 ok"),
    ("HELO only", ONE, "127.0.0.1: ehlo 502 what", "a", "a taken by 127.0.0.1 <- 1 ok"),
    // A host that cannot be spoken to: the next one.
    ("the first is closed", TWO, "127.0.0.1: closed|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 connect, 2 ok"),
    ("one address of the first is closed", "x.example MX 1 y.example/y.example A 127.0.0.4/y.example A 127.0.0.5", "127.0.0.5", "a", "a taken by 127.0.0.5 <- 4 connect, 5 ok"),
    ("the first refuses in its greeting", TWO, "127.0.0.1: greeting 554 5.3.2 not here|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 greeting 554, 2 ok"),
    ("the first is busy", TWO, "127.0.0.1: greeting 421 4.3.2 busy|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 greeting 421, 2 ok"),
    ("the first hangs up at once", TWO, "127.0.0.1: greeting drop|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 greeting, 2 ok"),
    ("the first speaks no SMTP", TWO, "127.0.0.1: greeting HTTP/1.1 200 OK|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 greeting, 2 ok"),
    ("the first hangs up at EHLO", TWO, "127.0.0.1: ehlo drop|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 ehlo, 2 ok"),
    ("the first wants no EHLO now", TWO, "127.0.0.1: ehlo 451 4.3.0 no|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 ehlo 451, 2 ok"),
    ("the first knows neither EHLO nor HELO", TWO, "127.0.0.1: ehlo 500 no; helo 500 no|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 ehlo 500, 2 ok"),
    // A host that declines for now: the next one.
    ("the first declines the sender", TWO, "127.0.0.1: mail 451 4.7.1 later|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 mail 451, 2 ok"),
    ("the first closes at MAIL", TWO, "127.0.0.1: mail 421 4.7.0 too many|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 mail 421, 2 ok"),
    ("the first is cut at MAIL", TWO, "127.0.0.1: mail drop|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 mail, 2 ok"),
    ("the first declines the recipient", TWO, "127.0.0.1: rcpt 450 4.2.0 greylisted|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 rcpt 450, 2 ok"),
    ("the first declines the content", TWO, "127.0.0.1: data 451 4.3.0 no|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 data 451, 2 ok"),
    ("the first declines at the end", TWO, "127.0.0.1: end 452 4.3.1 full|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 end_of_data 452, 2 ok"),
    ("the first is cut at DATA", TWO, "127.0.0.1: data drop|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 data, 2 ok"),
    // A host that refuses for good: no other is asked.
    ("an unknown recipient", TWO, "127.0.0.1: rcpt 550 5.1.1 no such user|127.0.0.2", "a", "a bounced rcpt 550 <- 1 rcpt 550"),
    ("a refused sender", TWO, "127.0.0.1: mail 550 5.7.1 blocked|127.0.0.2", "a", "a bounced mail 550 <- 1 mail 550"),
    ("a refused content", TWO, "127.0.0.1: end 554 5.7.1 spam|127.0.0.2", "a", "a bounced end_of_data 554 <- 1 end_of_data 554"),
    ("a letter too large", TWO, "127.0.0.1: ehlo 250-host\n250 SIZE 10|127.0.0.2", "a", "a bounced mail <- 1 mail"),
    // Each recipient for itself.
    ("one is unknown", TWO, "127.0.0.1: rcpt:b 550 5.1.1 no|127.0.0.2", "a b c", "a taken by 127.0.0.1, b bounced rcpt 550, c taken by 127.0.0.1 <- 1 rcpt 550"),
    ("one is declined", TWO, "127.0.0.1: rcpt:b 450 4.2.1 no|127.0.0.2", "a b", "a taken by 127.0.0.1, b taken by 127.0.0.2 <- 1 rcpt 450, 2 ok"),
    ("one is declined and one unknown", TWO, "127.0.0.1: rcpt:b 450 4.2.1 no; rcpt:c 550 5.1.1 no|127.0.0.2", "a b c", "a taken by 127.0.0.1, b taken by 127.0.0.2, c bounced rcpt 550 <- 1 rcpt 450, 2 ok"),
    ("one is declined everywhere", TWO, "127.0.0.1: rcpt:b 450 4.2.1 no|127.0.0.2: rcpt:b 451 4.2.1 no", "a b", "a taken by 127.0.0.1, b waits rcpt 451 <- 1 rcpt 450, 2 rcpt 451"),
    // Nobody takes it: the most telling failure is kept, and it is no bounce.
    ("both are closed", TWO, "127.0.0.1: closed", "a", "a waits connect <- 1 connect, 2 connect"),
    ("both refuse in the greeting", TWO, "127.0.0.1: greeting 554 5.7.1 no|127.0.0.2: greeting 554 5.7.1 no", "a", "a waits greeting 554 <- 1 greeting 554, 2 greeting 554"),
    ("greylisted, then closed", TWO, "127.0.0.1: rcpt 451 4.7.1 greylisted", "a", "a waits rcpt 451 <- 1 rcpt 451, 2 connect"),
    ("closed, then greylisted", TWO, "127.0.0.1: closed|127.0.0.2: rcpt 451 4.7.1 greylisted", "a", "a waits rcpt 451 <- 1 connect, 2 rcpt 451"),
    ("declined by one, refused by the other", TWO, "127.0.0.1: rcpt 450 4.2.0 later|127.0.0.2: rcpt 550 5.1.1 no", "a", "a bounced rcpt 550 <- 1 rcpt 450, 2 rcpt 550"),
    // The reply to the end is lost: the host may have the letter, and no other gets it now.
    ("cut at the end", TWO, "127.0.0.1: end drop|127.0.0.2", "a", "a waits end_of_data <- 1 end_of_data"),
    ("closed at the end", TWO, "127.0.0.1: end 421 4.3.2 closing|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 end_of_data 421, 2 ok"),
    // TLS wherever it goes.
    ("TLS", ONE, "127.0.0.1: starttls ok", "a", "a taken by 127.0.0.1 with TLS <- 1 ok"),
    ("a broken handshake", ONE, "127.0.0.1: starttls broken", "a", "a taken by 127.0.0.1 <- 1 tls, 1 ok"),
    ("STARTTLS declined", ONE, "127.0.0.1: starttls 454 4.7.0 no", "a", "a taken by 127.0.0.1 <- 1 start_tls 454, 1 ok"),
    ("STARTTLS refused", ONE, "127.0.0.1: starttls 502 5.5.1 what", "a", "a taken by 127.0.0.1 <- 1 start_tls 502, 1 ok"),
    ("STARTTLS cuts", ONE, "127.0.0.1: starttls drop", "a", "a taken by 127.0.0.1 <- 1 start_tls, 1 ok"),
    ("a broken handshake, and refused without", TWO, "127.0.0.1: starttls broken; rcpt 550 5.7.1 TLS only|127.0.0.2", "a", "a bounced rcpt 550 <- 1 tls, 1 rcpt 550"),
    ("mute under TLS", TWO, "127.0.0.1: starttls ok; ehlo-tls drop|127.0.0.2", "a", "a taken by 127.0.0.2 <- 1 ehlo, 2 ok"),
    // The DNS: what is final, and what is not.
    ("no such domain", "y.example A 127.0.0.1", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("a no to everything", "com * !nxdomain", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("no data at all", "x.example TXT here", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("null MX", "x.example MX 0 ./x.example A 127.0.0.1", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("SERVFAIL", "x.example MX !servfail/x.example A 127.0.0.1", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("REFUSED", "x.example MX !refused/x.example A 127.0.0.1", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("no answer", "x.example * !timeout", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("a nonsense answer", "x.example MX !malformed", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("aliases that go round", "x.example CNAME y.example/y.example CNAME x.example", "127.0.0.1", "a", "a waits resolve <- resolve"),
    ("an address for a host", "x.example MX 1 127.0.0.1", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("localhost for a host", "x.example MX 1 localhost", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("the first host is unanswered", "x.example MX 1 s.example/s.example * !servfail/x.example MX 2 b.example/b.example A 127.0.0.2", "127.0.0.2", "a", "a taken by 127.0.0.2 <- 2 ok"),
    ("the only host is unanswered", "x.example MX 1 s.example/s.example * !timeout", "", "a", "a waits resolve <- resolve"),
    ("the first host does not exist", "x.example MX 1 n.example/x.example MX 2 b.example/b.example A 127.0.0.2", "127.0.0.2", "a", "a taken by 127.0.0.2 <- 2 ok"),
    ("a forbidden address", "x.example MX 1 y.example/y.example A 10.0.0.1", "", "a", "a bounced resolve <- resolve"),
    ("a forbidden address, and a good one", "x.example MX 1 y.example/y.example A 10.0.0.1/x.example MX 2 b.example/b.example A 127.0.0.2", "127.0.0.2", "a", "a taken by 127.0.0.2 <- 2 ok"),
    ("we are the host", "x.example MX 1 us.example/us.example A 127.0.0.1", "127.0.0.1", "a", "a bounced resolve <- resolve"),
    ("we are the second host", "x.example MX 1 a.example/a.example A 127.0.0.1/x.example MX 2 y.example/y.example A 127.9.9.9/x.example MX 3 b.example/b.example A 127.0.0.2", "127.0.0.1: closed|127.0.0.2", "a", "a waits connect <- 1 connect"),
];

const ONE: &str = "x.example MX 10 a.example/a.example A 127.0.0.1";
const TWO: &str =
    "x.example MX 10 a.example/a.example A 127.0.0.1/x.example MX 20 b.example/b.example A 127.0.0.2";

fn show_evidence(evidence: &Evidence) -> String {
    let stage = serde_json::to_value(evidence.stage).unwrap().as_str().unwrap().to_owned();
    evidence.reply().map_or(stage.clone(), |reply| format!("{stage} {}", reply.code))
}

fn show_try(tried: &Try) -> String {
    let address = tried.peer.as_ref().and_then(|peer| peer.address);
    let address = address.map(|ip| ip.to_string().replace("127.0.0.", "") + " ").unwrap_or_default();
    let what = tried.evidence.as_ref().map_or_else(|| "ok".to_owned(), |evidence| show_evidence(evidence));
    format!("{address}{what}")
}

fn show(world: &World, locals: &str, delivery: &Delivery) -> String {
    let taken = world.log.taken.lock().unwrap();
    let fates = locals.split(' ').zip(&delivery.carried.results).map(|(local, result)| {
        let by: Vec<_> = taken.iter().filter(|taken| taken.recipients.iter().any(|r| r == local)).collect();
        match (result, by.as_slice()) {
            (Ok(_), [one]) => {
                let tls = if one.tls { " with TLS" } else { "" };
                format!("{local} taken by {}{tls}", one.host)
            }
            (Err(evidence), []) => {
                let verdict = explain::judge(evidence, Place::Direct);
                let fate = if verdict.effect.is_final() { "bounced" } else { "waits" };
                format!("{local} {fate} {}", show_evidence(evidence))
            }
            (result, by) => format!("{local} has {result:?} and is with {by:?}"),
        }
    });
    let fates: Vec<String> = fates.collect();
    let tries: Vec<String> = delivery.tries.iter().map(show_try).collect();
    format!("{} <- {}", fates.join(", "), tries.join(", "))
}

#[tokio::test]
async fn situations() {
    let mut wrong = Vec::new();
    for (name, zone, hosts, locals, expected) in SITUATIONS {
        let world = World::new(zone, hosts, Unlike::default()).await;
        let delivery = world.carry("x.example", locals).await;
        let shown = show(&world, locals, &delivery);
        let failed = delivery.tries.iter().any(|tried| tried.evidence.is_some());
        let story = delivery.carried.dialogue.is_some() == failed;
        if shown != *expected || !story {
            wrong
                .push(format!("{name}\n  is     {shown}\n  should {expected}\n  the story is told: {story}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
