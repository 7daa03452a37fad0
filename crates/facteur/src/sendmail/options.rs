//! The options of `sendmail`, as its callers of forty years write them: joined or apart, in clusters, half of them without
//! meaning today (Postfix sendmail(1), Exim's specification, msmtp(1)).

use mail::{BodyType, Notify, Returned, xtext};
use std::iter::Peekable;
use std::vec::IntoIter;

/// What the program is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Send what comes on standard input.
    Send,
    /// Speak SMTP on standard input and output.
    Smtp,
    /// Say of each recipient whether mail for it is taken, and send nothing.
    Verify,
    /// Print the queue.
    List,
    /// Try again what waits.
    Flush(Flush),
    /// Check the aliases.
    Aliases,
    /// Nothing: the host status that some mailers keep is not kept here.
    Nothing,
}

/// What is to be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flush {
    /// All.
    All,
    /// The message with that id.
    Id(String),
    /// What goes to that domain.
    Site(String),
}

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What to do.
    pub mode: Mode,
    /// Recipients are read from the header (`-t`).
    pub reads_header: bool,
    /// A line with nothing but a dot is content (`-i`).
    pub keeps_dots: bool,
    /// Something is said about what is done (`-v`).
    pub verbose: bool,
    /// The envelope sender (`-f`, `-r`).
    pub sender: Option<String>,
    /// The sender's full name (`-F`).
    pub full_name: Option<String>,
    /// When the sender wants to hear of it (`-N`).
    pub notify: Option<Notify>,
    /// How much of the message goes back (`-R`).
    pub ret: Option<Returned>,
    /// The sender's name for the envelope (`-V`), as the xtext of the ENVID parameter.
    pub envid: Option<String>,
    /// How the content is declared (`-B`).
    pub body: Option<BodyType>,
    /// The data directory (`-C`), where Postfix is told its configuration.
    pub data: Option<String>,
    /// The recipients on the line, as written.
    pub recipients: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: Mode::Send,
            reads_header: false,
            keeps_dots: false,
            verbose: false,
            sender: None,
            full_name: None,
            notify: None,
            ret: None,
            envid: None,
            body: None,
            data: None,
            recipients: Vec::new(),
        }
    }
}

/// Why a line means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// There is no such option.
    #[error("no option {0}")]
    Unknown(String),
    /// An option's value is missing.
    #[error("{0} wants a value")]
    NoValue(String),
    /// An option's value is not one of those that it takes.
    #[error("{0}: '{1}'")]
    Value(String, String),
    /// The server is started otherwise.
    #[error("{0} would start a server")]
    Daemon(String),
    /// What is asked for cannot be promised, and must not be sent without it.
    #[error("{0} cannot be promised")]
    Unsupported(String),
}

/// Options without a value that mean nothing here: what they were for is always so, or never.
const IGNORED: &str = "Gmnxc";
/// Options with a value that means nothing here.
const IGNORED_WITH_VALUE: &str = "AhLXpe";
/// The longest envelope name (RFC 3461 §4.4), as xtext.
const ENVID_BYTES: usize = 100;

/// Reads a line, without the program's name.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Options, OptionError> {
    let mut options = Options::default();
    let mut left = arguments.into_iter().collect::<Vec<_>>().into_iter().peekable();
    while let Some(argument) = left.next() {
        match argument.strip_prefix('-') {
            // Getopt stops at the first operand; so did every sendmail, and PHP's users rely on it the other way
            // round: options behind a recipient are read, as glibc does.
            None | Some("") => options.recipients.push(argument),
            Some("-") => options.recipients.extend(left.by_ref()),
            Some(long) if long.starts_with('-') => return Err(OptionError::Unknown(argument)),
            Some(cluster) => read_cluster(cluster, &mut left, &mut options)?,
        }
    }
    Ok(options)
}

/// Reads `-it`, `-fa@b.test`, `-oi`: flags, then perhaps one option with its value.
fn read_cluster(
    cluster: &str,
    left: &mut Peekable<IntoIter<String>>,
    options: &mut Options,
) -> Result<(), OptionError> {
    for (at, letter) in cluster.char_indices() {
        let joined = cluster.get(at + letter.len_utf8()..).unwrap_or_default();
        match letter {
            't' => options.reads_header = true,
            'i' => options.keeps_dots = true,
            'v' => options.verbose = true,
            'U' => {}
            'I' => options.mode = Mode::Aliases,
            letter if IGNORED.contains(letter) => {}
            // `-q` and `-d` take a value only when it is joined.
            'q' => return read_queue(joined, options),
            'd' => return Ok(()),
            letter if "BCFNORVbfors".contains(letter) || IGNORED_WITH_VALUE.contains(letter) => {
                let name = format!("-{letter}");
                let value = match joined {
                    "" => left.next().ok_or(OptionError::NoValue(name.clone()))?,
                    joined => joined.to_owned(),
                };
                return read_value(&name, letter, value, options);
            }
            letter => return Err(OptionError::Unknown(format!("-{letter}"))),
        }
    }
    Ok(())
}

fn read_value(name: &str, letter: char, value: String, options: &mut Options) -> Result<(), OptionError> {
    let refused = |value: &str| Err(OptionError::Value(name.to_owned(), value.to_owned()));
    match letter {
        'f' | 'r' => options.sender = Some(value),
        'F' => options.full_name = Some(value),
        'C' => options.data = Some(value),
        'b' => options.mode = read_mode(&value)?,
        'o' => read_old(&value, options),
        'O' => return read_new(&value),
        'N' => match read_notify(&value) {
            Some(notify) => options.notify = Some(notify),
            None => return refused(&value),
        },
        'R' => match value.to_ascii_lowercase().as_str() {
            "full" => options.ret = Some(Returned::Full),
            "hdrs" => options.ret = Some(Returned::Headers),
            _ => return refused(&value),
        },
        'B' => match value.to_ascii_uppercase().as_str() {
            "7BIT" => options.body = Some(BodyType::SevenBit),
            "8BITMIME" => options.body = Some(BodyType::EightBitMime),
            _ => return refused(&value),
        },
        'V' => match envid(&value) {
            Some(envid) => options.envid = Some(envid),
            None => return refused(&value),
        },
        // `-s` is no option of sendmail; mail(1) has it, and calls that meant mail(1) must not send nonsense.
        's' => return Err(OptionError::Unknown(name.to_owned())),
        _ => {}
    }
    Ok(())
}

fn read_mode(value: &str) -> Result<Mode, OptionError> {
    Ok(match value {
        "m" => Mode::Send,
        "s" => Mode::Smtp,
        "v" => Mode::Verify,
        "p" => Mode::List,
        "i" => Mode::Aliases,
        "h" | "H" => Mode::Nothing,
        "d" | "D" | "l" => return Err(OptionError::Daemon(format!("-b{value}"))),
        other => return Err(OptionError::Unknown(format!("-b{other}"))),
    })
}

/// `-oi`, `-oem`, `-o7`: of these only `-oi` says something that is not so already.
fn read_old(value: &str, options: &mut Options) {
    if value == "i" {
        options.keeps_dots = true;
    }
}

/// `-O option=value`. A message that must not go without REQUIRETLS (RFC 8689) must not go at all: nothing here can
/// promise it beyond the next server. Any other option has no meaning here.
fn read_new(value: &str) -> Result<(), OptionError> {
    let (option, asked) = value.split_once('=').unwrap_or((value, "yes"));
    let wanted = !matches!(asked.to_ascii_lowercase().as_str(), "no" | "false" | "off" | "0");
    if option.eq_ignore_ascii_case("requiretls") && wanted {
        return Err(OptionError::Unsupported(format!("-O {value}")));
    }
    Ok(())
}

/// `-q`, `-qIid`, `-qRsite`. An interval would be that of a server.
fn read_queue(joined: &str, options: &mut Options) -> Result<(), OptionError> {
    let flush = match (joined.chars().next(), joined.get(1..)) {
        (None, _) => Flush::All,
        (Some('I'), Some(id)) if !id.is_empty() => Flush::Id(id.to_owned()),
        (Some('R'), Some(site)) if !site.is_empty() => Flush::Site(site.to_owned()),
        (Some('I' | 'R'), _) => return Err(OptionError::NoValue(format!("-q{joined}"))),
        (Some(first), _) if first.is_ascii_digit() => {
            return Err(OptionError::Daemon(format!("-q{joined}")));
        }
        _ => return Err(OptionError::Unknown(format!("-q{joined}"))),
    };
    options.mode = Mode::Flush(flush);
    Ok(())
}

fn read_notify(value: &str) -> Option<Notify> {
    if value.eq_ignore_ascii_case("never") {
        return Some(Notify::NEVER);
    }
    let mut notify = Notify::NEVER;
    for word in value.split(',') {
        match word.trim().to_ascii_lowercase().as_str() {
            "success" => notify.success = true,
            "failure" => notify.failure = true,
            "delay" => notify.delay = true,
            _ => return None,
        }
    }
    Some(notify)
}

/// A name for an envelope, printable and not too long (RFC 3461 §4.4).
fn envid(text: &str) -> Option<String> {
    let printable = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    printable.then(|| xtext::encode(text)).filter(|made| made.len() <= ENVID_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Options, OptionError> {
        parse(line.split_whitespace().map(|word| word.replace('~', " ")))
    }

    /// A line (with `~` for a space inside a word) and what differs from a line without options.
    #[track_caller]
    fn check(line: &str, change: impl FnOnce(&mut Options)) {
        let mut expected = Options::default();
        change(&mut expected);
        assert_eq!(read(line), Ok(expected), "{line}");
    }

    fn to(addresses: &[&str]) -> Vec<String> {
        addresses.iter().map(|address| (*address).to_owned()).collect()
    }

    #[test]
    fn the_lines_of_known_callers_mean_what_they_meant() {
        // Debian's cron, PHP's default sendmail_path, git send-email, mailutils, bsd-mailx, Ruby, Django, WordPress.
        check("-FCronDaemon -i -B8BITMIME -oem root", |o| {
            o.full_name = Some("CronDaemon".into());
            o.keeps_dots = true;
            o.body = Some(BodyType::EightBitMime);
            o.recipients = to(&["root"]);
        });
        check("-t -i", |o| (o.reads_header, o.keeps_dots) = (true, true));
        check("-t -i -fwww@a.test", |o| {
            (o.reads_header, o.keeps_dots) = (true, true);
            o.sender = Some("www@a.test".into());
        });
        check("-i a@b.test c@d.test", |o| {
            o.keeps_dots = true;
            o.recipients = to(&["a@b.test", "c@d.test"]);
        });
        check("-oi -f a@b.test -t", |o| {
            (o.reads_header, o.keeps_dots) = (true, true);
            o.sender = Some("a@b.test".into());
        });
        check("-i -t -f~a@b.test", |o| {
            (o.reads_header, o.keeps_dots) = (true, true);
            o.sender = Some(" a@b.test".into());
        });
        check("-i -- -odd@b.test", |o| {
            o.keeps_dots = true;
            o.recipients = to(&["-odd@b.test"]);
        });
        check("-bs", |o| o.mode = Mode::Smtp);
        check("-bp", |o| o.mode = Mode::List);
        check("-bv root", |o| {
            o.mode = Mode::Verify;
            o.recipients = to(&["root"]);
        });
        check("-bi", |o| o.mode = Mode::Aliases);
        check("-I", |o| o.mode = Mode::Aliases);
        check("-bm a@b.test", |o| o.recipients = to(&["a@b.test"]));
    }

    #[test]
    fn values_stand_joined_or_apart_and_flags_in_clusters() {
        for line in ["-ti", "-it", "-i -t", "-t -oi", "-tGmnxUi", "-ti --"] {
            check(line, |o| (o.reads_header, o.keeps_dots) = (true, true));
        }
        for line in ["-fx@y.test", "-f x@y.test", "-rx@y.test", "-r x@y.test"] {
            check(line, |o| o.sender = Some("x@y.test".into()));
        }
        check("-if x@y.test r@s.test -v", |o| {
            (o.keeps_dots, o.verbose) = (true, true);
            o.sender = Some("x@y.test".into());
            o.recipients = to(&["r@s.test"]);
        });
        check("-F Full~Name -fx", |o| {
            o.full_name = Some("Full Name".into());
            o.sender = Some("x".into());
        });
        for line in ["-C /d", "-C/d"] {
            check(line, |o| o.data = Some("/d".into()));
        }
        // The null sender has two spellings.
        assert_eq!(parse(["-f".into(), String::new()]).unwrap().sender.as_deref(), Some(""));
        check("-f <>", |o| o.sender = Some("<>".into()));
    }

    #[test]
    fn what_is_asked_of_notices_is_read() {
        let notify = |success, failure, delay| Some(Notify { success, failure, delay });
        check("-N never", |o| o.notify = notify(false, false, false));
        check("-Nfailure,delay", |o| o.notify = notify(false, true, true));
        check("-N SUCCESS,Failure", |o| o.notify = notify(true, true, false));
        check("-R hdrs", |o| o.ret = Some(Returned::Headers));
        check("-RFULL", |o| o.ret = Some(Returned::Full));
        check("-V id-1", |o| o.envid = Some("id-1".into()));
        check("-V a+b=c~d", |o| o.envid = Some("a+2Bb+3Dc+20d".into()));
        check("-B7bit", |o| o.body = Some(BodyType::SevenBit));
    }

    #[test]
    fn the_queue_is_tried_again() {
        check("-q", |o| o.mode = Mode::Flush(Flush::All));
        check("-qI0123456789BC", |o| o.mode = Mode::Flush(Flush::Id("0123456789BC".into())));
        check("-qRb.test", |o| o.mode = Mode::Flush(Flush::Site("b.test".into())));
    }

    #[test]
    fn options_without_a_meaning_are_passed_over() {
        for option in [
            "-Am",
            "-Ac",
            "-G",
            "-h 5",
            "-L tag",
            "-m",
            "-n",
            "-U",
            "-x",
            "-oem",
            "-oee",
            "-oep",
            "-oeq",
            "-oew",
            "-odb",
            "-odi",
            "-om",
            "-o7",
            "-o8",
            "-oxv",
            "-O opt=val",
            "-O smtputf8=no",
            "-O requiretls=no",
            "-X /dev/null",
            "-em",
            "-p smtp:here",
            "-d0.1",
        ] {
            check(&format!("{option} a@b.test"), |o| o.recipients = to(&["a@b.test"]));
        }
        for mode in ["-bh", "-bH"] {
            check(mode, |o| o.mode = Mode::Nothing);
        }
    }

    #[test]
    fn what_means_nothing_is_named() {
        let unknown = |option: &str| OptionError::Unknown(option.into());
        let value = |option: &str, value: &str| OptionError::Value(option.into(), value.into());
        for (line, error) in [
            ("-Z", unknown("-Z")),
            ("-iZ", unknown("-Z")),
            ("--help", unknown("--help")),
            ("-s subject", unknown("-s")),
            ("-bz", unknown("-bz")),
            ("-f", OptionError::NoValue("-f".into())),
            ("-ti -F", OptionError::NoValue("-F".into())),
            ("-qI", OptionError::NoValue("-qI".into())),
            ("-N sometimes", value("-N", "sometimes")),
            ("-N never,success", value("-N", "never,success")),
            ("-R all", value("-R", "all")),
            ("-B9BIT", value("-B", "9BIT")),
            ("-V é", value("-V", "é")),
            ("-bd -q30m", OptionError::Daemon("-bd".into())),
            ("-q30m", OptionError::Daemon("-q30m".into())),
            ("-qz", unknown("-qz")),
            ("-O requiretls=yes", OptionError::Unsupported("-O requiretls=yes".into())),
        ] {
            assert_eq!(read(line), Err(error), "{line}");
        }
        let long = "x".repeat(ENVID_BYTES + 1);
        assert_eq!(read(&format!("-V {long}")), Err(value("-V", &long)));
    }

    proptest! {
        #[test]
        fn no_line_panics(words in proptest::collection::vec("-?[a-zA-Zé=0-9]{0,4}", 0..6)) {
            let _ = parse(words);
        }
    }
}
