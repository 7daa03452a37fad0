//! What this program reads that others wrote, each by itself: the doors of the fuzz targets. Nothing is done here with
//! what was read.

use crate::config::Config;
use crate::drop_folder;
use crate::sendmail::{letter, options};
use mail::{Address, Domain, Timestamp};
use std::io::{BufReader, Read as _};

/// Reads a configuration, and says whether it is one.
pub fn configuration(text: &str) -> bool {
    toml::from_str::<Config>(text).is_ok()
}

/// Reads the options of `sendmail`, and says whether they are understood.
pub fn sendmail_options(arguments: Vec<String>) -> bool {
    options::parse(arguments).is_ok()
}

/// Reads a content as `sendmail -t` does, and gives what would be handed over, with its recipients.
pub fn sendmail_letter(input: &[u8], author: &Address, host: &Domain) -> Option<(Vec<u8>, Vec<Address>)> {
    let content = letter::read(&mut BufReader::new(input), false).ok()?;
    let facts = letter::Facts {
        host: host.clone(),
        author: author.clone(),
        full_name: String::new(),
        now: Timestamp(0),
        message_id: None,
    };
    let made = letter::prepare(&content, &facts);
    Some((made.content, made.recipients))
}

/// Reads a file of the drop folder, and gives how many recipients and how many bytes of content it has.
pub fn dropped_file(file: &[u8]) -> Option<(usize, u64)> {
    let mut input = BufReader::new(file);
    let (envelope, bytes) = drop_folder::read_envelope(&mut input).ok()?;
    let mut content = Vec::new();
    input.take(bytes).read_to_end(&mut content).ok()?;
    Some((envelope.recipients.len(), content.len() as u64))
}
