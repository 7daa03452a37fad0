//! What is said of a mistake in this program: where it is, and no word of what it worked on.
//!
//! The message of a panic quotes data: the text that was cut in the wrong place, the value that was not expected. That may
//! be a password. Only a message that stands in the source as it is holds none, and is shown.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

/// From now on a panic says where it happened, not what it worked on.
pub fn tell_places_only() {
    panic::set_hook(Box::new(|info| {
        let mut text = told(info);
        // Names of functions and places; RUST_BACKTRACE asks for it.
        let way = Backtrace::capture();
        if way.status() == BacktraceStatus::Captured {
            text += &way.to_string();
        }
        // Nobody is left to be told that nothing can be said.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }));
}

fn told(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let current = std::thread::current();
    let task = tokio::task::try_id().map(|id| format!(", task {id}")).unwrap_or_default();
    let what = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(its words are kept back)");
    format!("a mistake in this program: {place}, thread {}{task}: {what}\n", current.name().unwrap_or("?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use testkit::proof;

    /// Set for the process in which the mistake is made.
    const MISTAKEN: &str = "FACTEUR_TEST_OF_PANICS";
    const CANARY: &str = "é-canari-of-a-password";

    /// Mistakes that quote what they worked on, and one that cannot.
    fn mistakes() {
        tell_places_only();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let mistake = |number: u8| async move {
            let secret = CANARY.to_owned();
            match number {
                0 => drop(secret[1..].to_owned()),
                1 => drop("x".parse::<u8>().map_err(|_| vec![secret]).unwrap().to_string()),
                2 => panic!("{secret}"),
                3 => assert_eq!(secret, "another"),
                _ => panic!("a plain mistake"),
            }
        };
        for number in 0..5 {
            let error = runtime.block_on(async { tokio::spawn(mistake(number)).await }).unwrap_err();
            eprintln!("{}", net::ended(&error));
        }
        std::thread::Builder::new()
            .name("of its own".to_owned())
            .spawn(|| panic!("{CANARY}"))
            .unwrap()
            .join()
            .unwrap_err();
    }

    #[test]
    fn a_panic_tells_its_place_and_no_secret() {
        if std::env::var_os(MISTAKEN).is_some() {
            return mistakes();
        }
        let test = "panics::tests::a_panic_tells_its_place_and_no_secret";
        let done = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture"])
            .envs([(MISTAKEN, "1"), ("RUST_BACKTRACE", "0")])
            .output()
            .unwrap();
        let said =
            String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{said}");
        assert_eq!(said.matches("a mistake in this program: ").count(), 6, "{said}");
        assert_eq!(said.matches(" panicked\n").count(), 5, "{said}");
        assert!(said.contains("crates/facteur/src/panics.rs:"), "{said}");
        assert!(
            said.contains("thread of its own")
                && said.contains(", task ")
                && said.contains("a plain mistake"),
            "{said}"
        );
        assert!(!said.contains("canari"), "{said}");
        let test = "crates/facteur/src/panics.rs::a_panic_tells_its_place_and_no_secret";
        proof::passed("D1", test, 6, "panics", None);
    }
}
