//! Sequences that some server somewhere took for the end of a message (RFC 5321 §4.1.1.4 knows one only).

use serde::Deserialize;

/// A sequence, and the tool that tries it on servers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sequence {
    /// What it is called.
    pub name: String,
    /// Its bytes, two hexadecimal digits each.
    pub bytes_hex: String,
    /// Where it comes from.
    pub from_tool: String,
}

impl Sequence {
    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let pairs = self.bytes_hex.as_bytes().chunks_exact(2);
        pairs.filter_map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.last()?)?)).collect()
    }
}

/// All of them.
pub fn sequences() -> Result<Vec<Sequence>, serde_json::Error> {
    serde_json::from_str(include_str!("../../data/smuggling.json"))
}
