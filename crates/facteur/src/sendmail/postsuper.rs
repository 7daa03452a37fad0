//! `postsuper`: what scripts delete, hold, release and requeue with, in Postfix's words (postsuper(1)).

use crate::cli::{Console, Exit, Failure, output};
use crate::place::Place;
use control::{Answer, Operation, QueueFilter};
use mail::QueueId;
use queue::Acted;
use std::io::{self, BufRead as _};
use std::path::Path;
use store::{Act, RecipientState};

/// To which messages something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    All,
    Id(String),
    /// Those whose ids stand on standard input.
    Input,
}

/// What is done, in Postfix's words: what is said of each message, and of all in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Deed {
    act: Act,
    word: &'static str,
    summary: &'static str,
}

/// By the letter of the option. To expire a message is to give it up and to tell its sender; Postfix's `-f` also takes it
/// from hold for that, as its `-e` waits to do.
const DEEDS: [(char, Deed); 6] = [
    ('d', Deed { act: Act::Delete, word: "removed", summary: "Deleted" }),
    ('h', Deed { act: Act::Hold, word: "placed on hold", summary: "Placed on hold" }),
    ('H', Deed { act: Act::Release, word: "released from hold", summary: "Released from hold" }),
    ('r', Deed { act: Act::Retry, word: "requeued", summary: "Requeued" }),
    ('e', Deed { act: Act::Fail, word: "expired", summary: "Force-expired" }),
    ('f', Deed { act: Act::Fail, word: "expired", summary: "Force-expired" }),
];

/// A line that was read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Line {
    data: Option<String>,
    acts: Vec<(Deed, Which)>,
    queues: Vec<String>,
}

/// Reads a line, without the program's name. An error is the option that means nothing.
fn parse(arguments: Vec<String>) -> Result<Line, String> {
    let mut line = Line::default();
    let mut left = arguments.into_iter();
    while let Some(argument) = left.next() {
        let Some(cluster) = argument.strip_prefix('-').filter(|cluster| !cluster.is_empty()) else {
            line.queues.push(argument);
            continue;
        };
        let mut letters = cluster.chars();
        while let Some(letter) = letters.next() {
            // What these repair cannot break here: the store mends itself when it opens.
            if "vspS".contains(letter) {
                continue;
            }
            let deed = DEEDS.iter().find(|(known, _)| *known == letter).map(|(_, deed)| *deed);
            if deed.is_none() && letter != 'c' {
                return Err(format!("-{letter}"));
            }
            let joined = Some(letters.as_str().to_owned()).filter(|value| !value.is_empty());
            let value = joined.or_else(|| left.next()).ok_or_else(|| format!("-{letter}"))?;
            match (deed, value.as_str()) {
                (None, _) => line.data = Some(value),
                (Some(deed), "ALL") => line.acts.push((deed, Which::All)),
                (Some(deed), "-") => line.acts.push((deed, Which::Input)),
                (Some(deed), _) => line.acts.push((deed, Which::Id(value))),
            }
            break;
        }
    }
    Ok(line)
}

/// The states that the named queues stand for; all when none is named. What Postfix keeps in `incoming` and `active` is on
/// its way, and is not caught here.
fn states(queues: &[String]) -> Result<Vec<Option<RecipientState>>, String> {
    if queues.is_empty() {
        return Ok(vec![None]);
    }
    let mut states = Vec::new();
    for queue in queues {
        match queue.as_str() {
            "hold" => states.push(Some(RecipientState::Held)),
            "deferred" => states.push(Some(RecipientState::Waiting)),
            "incoming" | "active" | "maildrop" | "corrupt" => {}
            other => return Err(other.to_owned()),
        }
    }
    Ok(states)
}

/// Does it.
pub async fn run(arguments: Vec<String>, console: &mut Console) -> Result<Exit, Failure> {
    let line = parse(arguments).map_err(|option| Failure::Usage("usage-unknown-argument", option))?;
    if let Some(data) = &line.data {
        console.place = Place::find_for_all(Some(Path::new(data)));
    }
    let states = states(&line.queues).map_err(|queue| Failure::Usage("postsuper-queue", queue))?;
    let mut exit = Exit::Done;
    for (deed, which) in line.acts {
        let mut messages = 0;
        let ids = match which {
            Which::All => None,
            Which::Id(id) => Some(vec![id]),
            Which::Input => Some(ids_of_input()?),
        };
        for state in &states {
            let filter = QueueFilter { state: *state, ..QueueFilter::default() };
            let Some(ids) = &ids else {
                messages += act_on(deed.act, filter, console).await?.messages;
                continue;
            };
            for id in ids {
                messages += one(deed, id, filter.clone(), console, &mut exit).await?;
            }
        }
        if messages > 0 {
            output::warn(&summary(deed, messages));
        }
    }
    Ok(exit)
}

/// The ids on standard input, one a line.
fn ids_of_input() -> Result<Vec<String>, Failure> {
    let lines: Vec<String> = io::stdin().lock().lines().collect::<Result<_, _>>().map_err(Failure::System)?;
    let ids = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    Ok(ids.map(str::to_owned).collect())
}

async fn one(
    deed: Deed,
    id: &str,
    filter: QueueFilter,
    console: &mut Console,
    exit: &mut Exit,
) -> Result<u64, Failure> {
    let Ok(queue_id) = id.parse::<QueueId>() else {
        output::warn(&format!("postsuper: warning: invalid mail queue id: {id}\n"));
        *exit = Exit::Failed;
        return Ok(0);
    };
    let done = act_on(deed.act, QueueFilter { ids: vec![queue_id], ..filter }, console).await?.messages;
    // Postfix says nothing of a message that is not there, and ends well: it may have left a moment ago.
    if done > 0 {
        output::warn(&format!("postsuper: {id}: {}\n", deed.word));
    }
    Ok(done)
}

/// Postfix's last line, read by scripts.
fn summary(deed: Deed, messages: u64) -> String {
    let end = if messages == 1 { "" } else { "s" };
    format!("postsuper: {}: {messages} message{end}\n", deed.summary)
}

async fn act_on(act: Act, filter: QueueFilter, console: &mut Console) -> Result<Acted, Failure> {
    match console.perform(Operation::QueueAct { act, filter }).await? {
        Answer::Acted { acted, .. } => Ok(acted),
        _ => Err(Failure::Unexpected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Line, String> {
        parse(line.split_whitespace().map(str::to_owned).collect())
    }

    #[track_caller]
    fn check(line: &str, acts: &[(Act, &str)], queues: &[&str]) {
        let which = |text: &str| match text {
            "ALL" => Which::All,
            "-" => Which::Input,
            id => Which::Id(id.to_owned()),
        };
        let read = read(line).unwrap();
        let read_acts: Vec<_> = read.acts.into_iter().map(|(deed, which)| (deed.act, which)).collect();
        assert_eq!(read_acts, acts.iter().map(|(act, id)| (*act, which(id))).collect::<Vec<_>>(), "{line}");
        assert_eq!(read.queues, queues, "{line}");
    }

    #[test]
    fn lines_mean_what_postfix_means() {
        check("-d ALL", &[(Act::Delete, "ALL")], &[]);
        check("-dALL deferred", &[(Act::Delete, "ALL")], &["deferred"]);
        check("-d -", &[(Act::Delete, "-")], &[]);
        check(
            "-h 0123456789BC -H 0123456789BD",
            &[(Act::Hold, "0123456789BC"), (Act::Release, "0123456789BD")],
            &[],
        );
        check("-v -r ALL", &[(Act::Retry, "ALL")], &[]);
        check("-sv", &[], &[]);
        check("", &[], &[]);
        assert_eq!(read("-c /d -d all").unwrap().data.as_deref(), Some("/d"));
        check("-d all", &[(Act::Delete, "all")], &[]);
        check("-e 0123456789BC -f ALL", &[(Act::Fail, "0123456789BC"), (Act::Fail, "ALL")], &[]);
        assert_eq!(read("-d"), Err("-d".into()));
        assert_eq!(read("-z"), Err("-z".into()));
    }

    #[test]
    fn queues_are_states() {
        let of = |text: &str| states(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(of(""), Ok(vec![None]));
        assert_eq!(of("hold deferred"), Ok(vec![Some(RecipientState::Held), Some(RecipientState::Waiting)]));
        assert_eq!(of("active incoming"), Ok(vec![]));
        assert_eq!(of("holds"), Err("holds".into()));
    }

    #[test]
    fn summaries_are_postfixs() {
        assert_eq!(summary(DEEDS[0].1, 1), "postsuper: Deleted: 1 message\n");
        assert_eq!(summary(DEEDS[2].1, 2), "postsuper: Released from hold: 2 messages\n");
    }
}
