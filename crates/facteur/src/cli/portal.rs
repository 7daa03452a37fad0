//! `facteur portal`: the way into the portal for whoever may use this command.

use super::console::Console;
use super::failure::{Exit, Failure};
use clap::Subcommand;
use control::{Answer, Operation};

/// What can be done for the portal.
#[derive(Debug, Subcommand)]
pub enum Command {
    Link,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let Command::Link = command;
    let Answer::PortalLink { code, host_name, ports, minutes } =
        console.perform(Operation::PortalLink).await?
    else {
        return Err(Failure::Unexpected);
    };
    let address = |port: &u16| format!("https://{host_name}:{port}/sign-in/link/{code}");
    let links: Vec<String> = ports.iter().map(address).collect();
    console.show(&links, |reader| {
        if links.is_empty() {
            return format!("{}\n", reader.phrases.say("portal-no-port"));
        }
        let lines: String = links.iter().map(|link| format!("    {link}\n")).collect();
        format!("{}\n{lines}", reader.phrases.fill("portal-link", [("count", minutes.into())]))
    })
}
