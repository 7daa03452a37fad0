//! `facteur export` and `facteur apply`: the configuration as a file.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use crate::client::ClientError;
use crate::config::ConfigError;
use crate::show::{self, Reader};
use clap::Args;
use control::{Answer, Blame, Declaration, Difference, Fault, Operation};
use mail::Secret;
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What stands for standard input in place of a file.
const STDIN: &str = "-";

/// What is to be written down, and where.
#[derive(Debug, Args)]
pub struct ExportArguments {
    #[arg(long)]
    with_secrets: bool,
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What is to be applied.
#[derive(Debug, Args)]
pub struct ApplyArguments {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long)]
    dry_run: bool,
}

/// Writes the configuration down.
pub async fn export(arguments: ExportArguments, console: &mut Console) -> Result<Exit, Failure> {
    if arguments.with_secrets && arguments.output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::Usage("usage-secrets-shown", String::new()));
    }
    // Before the data is opened: as root on a stopped server, this process then becomes the owner of the data.
    let file = arguments.output.as_deref().map(create).transpose()?;
    let operation = Operation::Export { secrets: arguments.with_secrets };
    let answer = console.perform(operation).await;
    if let (Err(_), Some(path)) = (&answer, &arguments.output) {
        // It was made a moment ago, and is empty.
        let _ = fs::remove_file(path);
    }
    let Answer::Exported { declaration } = answer? else { return Err(Failure::Unexpected) };
    let text = if console.json { show::json(&declaration) } else { written(&declaration, &console.reader)? };
    match (file, arguments.output) {
        (Some(mut file), Some(path)) => {
            let kept = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
            kept.map_err(|error| Failure::File(path.display().to_string(), error))?;
            Ok(Exit::Done)
        }
        // What goes into a file or a pipe is data, byte for byte.
        _ => output::print(&text).map(|()| Exit::Done),
    }
}

/// A new file that nobody else may read.
fn create(path: &Path) -> Result<fs::File, Failure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| Failure::File(path.display().to_string(), error))
}

fn written(declaration: &Declaration, reader: &Reader) -> Result<String, Failure> {
    let text = toml::to_string_pretty(declaration);
    let text = text.map_err(|error| Failure::System(io::Error::other(error)))?;
    Ok(format!("{}\n\n{text}", reader.phrases.say("export-head")))
}

/// Makes the server what a file says.
pub async fn apply(arguments: ApplyArguments, console: &mut Console) -> Result<Exit, Failure> {
    let declaration = read(&arguments.file)?;
    let dry_run = arguments.dry_run;
    let operation = Operation::Apply { declaration: Box::new(declaration), dry_run };
    let answer = console.perform(operation).await?;
    let Answer::Applied { differences, made, .. } = &answer else { return Err(Failure::Unexpected) };
    console.show(&answer, |reader| {
        let mut text = told(differences, dry_run, reader);
        for password in made {
            text += &format!("\n{}", show::password(password, reader));
        }
        text
    })
}

fn told(differences: &[Difference], dry_run: bool, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if differences.is_empty() {
        return format!("{}\n", phrases.say("apply-nothing"));
    }
    let mut text = String::new();
    for difference in differences {
        let sign = if difference.added { '+' } else { '~' };
        let fields = match difference.fields.as_slice() {
            [] => String::new(),
            fields => format!(" ({})", fields.join(", ")),
        };
        text += &format!("{sign} {} {}{fields}\n", difference.what, difference.name);
    }
    let key = if dry_run { "apply-would" } else { "apply-done" };
    text + &format!("{}\n", phrases.fill(key, [("count", differences.len().into())]))
}

fn read(path: &Path) -> Result<Declaration, Failure> {
    let unreadable = |path: &Path, error| Failure::File(path.display().to_string(), error);
    let text = if path == Path::new(STDIN) {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|error| unreadable(path, error))?;
    let mut declaration: Declaration = toml::from_str(&text).map_err(|error| {
        let invalid = ConfigError::Invalid { path: path.to_owned(), detail: error.to_string() };
        Failure::Client(ClientError::Config(invalid))
    })?;
    let beside = path.parent().unwrap_or(Path::new("."));
    let file = |name: &PathBuf| -> Result<Secret, Failure> {
        let path = beside.join(name);
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        Ok(Secret::new(text.lines().next().unwrap_or_default()))
    };
    let variable = |name: &str| -> Result<Secret, Failure> {
        let value = std::env::var(name).map_err(|_| Failure::from(Fault::about(Blame::Missing, name)))?;
        Ok(Secret::new(value))
    };
    declaration.fill_in(file, variable)?;
    Ok(declaration)
}
