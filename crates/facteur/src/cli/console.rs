//! What every command has: who reads, where the server is, how to print and to ask.

use super::arguments::Global;
use super::failure::{Exit, Failure};
use super::output;
use crate::client::Client;
use crate::place::Place;
use crate::show::{Reader, json};
use control::{Answer, Operation};
use mail::{Clock, Language};
use serde::Serialize;

/// A command's surroundings.
pub struct Console {
    /// Who reads.
    pub reader: Reader,
    /// Where the server is.
    pub place: Place,
    /// Whether a program reads.
    pub json: bool,
}

impl Console {
    /// The surroundings that the arguments ask for.
    pub fn new(global: &Global, reader: Reader) -> Self {
        Self { reader, place: Place::find(global.data.as_deref()), json: global.json }
    }

    /// The surroundings of a program that has no arguments of ours.
    pub const fn of(place: Place, reader: Reader) -> Self {
        Self { reader, place, json: false }
    }

    /// The reader's language.
    pub fn language(&self) -> Language {
        self.reader.language()
    }

    /// A way to the server, for a command that asks more than once.
    pub async fn reach(&self) -> Result<Client, Failure> {
        Ok(Client::reach(&self.place, self.language()).await?)
    }

    /// Asks for one operation. What is shown of its answer is as of now.
    pub async fn perform(&mut self, operation: Operation) -> Result<Answer, Failure> {
        let mut client = self.reach().await?;
        let answer = client.perform(operation).await;
        // What was asked for is done, or not, by now: a store that closes badly is for the log.
        if let Err(error) = client.close().await {
            tracing::error!(%error, "the data was not closed in order");
        }
        self.reader.now = Clock::System.now();
        Ok(answer?)
    }

    /// Prints text.
    pub fn print(&self, text: &str) -> Result<Exit, Failure> {
        output::print(text)?;
        Ok(Exit::Done)
    }

    /// Prints data as JSON when a program reads, else its text.
    pub fn show<T: Serialize + ?Sized>(
        &self,
        data: &T,
        text: impl FnOnce(&Reader) -> String,
    ) -> Result<Exit, Failure> {
        if self.json { self.print(&json(data)) } else { self.print(&text(&self.reader)) }
    }

    /// Says a sentence.
    pub fn say(&self, key: &str) -> Result<Exit, Failure> {
        self.print(&format!("{}\n", self.reader.phrases.say(key)))
    }

    /// Tells of a failure, and gives its exit code.
    pub fn fail(&self, failure: Failure) -> Exit {
        if let Some(trouble) = failure.trouble(&self.reader) {
            output::warn(&trouble.text(&self.reader));
        }
        failure.exit()
    }
}
