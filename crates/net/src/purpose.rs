//! What a connection is for, and which ports that leads to.

/// What a connection is for. It decides the ports: who can have this program call any port of any machine has a tool to
/// look around in the network that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A relay that an administrator named: any port.
    Relay,
    /// A relay that somebody named for their own mail: the ports on which servers take mail.
    OwnRelay,
    /// The mail host of a domain, at the port for mail between servers, which only a test moves.
    Exchange,
    /// Looking for the mail servers of a name that anybody may give: the ports of mail (SMTP, submission, IMAP, POP3,
    /// ManageSieve).
    Probe,
    /// Telling an address on the web what happened: the ports of the Web, and those above 1024 that belong to nothing that
    /// could take a request of HTTP for something else.
    Webhook,
    /// Fetching or giving a document at an address that anybody may give: the ports of the Web.
    Document,
}

impl Purpose {
    /// Whether a port may be called for this.
    pub const fn allows(self, port: u16) -> bool {
        match self {
            Self::Relay | Self::Exchange => port != 0,
            Self::OwnRelay => matches!(port, 25 | 465 | 587 | 2525),
            Self::Probe => matches!(port, 25 | 465 | 587 | 2525 | 143 | 993 | 110 | 995 | 4190),
            Self::Webhook => match port {
                80 | 443 => true,
                // Mail, chat and printers read line by line, and would obey lines in a body.
                1719
                | 1720
                | 2525
                | 2465
                | 2587
                | 4190
                | 6000
                | 6379
                | 6566
                | 6665..=6669
                | 6679
                | 6697
                | 9100
                | 11211 => false,
                port => port >= 1024,
            },
            Self::Document => matches!(port, 80 | 443),
        }
    }
}
