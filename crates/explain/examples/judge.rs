//! Judges texts from standard input, one JSON object a line (`{"text", "host"?, "stage"?}`), and writes one
//! answer a line: to measure the rules and their speed (the last line on standard error).

use explain::{Answer, Hint};
use serde::Deserialize;
use std::io::{self, BufRead as _, Write as _};

#[derive(Deserialize)]
struct Question {
    text: String,
    host: Option<String>,
    #[serde(default)]
    stage: String,
}

fn main() -> io::Result<()> {
    let questions: Vec<Question> = io::stdin()
        .lock()
        .lines()
        .map(|line| serde_json::from_str(&line?).map_err(io::Error::from))
        .collect::<io::Result<_>>()?;
    let clock = mail::Clock::System;
    let ask = |question: &Question| {
        Answer::of_text(&question.text, &Hint::of_word(question.host.as_deref(), &question.stage))
    };
    // The catalogue is read at the first question.
    let read = clock.now();
    questions.iter().take(1).for_each(|question| drop(ask(question)));
    let began = clock.now();
    let answers: Vec<Answer> = questions.iter().map(ask).collect();
    let took_ms = clock.now().since_ms(began);
    let mut out = io::BufWriter::new(io::stdout().lock());
    for answer in &answers {
        serde_json::to_writer(&mut out, answer)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    writeln!(
        io::stderr(),
        "{} texts in {took_ms} ms; the first took {} ms",
        answers.len(),
        began.since_ms(read)
    )
}
