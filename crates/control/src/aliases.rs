//! The file of aliases, as every Unix has it (aliases(5)): names of local users, and who gets their mail.
//!
//! Pure: it takes text and returns what the text means, and what in it means nothing here. Commands and files as
//! targets are refused: nothing is run and nothing is written for a message.

use mail::{Address, mailboxes};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// How deep aliases may lead to aliases.
const DEPTH: usize = 50;
/// The most addresses that one name may stand for.
pub const MEMBERS: usize = 10_000;

/// Who gets the mail of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// Another local name, in lower case.
    Name(String),
    /// The user of that name itself, and no alias of it (`\root`).
    User,
    /// An address.
    Address(Address),
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasFault {
    /// There is no `name:` at its beginning.
    NoName,
    /// The name was given before; the first one holds.
    Twice,
    /// A target is a command.
    Command,
    /// A target is a file to write to.
    File,
    /// An included list cannot be read.
    Unreadable,
    /// A list includes another one.
    Nested,
    /// A target is no address.
    NotAnAddress,
    /// The name stands for more than [`MEMBERS`] targets.
    TooMany,
}

/// A part of the file that means nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: AliasFault,
    /// The name or the target.
    pub what: String,
}

/// All aliases.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    names: HashMap<String, Vec<Target>>,
    includes: Vec<PathBuf>,
}

/// What a file says, and what in it says nothing.
pub type Parsed = (Aliases, Vec<Problem>);

/// Reads a file's text; `include` gives the text of a list that is included.
pub fn parse(text: &str, include: &dyn Fn(&Path) -> Option<String>) -> Parsed {
    let mut reader = Reader { aliases: Aliases::default(), problems: Vec::new(), include, line: 0 };
    let mut entry: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
        match &mut entry {
            // An empty line or a comment does not end an entry that goes on behind it (aliases(5)).
            _ if blank => {}
            Some((_, written)) if line.starts_with([' ', '\t']) => {
                written.push(' ');
                written.push_str(line.trim());
            }
            _ => {
                if let Some((number, written)) = entry.replace((number, line.trim_end().to_owned())) {
                    reader.entry(number, &written);
                }
            }
        }
    }
    if let Some((number, written)) = entry {
        reader.entry(number, &written);
    }
    (reader.aliases, reader.problems)
}

struct Reader<'a> {
    aliases: Aliases,
    problems: Vec<Problem>,
    include: &'a dyn Fn(&Path) -> Option<String>,
    line: usize,
}

impl Reader<'_> {
    fn problem(&mut self, fault: AliasFault, what: &str) {
        self.problems.push(Problem { line: self.line, fault, what: what.to_owned() });
    }

    fn entry(&mut self, line: usize, text: &str) {
        self.line = line;
        let pieces = pieces(text, ':');
        let name = pieces.first().map(|name| unquoted(name.trim()).to_lowercase()).unwrap_or_default();
        let valid = !name.is_empty() && !text.starts_with([' ', '\t']) && pieces.len() > 1;
        if !valid {
            return self.problem(AliasFault::NoName, text.trim());
        }
        if self.aliases.names.contains_key(&name) {
            return self.problem(AliasFault::Twice, &name);
        }
        let list = text.get(pieces.first().map_or(0, |name| name.len() + 1)..).unwrap_or_default();
        let mut targets = Vec::new();
        self.list(list, false, &mut targets);
        if targets.len() > MEMBERS {
            targets.truncate(MEMBERS);
            self.problem(AliasFault::TooMany, &name);
        }
        self.aliases.names.insert(name, targets);
    }

    fn list(&mut self, text: &str, included: bool, targets: &mut Vec<Target>) {
        for piece in pieces(text, ',') {
            let piece = piece.trim();
            if !piece.is_empty() {
                self.target(piece, included, targets);
            }
        }
    }

    fn target(&mut self, piece: &str, included: bool, targets: &mut Vec<Target>) {
        let bare = unquoted(piece);
        if bare.starts_with('|') {
            return self.problem(AliasFault::Command, piece);
        }
        if bare.starts_with('/') {
            return self.problem(AliasFault::File, piece);
        }
        if let Some(path) = bare.strip_prefix(":include:") {
            return self.included(path.trim(), included, targets);
        }
        if bare.starts_with('\\') {
            return targets.push(Target::User);
        }
        let Ok(found) = mailboxes(piece.as_bytes()) else {
            return self.problem(AliasFault::NotAnAddress, piece);
        };
        for mailbox in found {
            match &mailbox.domain {
                None => targets.push(Target::Name(unquoted(&mailbox.local).to_lowercase())),
                Some(_) => match mailbox.address("localhost") {
                    Some(Ok(address)) => targets.push(Target::Address(address)),
                    _ => self.problem(AliasFault::NotAnAddress, piece),
                },
            }
        }
    }

    fn included(&mut self, path: &str, included: bool, targets: &mut Vec<Target>) {
        if included {
            return self.problem(AliasFault::Nested, path);
        }
        let path = PathBuf::from(path);
        let text = (self.include)(&path);
        self.aliases.includes.push(path.clone());
        let Some(text) = text else {
            return self.problem(AliasFault::Unreadable, &path.display().to_string());
        };
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            self.list(line, true, targets);
        }
    }
}

/// The pieces of a text between separators that stand outside quotes and parentheses.
fn pieces(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    let (mut quoted, mut depth, mut escaped) = (false, 0_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            c if c == separator && !quoted && depth == 0 => {
                pieces.push(text.get(start..at).unwrap_or_default());
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(text.get(start..).unwrap_or_default());
    pieces
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

/// What a name stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expansion {
    /// The addresses, each once.
    pub addresses: Vec<Address>,
    /// Whether some of the mail is for a local user, who has no alias.
    pub has_user: bool,
}

/// The names that were met while one was followed.
#[derive(Default)]
struct Way<'a> {
    /// Those that led here.
    path: Vec<&'a str>,
    /// All.
    seen: HashSet<&'a str>,
}

impl Way<'_> {
    /// A name that leads back to itself means the user of that name (`root: root, admin@example.org`).
    fn may_follow(&self, name: &str) -> bool {
        self.path.len() < DEPTH && !self.path.contains(&name)
    }
}

impl Aliases {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The lists that are included.
    pub fn includes(&self) -> &[PathBuf] {
        &self.includes
    }

    /// Whether the name, in any case, is an alias.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(&unquoted(name).to_lowercase())
    }

    /// What a name stands for, its aliases followed to the end. `is_local` says of an address whether its local part is
    /// a name of this server too.
    pub fn expand(&self, name: &str, is_local: &dyn Fn(&Address) -> bool) -> Expansion {
        let mut expansion = Expansion::default();
        self.follow(&unquoted(name).to_lowercase(), is_local, &mut Way::default(), &mut expansion);
        expansion
    }

    fn follow<'a>(
        &'a self,
        name: &str,
        is_local: &dyn Fn(&Address) -> bool,
        way: &mut Way<'a>,
        into: &mut Expansion,
    ) {
        let known = self.names.get_key_value(name).filter(|(name, _)| way.may_follow(name));
        // The same name again, on another way, adds nothing. Followed anew, a few lines could be millions of steps.
        if known.is_some_and(|(name, _)| !way.seen.insert(name)) {
            return;
        }
        let known = known.map(|(name, targets)| {
            way.path.push(name);
            targets
        });
        let Some(targets) = known else {
            into.has_user = true;
            return;
        };
        // Of what it stood for, nothing could be read: its mail must not vanish.
        into.has_user |= targets.is_empty();
        for target in targets {
            match target {
                Target::Name(other) => self.follow(other, is_local, way, into),
                Target::User => into.has_user = true,
                Target::Address(address) if is_local(address) => {
                    self.follow(&unquoted(address.local()).to_lowercase(), is_local, way, into);
                }
                Target::Address(address) if into.addresses.len() >= MEMBERS => {
                    tracing::warn!(%address, "an alias stands for too many addresses: this one is left out");
                }
                Target::Address(address) => {
                    if !into.addresses.iter().any(|known| known.key() == address.key()) {
                        into.addresses.push(address.clone());
                    }
                }
            }
        }
        way.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "# the team\na@x.test, b@x.test\n\nc\n|run\n:include:/more\n";

    fn read(text: &str) -> Parsed {
        parse(text, &|path| (path == Path::new("/list")).then(|| LIST.to_owned()))
    }

    fn is_local(address: &Address) -> bool {
        address.domain().as_ascii() == "h.test"
    }

    /// A file, a name, and who gets its mail; `user` stands for the local user.
    #[track_caller]
    fn check(text: &str, name: &str, expected: &str) {
        let (aliases, problems) = read(text);
        assert_eq!(problems, [], "{text}");
        assert_eq!(shown(&aliases.expand(name, &is_local)), expected, "{text}");
    }

    fn shown(expansion: &Expansion) -> String {
        let mut shown: Vec<String> = expansion.addresses.iter().map(ToString::to_string).collect();
        shown.extend(expansion.has_user.then(|| "user".to_owned()));
        shown.join(" ")
    }

    #[test]
    fn aliases_are_followed_to_the_end() {
        check("root: a@x.test", "root", "a@x.test");
        check("Root:a@x.test", "rOOt", "a@x.test");
        check("root: a@x.test, b@x.test", "root", "a@x.test b@x.test");
        check("root: a@x.test,\n  b@x.test,\n\n# so\n\tc@x.test", "root", "a@x.test b@x.test c@x.test");
        check("postmaster: root\nroot: a@x.test", "postmaster", "a@x.test");
        check("postmaster: root", "postmaster", "user");
        check("root: a@x.test", "bob", "user");
        check("\"a b\": a@x.test", "\"a b\"", "a@x.test");
        check("\"a:b\": a@x.test", "a:b", "a@x.test");
        check("r: \"Doe, John\" <j@x.test>, b@x.test (B, C)", "r", "j@x.test b@x.test");
        check("r: root@h.test\nroot: a@x.test", "r", "a@x.test");
        check("root: root@h.test, a@x.test", "root", "a@x.test user");
        check("r: a@x.test, A@X.test", "r", "a@x.test");
        check("", "r", "user");
    }

    #[test]
    fn loops_and_depths_end() {
        check("root: root, a@x.test", "root", "a@x.test user");
        check("root: \\root, a@x.test", "root", "a@x.test user");
        check("a: b\nb: c\nc: a", "a", "user");
        check("a: b, c\nb: d\nc: d\nd: x@x.test", "a", "x@x.test");
        let chain: String = (0..100).map(|n| format!("n{n}: n{}\n", n + 1)).collect();
        check(&format!("{chain}n100: a@x.test\n"), "n0", "user");
        check(&format!("{chain}n100: a@x.test\n"), "n60", "a@x.test");
        // Twice as many ways at each step, all to one address.
        let wide: String = (0..45).map(|n| format!("l{n}: l{0}, r{0}\nr{n}: l{0}, r{0}\n", n + 1)).collect();
        check(&format!("{wide}l45: a@x.test\nr45: b@x.test\n"), "l0", "a@x.test b@x.test");
    }

    #[test]
    fn what_means_nothing_here_is_named_with_its_line() {
        let text = "root: a@x.test, |/bin/prog -x, \"|prog with, comma\"\nno name here\nbob: /var/mail/bob\n\
                    root: b@x.test\nlist: :include:/list\ngone: :include:/gone\nbad: x y z\n: nobody\n";
        let (aliases, problems) = read(text);
        let shown: Vec<String> =
            problems.iter().map(|one| format!("{} {:?} {}", one.line, one.fault, one.what)).collect();
        assert_eq!(
            shown,
            [
                "1 Command |/bin/prog -x",
                "1 Command \"|prog with, comma\"",
                "2 NoName no name here",
                "3 File /var/mail/bob",
                "4 Twice root",
                "5 Command |run",
                "5 Nested /more",
                "6 Unreadable /gone",
                "7 NotAnAddress x y z",
                "8 NoName : nobody",
            ]
        );
        for (name, expected) in
            [("root", "a@x.test"), ("bob", "user"), ("list", "a@x.test b@x.test user"), ("gone", "user")]
        {
            assert_eq!(super::tests::shown(&aliases.expand(name, &is_local)), expected, "{name}");
        }
        assert_eq!(aliases.includes(), ["/list", "/gone"].map(PathBuf::from));
        assert!(aliases.has("ROOT") && !aliases.has("nobody") && aliases.len() == 5);
    }

    proptest! {
        #[test]
        fn no_file_panics(text in "[a-c:,\"\\\\| \n\t#@/()]{0,80}") {
            let (aliases, _) = read(&text);
            for name in ["a", "b", "ab", ""] {
                let _ = aliases.expand(name, &is_local);
            }
        }
    }
}
