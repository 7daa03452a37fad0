//! Limits and forbidden words in code: Rust, Python, shell and C alike.

use crate::tree::{File, caught, files, none};

/// Lines of a file, after which nobody reads it to its end.
const FILE_LINES: usize = 800;
/// Code lines of a function; clippy holds the same limit for Rust.
const FUNCTION_LINES: usize = 70;

/// The only function of test code that waits for time to pass is called so: it polls, with a deadline.
const POLL: &str = "until";

/// Built from pieces, so that this file does not name what it forbids.
const FORBIDDEN: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/", "brief"),
    concat!("/var/tmp/", "target"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("py", "pi.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
];

fn is_python(file: &File) -> bool {
    file.extension() == "py" || file.starts_with_interpreter("python")
}

fn is_shell(file: &File) -> bool {
    file.extension() == "sh" || file.starts_with_interpreter("sh")
}

fn is_code(file: &File) -> bool {
    is_python(file) || is_shell(file) || ["rs", "c", "sql"].contains(&file.extension())
}

fn too_long(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let breach = is_code(file) && lines > FILE_LINES;
    breach.then(|| format!("{}: {lines} lines; at most {FILE_LINES}", file.path)).into_iter().collect()
}

/// Functions of a Python or shell file that pass the limit.
fn long_functions(file: &File) -> Vec<String> {
    let mut breaches = Vec::new();
    let mut open: Vec<(usize, &str, usize)> = Vec::new();
    let mut close = |function: (usize, &str, usize)| {
        if function.2 > FUNCTION_LINES {
            let (_, name, lines) = function;
            breaches
                .push(format!("{}: `{name}` has {lines} code lines; at most {FUNCTION_LINES}", file.path));
        }
    };
    if !is_python(file) && !is_shell(file) {
        return Vec::new();
    }
    for line in file.text.lines() {
        let code = line.trim();
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        while open.last().is_some_and(|function| function.0 >= indent && code != ")") {
            close(open.pop().expect("it was just looked at"));
        }
        for function in &mut open {
            function.2 += 1;
        }
        let python = code.strip_prefix("async ").unwrap_or(code).strip_prefix("def ");
        if let Some(rest) = python.filter(|_| is_python(file)) {
            open.push((indent, rest.split('(').next().unwrap_or(rest), 1));
        } else if let Some(name) = code.strip_suffix("() {").filter(|_| is_shell(file)) {
            open.push((indent, name, 1));
        }
    }
    while let Some(function) = open.pop() {
        close(function);
    }
    breaches
}

/// Lints silenced for good, and tests that never run.
fn silenced(file: &File) -> Vec<String> {
    if file.extension() != "rs" {
        return Vec::new();
    }
    let silencers = [concat!("#[", "allow"), concat!("#![", "allow"), concat!("#[", "ignore")];
    breaches_by_line(file, |line| {
        let code = line.trim_start();
        silencers.iter().find(|silencer| code.starts_with(*silencer)).map(|silencer| {
            format!(
                "`{silencer}`: silence one lint with `#[expect(…, reason = \"…\")]`; mend or remove a test"
            )
        })
    })
}

/// Waiting by the clock in tests: slow when it works, and wrong when the machine is busy. Where tokio's
/// clock is paused, a sleep costs nothing and ends when it should.
fn sleeps(file: &File) -> Vec<String> {
    let virtual_clock = ["start_paused = true", "time::pause()"].iter().any(|sign| file.text.contains(sign));
    if file.extension() != "rs" || virtual_clock {
        return Vec::new();
    }
    let mut in_test = file.path.contains("/tests/")
        || file.path.starts_with("crates/testkit/")
        || file.name() == "tests.rs"
        || file.name().ends_with("_tests.rs");
    let mut in_poll = false;
    breaches_by_line(file, |line| {
        in_test |= line.trim() == "#[cfg(test)]";
        if let Some((_, function)) = line.split_once("fn ") {
            in_poll = function.starts_with(POLL);
        }
        let part_of_a_name = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let mut calls = line.match_indices(concat!("sleep", "("));
        let sleeps = calls.any(|(at, _)| !part_of_a_name(line.get(..at).unwrap_or_default()));
        let breach = in_test && sleeps && !in_poll;
        breach.then(|| format!("a test that sleeps: poll with a deadline, in a function called `{POLL}…`"))
    })
}

fn forbidden(file: &File) -> Vec<String> {
    if file.path == "Cargo.lock" {
        return Vec::new();
    }
    breaches_by_line(file, |line| {
        let word = FORBIDDEN.iter().find(|word| line.contains(**word))?;
        Some(format!("`{word}` belongs to one machine, not to the tree"))
    })
}

/// Unfinished work is not committed: it is done, or it is an issue.
fn unfinished(file: &File) -> Vec<String> {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    if !is_code(file) {
        return Vec::new();
    }
    breaches_by_line(file, |line| {
        let mark = marks.iter().find(|mark| line.contains(**mark))?;
        Some(format!("`{mark}`: finish it, or file it"))
    })
}

fn breaches_by_line(file: &File, mut rule: impl FnMut(&str) -> Option<String>) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| rule(line).map(|why| format!("{}:{}: {why}", file.path, index + 1)))
        .collect()
}

/// The one way in which each rule of this file is tried on its sample and run over the tree.
fn check(rule: impl Fn(&File) -> Vec<String>, path: &str, sample: &str, breaches: usize) {
    caught(&rule(&File { path: path.to_owned(), text: sample.to_owned() }), breaches);
    none(files().iter().flat_map(rule).collect());
}

#[test]
fn files_are_short() {
    check(too_long, "crates/mail/src/long.rs", &"\n".repeat(FILE_LINES + 1), 1);
}

#[test]
fn functions_of_scripts_are_short() {
    let long = format!("def long():\n{}\ndef short():\n    return 1\n", "    x = 1\n".repeat(FUNCTION_LINES));
    check(long_functions, "bench/sample.py", &long, 1);
    let long = format!("long() {{\n{}}}\n", "    true\n".repeat(FUNCTION_LINES + 1));
    check(long_functions, "scripts/sample.sh", &long, 1);
}

#[test]
fn nothing_is_silenced() {
    let sample = concat!("#[", "allow(dead_code)]\n    #[", "ignore]\n#[expect(dead_code)]\n");
    check(silenced, "crates/mail/src/sample.rs", sample, 2);
}

#[test]
fn tests_do_not_sleep() {
    let sample = concat!(
        "fn work() { sleep",
        "(1); }\n#[cfg(test)]\nfn until() { sleep",
        "(1); }\nfn f() { sleep",
        "(1); }\n"
    );
    check(sleeps, "crates/mail/src/sample.rs", sample, 1);
}

#[test]
fn nothing_names_this_machine() {
    check(forbidden, "docs/sample.md", concat!("see /wo", "rk/main\n/home/alice\n"), 1);
}

#[test]
fn nothing_is_left_unfinished() {
    check(unfinished, "bench/sample.py", concat!("# TO", "DO: more\n# done\n"), 1);
}
