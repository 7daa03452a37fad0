//! What can be typed becomes the operation that is meant, and what cannot is told so that it can be mended.

use super::arguments::Cli;
use super::failure::Failure;
use super::{as_called, help};
use crate::client::ClientError;
use crate::show::Reader;
use crate::words::phrases;
use clap::{CommandFactory as _, FromArgMatches as _};
use control::{Blame, Fault};
use jiff::tz::TimeZone;
use mail::{Language, Timestamp};
use std::ffi::OsString;
use std::sync::Arc;

fn reader(language: Language) -> Reader {
    Reader { phrases: Arc::new(phrases(language)), raw: false, zone: TimeZone::UTC, now: Timestamp(0) }
}

fn words(line: &str) -> Vec<OsString> {
    as_called(line.split_whitespace().map(OsString::from).collect())
}

fn parse(line: &str, language: Language) -> Result<Cli, clap::Error> {
    let matches = help::worded(&phrases(language)).try_get_matches_from(words(line))?;
    Cli::from_arg_matches(&matches)
}

/// What is read from a line, as Rust prints it: enough to see each value where it belongs.
#[track_caller]
fn check(line: &str, read: &[&str]) {
    let cli = parse(line, Language::En).unwrap_or_else(|error| panic!("{line}: {error}"));
    let text = format!("{cli:?}");
    for part in read {
        assert!(text.contains(part), "{line}: {part} is not in {text}");
    }
}

#[test]
fn the_arguments_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn lines_mean_what_they_say() {
    check("facteur status --json --data /d", &["Status", "json: true", "\"/d\""]);
    check("mailq", &["Mailq"]);
    check("/usr/bin/mailq -C /d", &["Mailq", "\"/d\""]);
    check("/usr/sbin/postqueue -p", &["print: true"]);
    check("postqueue -i 0123456789BC", &["id: Some(\"0123456789BC\")"]);
    check("/usr/sbin/sendmail -t", &["Sendmail", "\"-t\""]);
    check(
        "facteur --data /d sendmail -i -fa@b.test -- -x",
        &["\"/d\"", "\"-i\"", "\"-fa@b.test\"", "\"-x\""],
    );
    check("facteur postsuper -d ALL", &["Postsuper", "\"-d\", \"ALL\""]);
    check("newaliases", &["Newaliases"]);
    check(
        "facteur key add shop --of a@b.test --scope send --scope messages:read --days 9",
        &["[Send, MessagesRead]"],
    );
    check("facteur site add web --user www-data --sender *", &["user: [\"www-data\"]"]);
    check("facteur postqueue -j", &["lines: true"]);
    check("facteur queue", &["Queue { command: None }"]);
    check("facteur queue list --older-than 2h --state held", &["older_than: Some(7200)", "Some(Held)"]);
    check("facteur queue retry --relay gmail --cause auth_bad_credentials", &["Retry", "Some(\"gmail\")"]);
    check("facteur relay add gmail --user a@b.test", &["name: Some(\"gmail\")", "login: Some(\"a@b.test\")"]);
    check("facteur relay add x --host h.test --port 465 --tls implicit", &["Some(465)", "Some(Implicit)"]);
    check("facteur relay add x --host 127.0.0.1 --no-auth --tls never", &["no_auth: true", "Some(Never)"]);
    check("facteur relay password gmail --password-stdin", &["password_stdin: true"]);
    check("facteur site add p --network 10.0.0.0/8 --sender @b.test --sender *", &["Any"]);
    check("facteur route set gmail --domain b.test", &["relay: \"gmail\"", "b.test"]);
    check("facteur send a@b.test --to c@d.test", &["Send"]);
    check("facteur explain 535 5.7.8 no -- --text", &["\"535\", \"5.7.8\", \"no\", \"--text\""]);
    check("facteur why 0123456789BC --dialogue --lang fr", &["dialogue: true", "Some(Fr)"]);
}

/// A line that means nothing: part of the cause and of the fix, in both languages.
#[track_caller]
fn refused(line: &str, english: &str, french: &str) {
    for (language, part) in [(Language::En, english), (Language::Fr, french)] {
        let error = parse(line, language).expect_err(line);
        let text = help::trouble(&error, &words(line), &reader(language)).text(&reader(language));
        assert!(text.contains(part), "{line}: {text}");
        assert!(!text.contains("error:"), "{line}: {text}");
    }
}

#[test]
fn a_line_that_means_nothing_is_told_so_in_both_languages() {
    refused("facteur statuss", "no command “statuss”", "pas de commande «\u{a0}statuss\u{a0}»");
    refused("facteur statuss", "Did you mean status?", "Vouliez-vous dire status\u{a0}?");
    refused("facteur relay add x --hots h", "--hots is not known", "--hots n'est pas connu");
    refused("facteur relay add x --hots h", "facteur relay add --help", "facteur relay add --help");
    refused(
        "facteur relay add x --port ftp",
        "“ftp” is not a valid value",
        "n'est pas une valeur possible de",
    );
    refused("facteur relay add x --port ftp", "facteur relay add --help", "facteur relay add --help");
    refused("facteur relay add x --port ftp", "587", "sinon 587, puis 465, puis 2525");
    refused("facteur queue list --state asleep", "waiting, held", "waiting, held");
    refused("facteur account add b@c.test --undo never", "The seconds before", "Les secondes avant");
    refused("facteur relay test", "Something is missing: <NAME>", "Il manque quelque chose\u{a0}: <NOM>");
    refused("facteur route set gmail", "Something is missing", "Il manque quelque chose");
    refused("facteur relay add x --no-auth --login l", "do not go together", "ne vont pas ensemble");
    refused("facteur queue list --older-than soon", "“soon”", "«\u{a0}soon\u{a0}»");
    refused("facteur why", "<ID>", "<ID>");
    refused("postqueue -p -f", "do not go together", "ne vont pas ensemble");
}

#[test]
fn every_command_and_argument_has_its_help_in_both_languages() {
    for language in Language::ALL {
        assert_eq!(help::speechless(&phrases(language)), Vec::<String>::new(), "{language}");
    }
    let french = help::worded(&phrases(Language::Fr)).render_help().to_string();
    for part in
        ["Utilisation\u{a0}:", "Commandes\u{a0}:", "<RÉPERTOIRE>", "Codes de sortie", "Lancer le serveur"]
    {
        assert!(french.contains(part), "{part} is not in {french}");
    }
    let help_of = |line: &str| parse(line, Language::Fr).expect_err("the help").to_string();
    let (account, relay) = (help_of("facteur account add --help"), help_of("facteur relay add --help"));
    assert!(account.contains("<ADRESSE|@DOMAINE|*>") && account.contains("<SECONDES>"), "{account}");
    assert!(relay.contains("<auto|implicit|starttls|never>"), "{relay}");
    let french = format!("{french}{account}{relay}");
    for part in ["Usage", "Commands", "Print", "[default", "ADDRESS", "SECONDS"] {
        assert!(!french.contains(part), "{part} is in {french}");
    }
}

#[test]
fn a_failure_has_a_cause_a_fix_and_an_exit_code() {
    let missing = || Failure::from(Fault::about(Blame::Missing, "gmail"));
    let nowhere = || Failure::from(ClientError::NotInitialised { data: "/d".into() });
    for (failure, code, english, french) in [
        (missing(), 1, "no “gmail” here", "pas de «\u{a0}gmail\u{a0}» ici"),
        (Fault::about(Blame::Needed, "host").into(), 64, "--host", "--host"),
        (Fault::invalid("password", "< 8").into(), 65, "at least 8", "au moins 8"),
        (Fault::about(Blame::Missing, "login").into(), 1, "“login”", "«\u{a0}login\u{a0}»"),
        (nowhere(), 69, "facteur start", "facteur start"),
        (Failure::Usage("usage-all-needed", String::new()), 64, "--all", "--all"),
    ] {
        assert_eq!(failure.exit().code(), code, "{failure:?}");
        for (language, part) in [(Language::En, english), (Language::Fr, french)] {
            let trouble = failure.trouble(&reader(language)).unwrap();
            assert!(!trouble.fix.is_empty(), "{failure:?}");
            let text = trouble.text(&reader(language));
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
    assert!(Failure::NobodyReads.trouble(&reader(Language::En)).is_none());
}
