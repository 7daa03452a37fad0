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

/// The name of a value, in the reader's language where it is a word: `FILE`, `FICHIER`.
fn value(name: &str, phrases: &Phrases) -> String {
    let key = format!("value-{}", name.to_ascii_lowercase());
    let word = phrases.say(&key);
    if word == key { name.to_owned() } else { word }
}

/// Tells what the parser has to say: the help that was asked for, or what is wrong.
pub fn told(error: &clap::Error, reader: &Reader) -> Exit {
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
            output::warn(&trouble(error, reader).text(reader));
            Exit::Usage
        }
    }
}

/// What is wrong with the arguments, and what to do.
pub fn trouble(error: &clap::Error, reader: &Reader) -> Trouble {
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
    let meant = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let meant = meant.into_iter().filter_map(|kind| error.get(kind)).map(likeliest).next();
    let fix = match meant {
        Some(meant) => reader.phrases.fill("usage-meant", [("meant", meant.into())]),
        None => String::new(),
    };
    let help = reader.phrases.fill("usage-help", [("command", command_of(error).into())]);
    trouble.fix = format!("{fix} {help}").trim_start().to_owned();
    trouble
}

/// The command that was meant, as far as it was understood: what its usage begins with.
fn command_of(error: &clap::Error) -> String {
    let usage = error.get(ContextKind::Usage).map(written).unwrap_or_default();
    let words = usage.split_whitespace().skip_while(|word| *word != "facteur");
    let path = words.take_while(|word| !word.starts_with(['[', '<', '-']));
    let path: Vec<&str> = path.collect();
    if path.is_empty() { "facteur".to_owned() } else { path.join(" ") }
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
