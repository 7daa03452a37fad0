//! The form of a dialogue file: cases that begin with `=== name`, a word and a colon on each line.

use std::path::Path;

/// One dialogue.
pub struct Case {
    /// `file: name`, for messages.
    pub name: String,
    /// The lines: keyword and text.
    pub lines: Vec<(String, String)>,
}

/// All dialogues of the files whose name begins like that.
pub fn cases(prefix: &str) -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        if stem.starts_with(prefix) {
            read(&stem, &std::fs::read_to_string(&file).unwrap(), &mut cases);
        }
    }
    cases
}

fn read(stem: &str, text: &str, cases: &mut Vec<Case>) {
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push(Case { name: format!("{stem}: {name}"), lines: Vec::new() });
            continue;
        }
        let (word, text) = line.split_once(' ').unwrap_or((line, ""));
        cases.last_mut().unwrap().lines.push((word.to_owned(), text.to_owned()));
    }
}

/// The bytes that a line stands for: `\r \n \t \\ \xHH`, and `{a*300}` for 300 times `a`.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '\\' {
            let (byte, length) = match rest.as_bytes()[0] {
                b'r' => (b'\r', 1),
                b'n' => (b'\n', 1),
                b't' => (b'\t', 1),
                b'\\' => (b'\\', 1),
                _ => (u8::from_str_radix(&rest[1..3], 16).unwrap(), 3),
            };
            out.push(byte);
            rest = &rest[length..];
        } else if c == '{' {
            let (inner, after) = rest.split_once('}').unwrap();
            let (what, count) = inner.split_once('*').unwrap();
            out.extend(bytes(what).repeat(count.parse().unwrap()));
            rest = after;
        } else {
            out.extend(c.to_string().as_bytes());
        }
    }
    out
}
