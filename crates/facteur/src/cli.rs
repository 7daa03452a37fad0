//! The command line: a thin face of [`control`], one module a command.
//!
//! A command turns its arguments into an operation, and the answer into text by [`crate::show`]. It adds nothing of its
//! own: what can be done here can be done by whoever else speaks to `control`.

mod account;
mod arguments;
mod backup;
mod block;
mod check;
mod console;
mod declaration;
mod demo;
mod discover;
mod domain;
mod explain;
mod failure;
mod front;
mod help;
mod key;
mod mailq;
pub mod output;
mod parse;
mod password;
mod portal;
mod publish;
mod queue;
mod reader;
mod relay;
mod route;
mod secrets;
mod send;
mod setup;
mod sign_in;
mod site;
mod start;
mod stats;
mod status;
mod undo;
mod webhook;
mod why;

pub use console::Console;
pub use failure::{Exit, Failure};
pub use mailq::{flush as postfix_flush, list as postfix_list};

use crate::panics;
use crate::place::Place;
use crate::sendmail::Program;
use arguments::{Cli, Command};
use clap::FromArgMatches as _;
use net::Inherited;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

/// Names of Postfix's programs: called by one of them, facteur does what that program does.
const OTHER_NAMES: &[&str] = &["mailq", "postqueue", "sendmail", "newaliases", "postsuper"];

/// Runs the program as it was called, and gives its exit code.
pub fn run() -> ExitCode {
    panics::tell_places_only();
    let arguments = as_called(std::env::args_os().collect());
    let reader = reader::of(&arguments, |name| std::env::var(name).ok());
    // The options of these are older than any rule that the others follow.
    if let Some(program) = arguments.get(1).and_then(|name| name.to_str().and_then(Program::of)) {
        let written = |argument: &OsString| argument.to_string_lossy().into_owned();
        let arguments = arguments.iter().skip(2).map(written).collect();
        return ExitCode::from(Exit::code(run_program(program, arguments, reader)));
    }
    let command = help::worded(&reader.phrases);
    let parsed = command.try_get_matches_from(&arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => ExitCode::from(Exit::code(dispatch(cli, reader))),
        Err(error) => ExitCode::from(Exit::code(help::told(&error, &arguments, &reader))),
    }
}

/// The arguments, with the name under which the program was called as its first command: `mailq` is `facteur mailq`.
fn as_called(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let name = arguments.first().and_then(|path| Path::new(path).file_name()).map(OsString::from);
    if let Some(name) = name.filter(|name| OTHER_NAMES.iter().any(|other| name == *other)) {
        arguments.insert(1, name);
    }
    arguments
}

fn run_program(program: Program, arguments: Vec<String>, reader: crate::show::Reader) -> Exit {
    // One thread is enough: the program blocks while the server works.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let mut console = Console::of(Place::find_for_all(None), reader);
            let done = runtime.block_on(program.run(arguments, &mut console));
            done.unwrap_or_else(|failure| console.fail(failure))
        }
        Err(_) => Exit::Temporary,
    }
}

fn dispatch(cli: Cli, reader: crate::show::Reader) -> Exit {
    let mut console = Console::new(&cli.global, reader);
    // The environment is changed while there is one thread.
    let inherited = Inherited::from_env();
    if matches!(cli.command, Command::Start) {
        return start::start(inherited, &console).unwrap_or_else(|failure| console.fail(failure));
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return console.fail(Failure::System(error)),
    };
    let done = runtime.block_on(perform(cli.command, &mut console));
    // A prompt or a look-up that still waits must not hold the program.
    runtime.shutdown_background();
    match done {
        Ok(exit) => exit,
        Err(failure) => console.fail(failure),
    }
}

async fn perform(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        // Not here: the server starts its own runtime, later.
        Command::Start => Ok(Exit::Usage),
        Command::Export(arguments) => declaration::export(arguments, console).await,
        Command::Apply(arguments) => declaration::apply(arguments, console).await,
        Command::Backup(arguments) => backup::backup(arguments, console).await,
        Command::Check => check::check(console).await,
        Command::Restore(arguments) => backup::restore(&arguments, console),
        Command::Secrets { command } => secrets::run(command, console).await,
        Command::Setup(arguments) => setup::setup(arguments, console).await,
        Command::Init(arguments) => start::init(arguments, console).await,
        Command::Status => status::status(console).await,
        Command::Account { command } => account::run(command, console).await,
        Command::Site { command } => site::run(command, console).await,
        Command::Domain { command } => domain::run(command, console).await,
        Command::Relay { command } => relay::run(command, console).await,
        Command::Route { command } => route::run(command, console).await,
        Command::Queue { command } => queue::run(command, console).await,
        Command::Stats(arguments) => stats::stats(arguments, console).await,
        Command::Webhook { command } => webhook::run(command, console).await,
        Command::Portal { command } => portal::run(command, console).await,
        Command::Key { command } => key::run(command, console).await,
        Command::SignIn { command } => sign_in::run(command, console).await,
        Command::Undo(arguments) => undo::undo(arguments, console).await,
        Command::Why(arguments) => why::why(&arguments, console).await,
        Command::Send(arguments) => send::send(arguments, console).await,
        Command::Explain(arguments) => explain::explain(&arguments, console),
        Command::Discover(arguments) => discover::discover(&arguments, console).await,
        Command::Mailq(arguments) => mailq::mailq(arguments, console).await,
        Command::Postqueue(arguments) => mailq::postqueue(arguments, console).await,
        Command::Sendmail(old) => Program::Sendmail.run(old.words, console).await,
        Command::Newaliases(old) => Program::Newaliases.run(old.words, console).await,
        Command::Postsuper(old) => Program::Postsuper.run(old.words, console).await,
        Command::Demo(arguments) => demo::demo(arguments, console).await,
    }
}

#[cfg(test)]
mod tests;
