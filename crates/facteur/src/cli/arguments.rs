//! What can be typed. The sentences of the help are not here: [`super::help`] puts them in, in the reader's language.

use super::{
    account, backup, declaration, demo, discover, domain, explain, key, mailq, portal, queue, relay, route,
    secrets, send, setup, sign_in, site, start, stats, undo, webhook, why,
};
use clap::{ArgAction, Args, Parser, Subcommand};
use mail::Language;
use std::path::PathBuf;

/// The whole line.
#[derive(Debug, Parser)]
#[command(
    name = "facteur",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Looked for by [`super::reader`] before all else; here so that it is known, and a wrong one refused.
    #[arg(long, global = true, value_name = "fr|en")]
    lang: Option<Language>,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Of a program whose options are older than any rule that ours follow; [`crate::sendmail`] reads them.
#[derive(Debug, Args)]
pub struct OldArguments {
    #[arg(value_name = "OPTION|ADDRESS", trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    Setup(setup::Arguments),
    Start,
    Init(start::InitArguments),
    Status,
    Account {
        #[command(subcommand)]
        command: account::Command,
    },
    Site {
        #[command(subcommand)]
        command: site::Command,
    },
    Domain {
        #[command(subcommand)]
        command: domain::Command,
    },
    Relay {
        #[command(subcommand)]
        command: relay::Command,
    },
    Route {
        #[command(subcommand)]
        command: route::Command,
    },
    Queue {
        #[command(subcommand)]
        command: Option<queue::Command>,
    },
    Stats(stats::Arguments),
    Webhook {
        #[command(subcommand)]
        command: webhook::Command,
    },
    Portal {
        #[command(subcommand)]
        command: portal::Command,
    },
    Key {
        #[command(subcommand)]
        command: key::Command,
    },
    SignIn {
        #[command(subcommand)]
        command: sign_in::Command,
    },
    Undo(undo::Arguments),
    Why(why::Arguments),
    Send(send::Arguments),
    Explain(explain::Arguments),
    Discover(discover::Arguments),
    Mailq(mailq::MailqArguments),
    Postqueue(mailq::PostqueueArguments),
    Export(declaration::ExportArguments),
    Apply(declaration::ApplyArguments),
    Backup(backup::BackupArguments),
    Restore(backup::RestoreArguments),
    Secrets {
        #[command(subcommand)]
        command: secrets::Command,
    },
    Check,
    Sendmail(OldArguments),
    Newaliases(OldArguments),
    Postsuper(OldArguments),
    Demo(demo::Arguments),
}
