//! The help and the complaints of the argument parser, in the reader's language.
//!
//! The sentences of a command are kept under `help-` and its path (`help-facteur-relay-add`), those of its arguments
//! beside them under the argument's name, those that many commands share beside `help-common`.

use super::arguments::Cli;
use super::failure::Exit;
use super::output;
use crate::show::{Reader, Trouble};
use crate::words::{Gap, Phrases};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};
use std::ffi::OsString;

/// The key of the words that commands share.
const COMMON: &str = "help-common";

/// The arguments, with their help in the language of these phrases.
pub fn worded(phrases: &Phrases) -> Command {
    of_command(Cli::command(), "help-facteur", phrases)
}

fn of_command(command: Command, key: &str, phrases: &Phrases) -> Command {
    let usage = phrases.say("help-usage");
    let template = format!("{{about}}\n\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}");
    let command = command
        .about(phrases.say(key))
        .help_template(template)
        .subcommand_help_heading(phrases.say("help-commands"))
        .subcommand_value_name(phrases.say("help-command"))
        .mut_args(|argument| of_argument(argument, key, phrases))
        .mut_subcommands(|sub| {
            let key = format!("{key}-{}", sub.get_name());
            of_command(sub, &key, phrases)
        });
    match phrases.beside(key, "epilogue", []) {
        Some(epilogue) => command.after_help(epilogue),
        None => command,
    }
}

/// The sentence of an argument: the command's own, else the shared one.
fn sentence(argument: &str, key: &str, phrases: &Phrases) -> Option<String> {
    phrases.beside(key, argument, []).or_else(|| phrases.beside(COMMON, argument, []))
}

fn of_argument(argument: Arg, key: &str, phrases: &Phrases) -> Arg {
    let help = sentence(argument.get_id().as_str(), key, phrases).unwrap_or_default();
    let heading = if argument.is_positional() {
        "help-arguments"
    } else if argument.is_global_set() {
        "help-everywhere"
    } else {
        "help-options"
    };
    let argument = argument.help(help).help_heading(phrases.say(heading));
    let name = argument.get_value_names().and_then(|names| names.first()).map(|name| value(name, phrases));
    match name {
        Some(name) => argument.value_name(name),
        None => argument,
    }
}

/// The name of a value, in the reader's language where it is made of words: `FILE` is `FICHIER`, `ADDRESS|@DOMAIN` is
/// `ADRESSE|@DOMAINE`. What is typed as it stands, in small letters, stays.
fn value(name: &str, phrases: &Phrases) -> String {
    let part = |part: &str| {
        let (mark, word) = part.strip_prefix('@').map_or(("", part), |word| ("@", word));
        let key = format!("value-{}", word.to_ascii_lowercase());
        let said = phrases.say(&key);
        if said == key || !is_word(word) { part.to_owned() } else { format!("{mark}{said}") }
    };
    name.split('|').map(part).collect::<Vec<_>>().join("|")
}

/// Whether a part of a value's name stands for something, and is not typed as it is.
fn is_word(part: &str) -> bool {
    part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Tells what the parser has to say: the help that was asked for, or what is wrong.
pub fn told(error: &clap::Error, line: &[OsString], reader: &Reader) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match output::print(&error.to_string()) {
            Ok(()) => Exit::Done,
            Err(failure) => failure.exit(),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output::warn(&error.to_string());
            Exit::Usage
        }
        _ => {
            output::warn(&trouble(error, line, reader).text(reader));
            Exit::Usage
        }
    }
}

/// What is wrong with the arguments of this command line, and what to do.
pub fn trouble(error: &clap::Error, line: &[OsString], reader: &Reader) -> Trouble {
    let of = |kind| error.get(kind).map(written).unwrap_or_default();
    let argument = || ("argument", of(ContextKind::InvalidArg).into());
    let (key, gaps): (&str, Vec<Gap<'_>>) = match error.kind() {
        ErrorKind::UnknownArgument => ("usage-unknown-argument", vec![argument()]),
        ErrorKind::InvalidSubcommand => {
            ("usage-unknown-command", vec![("command", of(ContextKind::InvalidSubcommand).into())])
        }
        ErrorKind::InvalidValue if of(ContextKind::InvalidValue).is_empty() => {
            ("usage-no-value", vec![argument()])
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            ("usage-invalid-value", vec![argument(), ("value", of(ContextKind::InvalidValue).into())])
        }
        ErrorKind::ArgumentConflict => {
            ("usage-conflict", vec![argument(), ("other", of(ContextKind::PriorArg).into())])
        }
        ErrorKind::MissingRequiredArgument => ("usage-missing", vec![argument()]),
        ErrorKind::MissingSubcommand => ("usage-no-command", Vec::new()),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => ("usage-no-value", vec![argument()]),
        ErrorKind::TooManyValues => ("usage-too-many-values", vec![argument()]),
        ErrorKind::InvalidUtf8 => ("usage-not-text", Vec::new()),
        _ => ("usage-other", Vec::new()),
    };
    let mut trouble = Trouble::of(key, &gaps, reader);
    let meant = Meant::by(line);
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested = suggested.into_iter().filter_map(|kind| error.get(kind)).map(likeliest).next();
    let fix = match suggested {
        Some(suggested) => reader.phrases.fill("usage-meant", [("meant", suggested.into())]),
        None => meant.expected(&of(ContextKind::InvalidArg), reader).unwrap_or_default(),
    };
    let help = reader.phrases.fill("usage-help", [("command", meant.path.into())]);
    trouble.fix = format!("{fix} {help}").trim_start().to_owned();
    trouble
}

/// The command that a line means, as far as it can be followed.
struct Meant {
    command: Command,
    /// What is typed to reach it: `facteur relay add`.
    path: String,
    /// The key of its words.
    key: String,
}

impl Meant {
    /// Follows the words of a line down the tree of commands. The value of an option may have the name of a command;
    /// then the help that is named is another command's, which is the worst that can happen.
    fn by(line: &[OsString]) -> Self {
        let root = Cli::command();
        let mut meant =
            Self { path: root.get_name().to_owned(), key: "help-facteur".to_owned(), command: root };
        for word in line.iter().skip(1).filter_map(|word| word.to_str()) {
            if let Some(next) = meant.command.find_subcommand(word).cloned() {
                meant.path = format!("{} {word}", meant.path);
                meant.key = format!("{}-{word}", meant.key);
                meant.command = next;
            }
        }
        meant
    }

    /// The sentence that says what an argument takes; the parser names it as its usage does: `--port <PORT>`.
    fn expected(&self, named: &str, reader: &Reader) -> Option<String> {
        let name = named.split([' ', '=']).next().unwrap_or_default().trim_matches(['<', '>', '[', ']', '.']);
        let is_named = |argument: &&Arg| match (name.strip_prefix("--"), argument.get_long()) {
            (Some(long), Some(own)) => long == own,
            (None, None) => argument
                .get_value_names()
                .and_then(<[_]>::first)
                .is_some_and(|own| value(own, &reader.phrases) == name),
            _ => false,
        };
        let argument = self.command.get_arguments().find(is_named)?;
        let says = sentence(argument.get_id().as_str(), &self.key, &reader.phrases)?;
        Some(
            reader
                .phrases
                .fill("usage-expected", [("argument", named.to_owned().into()), ("says", says.into())]),
        )
    }
}

/// The best of several guesses: the parser puts it last.
fn likeliest(guess: &ContextValue) -> String {
    match guess {
        ContextValue::Strings(texts) => texts.last().cloned().unwrap_or_default(),
        one => written(one),
    }
}

fn written(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The arguments without a sentence, by key: for the test that there are none.
#[cfg(test)]
pub fn speechless(phrases: &Phrases) -> Vec<String> {
    fn look(command: &Command, key: &str, phrases: &Phrases, missing: &mut Vec<String>) {
        if phrases.say(key) == key {
            missing.push(key.to_owned());
        }
        for argument in command.get_arguments() {
            if sentence(argument.get_id().as_str(), key, phrases).is_none() {
                missing.push(format!("{key}.{}", argument.get_id()));
            }
        }
        for sub in command.get_subcommands() {
            look(sub, &format!("{key}-{}", sub.get_name()), phrases, missing);
        }
    }
    let mut missing = Vec::new();
    look(&Cli::command(), "help-facteur", phrases, &mut missing);
    missing
}
