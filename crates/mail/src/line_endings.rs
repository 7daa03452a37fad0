//! What is done with line ends that are none.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What is done with a CR or LF that stands alone in what a program sends (RFC 5321 §2.3.8 allows CR LF only).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEndings {
    /// It is refused: what ends a line for one server and not for the next can hide a second message.
    #[default]
    Strict,
    /// It becomes CR LF: for a program that writes LF alone and cannot be changed. A message ends by CR LF `.` CR LF all
    /// the same.
    Repair,
}

/// A text that names no way to treat line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line endings are strict or repair")]
pub struct LineEndingsError;

impl LineEndings {
    /// Whether this is the default, which need not be said.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        *self == Self::Strict
    }

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Repair => "repair",
        }
    }
}

impl fmt::Display for LineEndings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for LineEndings {
    type Err = LineEndingsError;

    fn from_str(text: &str) -> Result<Self, LineEndingsError> {
        [Self::Strict, Self::Repair].into_iter().find(|known| known.as_str() == text).ok_or(LineEndingsError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_written_as_it_is_read() {
        for (way, word) in [(LineEndings::Strict, "strict"), (LineEndings::Repair, "repair")] {
            assert_eq!((way.to_string().as_str(), word.parse()), (word, Ok(way)));
            assert_eq!(serde_json::to_value(way).unwrap(), word);
            assert_eq!(way.is_strict(), way == LineEndings::default());
        }
        for wrong in ["", "Strict", "lenient"] {
            let error = wrong.parse::<LineEndings>().unwrap_err();
            assert_eq!(error.to_string(), "line endings are strict or repair");
        }
    }
}
