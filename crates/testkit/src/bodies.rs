//! Bodies in which line ends, dots and commands are frequent.

use crate::chance::Chance;

/// A body of up to two dozen pieces.
pub fn at_random(chance: &mut Chance) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"\r\n",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b".",
        b".",
        b"..",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"a",
        b"QUIT\r\n",
        b"MAIL FROM:<evil@b.test>\r\n",
        b"\xe9",
    ];
    (0..chance.below(24)).filter_map(|_| chance.of(&PIECES)).flat_map(|piece| piece.iter().copied()).collect()
}

/// The same body with no line end but CR LF.
pub fn with_whole_line_ends(body: &[u8]) -> Vec<u8> {
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    let lines = text.split("\r\n").map(|line| line.replace(['\r', '\n'], ""));
    lines.collect::<Vec<_>>().join("\r\n").chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

/// Whether every line ends with CR LF, and no CR or LF stands alone.
pub fn has_whole_line_ends(body: &[u8]) -> bool {
    with_whole_line_ends(body) == body
}
