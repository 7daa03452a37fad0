//! What a connection is for, and which ports that leads to.

/// What a connection is for. It decides the ports: who can have this program call any port of any machine has a tool to
/// look around in the network that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A relay that an administrator named: any port.
    Relay,
    /// The mail host of a domain, at the port for mail between servers, which only a test moves.
    Exchange,
    /// Looking for the mail servers of a name that anybody may give: the ports of mail (SMTP, submission, IMAP, POP3,
    /// ManageSieve).
    Probe,
    /// Fetching or giving a document at an address that anybody may give: the ports of the Web.
    Document,
}

impl Purpose {
    /// Whether a port may be called for this.
    pub const fn allows(self, port: u16) -> bool {
        match self {
            Self::Relay | Self::Exchange => port != 0,
            Self::Probe => matches!(port, 25 | 465 | 587 | 2525 | 143 | 993 | 110 | 995 | 4190),
            Self::Document => matches!(port, 80 | 443),
        }
    }
}
