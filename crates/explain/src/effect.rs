//! What the queue may do next, and the policy that decides it.

use crate::cause::{Cause, Confidence, Place};
use crate::word_enum::word_enum;
use mail::{Severity, Stage};

word_enum! {
    /// What the queue does next with the recipient that the evidence is about, and beyond it.
    ///
    /// A cause *proposes* effects, the best first; the policy takes the first that the evidence has the
    /// right to, and otherwise lets the reply code alone decide:
    ///
    /// | effect | allowed only when |
    /// |---|---|
    /// | `close_relay` | our own relay spoke before any message, and not with a mere 4xx |
    /// | `back_off_relay` | our own relay spoke (or stayed silent) before any message |
    /// | `stop_sender` | our own relay refused for good after sign-in, with high confidence, in its own words |
    /// | `slow_destination` | a direct delivery, and the code is no 5xx |
    /// | `retry` | the code is no 5xx |
    /// | `bounce`, `suppress` | the code is no 4xx; `suppress` also needs a high confidence |
    ///
    /// A high-confidence rule of one provider may turn a 4xx into a bounce and a 5xx into a retry.
    Effect {
        /// Nothing is to be tried: the message waits for something of our own (a relay, a time, a release).
        Wait = "wait",
        /// Try this recipient again later, at the queue's own pace or after the wait that was asked for.
        Retry = "retry",
        /// Try again later, and send to this destination more slowly: fewer connections, longer pauses.
        SlowDestination = "slow_destination",
        /// The relay does not work at the moment: its mail waits while it is probed more and more rarely.
        BackOffRelay = "back_off_relay",
        /// The relay cannot work before somebody acts: its mail waits, an alarm is raised.
        CloseRelay = "close_relay",
        /// This sender may not send through this relay: the sender's mail waits there, nobody else's.
        StopSender = "stop_sender",
        /// Refused for good: the sender is told.
        Bounce = "bounce",
        /// Refused for good, and the address itself is dead: as `bounce`, and worth remembering.
        Suppress = "suppress",
    }
}

word_enum! {
    /// How far an effect reaches.
    Scope {
        /// The whole message.
        Message = "message",
        /// One recipient of it.
        Recipient = "recipient",
        /// All mail of one sender on one relay.
        SenderOnRelay = "sender_on_relay",
        /// All mail of one relay.
        Relay = "relay",
        /// All mail to one destination.
        Destination = "destination",
    }
}

impl Effect {
    /// How far the effect reaches.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Wait => Scope::Message,
            Self::Retry | Self::Bounce | Self::Suppress => Scope::Recipient,
            Self::SlowDestination => Scope::Destination,
            Self::BackOffRelay | Self::CloseRelay => Scope::Relay,
            Self::StopSender => Scope::SenderOnRelay,
        }
    }

    /// Whether the recipient will not be tried again.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Bounce | Self::Suppress)
    }
}

/// What the policy looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// Who speaks.
    pub place: Place,
    /// When, if known.
    pub stage: Option<Stage>,
    /// What the reply code says; `None` when the evidence is no reply.
    pub severity: Option<Severity>,
    /// How sure the rule is.
    pub confidence: Confidence,
    /// Whether the rule is one of a provider, and so may overrule the reply code.
    pub of_provider: bool,
    /// Whether the server only quotes another server's words.
    pub quoted: bool,
}

impl Standing {
    const fn is_high(self) -> bool {
        matches!(self.confidence, Confidence::High)
    }

    const fn is_permanent(self) -> bool {
        matches!(self.severity, Some(Severity::Permanent))
    }

    const fn is_transient(self) -> bool {
        matches!(self.severity, Some(Severity::Transient))
    }

    /// Whether the evidence speaks of our own relay and of no message.
    fn is_of_the_relay(self) -> bool {
        self.place == Place::Relay && self.stage.is_some_and(Stage::is_before_mail)
    }

    /// Whether the evidence has the right to an effect.
    fn allows(self, effect: Effect) -> bool {
        // A low confidence proposes nothing: the reply code alone decides.
        if !self.is_high() {
            return false;
        }
        match effect {
            Effect::Wait => self.severity.is_none(),
            Effect::CloseRelay => self.is_of_the_relay() && (!self.is_transient() || self.of_provider),
            Effect::BackOffRelay => self.is_of_the_relay() && (!self.is_permanent() || self.of_provider),
            Effect::StopSender => {
                let in_mail =
                    matches!(self.stage, Some(Stage::Mail | Stage::Rcpt | Stage::Data | Stage::EndOfData));
                self.place == Place::Relay && in_mail && self.is_permanent() && !self.quoted
            }
            // Before the mail, a relay's trouble is never one message's: it is backed off or closed.
            _ if self.is_of_the_relay() => false,
            Effect::SlowDestination => self.place == Place::Direct && self.may_retry(),
            Effect::Retry => self.may_retry(),
            Effect::Bounce => self.may_refuse(),
            Effect::Suppress => self.may_refuse() && self.is_permanent(),
        }
    }

    const fn may_retry(self) -> bool {
        !self.is_permanent() || self.of_provider
    }

    const fn may_refuse(self) -> bool {
        !self.is_transient() || self.of_provider
    }

    /// What the reply code says by itself.
    fn by_code(self, may_pass_later: bool) -> Effect {
        match self.severity {
            Some(Severity::Permanent) if self.is_of_the_relay() => Effect::CloseRelay,
            _ if self.is_of_the_relay() => Effect::BackOffRelay,
            // RFC 5321 §3.1: a 554 greeting speaks of the host, not of the message, and another host of
            // the destination may take it; so before the mail a direct delivery only waits.
            _ if self.place == Place::Direct && self.stage.is_some_and(Stage::is_before_mail) => {
                Effect::SlowDestination
            }
            Some(Severity::Permanent) => Effect::Bounce,
            None if self.place == Place::Pasted && !may_pass_later => Effect::Bounce,
            _ => Effect::Retry,
        }
    }
}

/// The first proposed effect that the evidence has the right to, else what the reply code says.
pub(crate) fn police(cause: &Cause, standing: Standing) -> Effect {
    cause
        .proposals
        .iter()
        .copied()
        .find(|&effect| standing.allows(effect))
        .unwrap_or_else(|| standing.by_code(cause.may_pass_later))
}
