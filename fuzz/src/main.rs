//! One program for all targets: `FUZZ_TARGET` names the one to run.
//!
//! With `FUZZ_SEEDS=DIR` it writes the seeds and the words of every target into that directory, prints their names, and ends.

#![no_main]

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;
use std::path::Path;
use std::sync::OnceLock;
use std::{env, fs, process};

fn write_seeds(directory: &Path) -> std::io::Result<()> {
    for target in TARGETS {
        let own = directory.join(target.name);
        fs::create_dir_all(&own)?;
        for (number, seed) in target.seeds.iter().enumerate() {
            fs::write(own.join(format!("seed-{number}")), seed)?;
        }
        let quoted = |word: &&str| -> String {
            let escaped: String = word.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
            format!("\"{escaped}\"\n")
        };
        let words: String = target.words.iter().map(quoted).collect();
        fs::write(directory.join(format!("{}.words", target.name)), words)?;
        println!("{} {}", target.name, target.longest());
    }
    Ok(())
}

fn chosen() -> &'static Target {
    static CHOSEN: OnceLock<&Target> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = env::var("FUZZ_TARGET").unwrap_or_default();
        fuzz::target(&name).unwrap_or_else(|| {
            eprintln!("FUZZ_TARGET names no target: '{name}'");
            process::exit(2)
        })
    })
}

fuzz_target!(
    init: {
        if let Some(directory) = env::var_os("FUZZ_SEEDS") {
            let written = write_seeds(Path::new(&directory));
            process::exit(i32::from(written.is_err()));
        }
    },
    |input: &[u8]| (chosen().run)(input)
);
