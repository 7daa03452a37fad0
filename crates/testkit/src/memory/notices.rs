//! The model of notices that are owed, and of mail that comes back.

use super::State;
use mail::{QueueId, RecipientId, Timestamp};
use store::{ComeBack, DueNotice, NewEvent, NoticeKind, Page, RecipientState};

impl State {
    pub(super) fn notices_due(&self, limit: usize) -> Vec<DueNotice> {
        self.notices_due.iter().take(limit.min(Page::MAX)).copied().collect()
    }

    pub(super) fn drop_notices(&mut self, notices: &[DueNotice]) {
        self.notices_due.retain(|notice| !notices.contains(notice));
    }

    pub(super) fn owe(&mut self, recipient: RecipientId, kind: NoticeKind) {
        self.notices_due.insert(DueNotice { recipient, kind });
    }

    pub(super) fn late(&self, after: Option<QueueId>, before: Timestamp, limit: usize) -> Vec<QueueId> {
        let open = self.messages.iter().filter(|(_, row)| row.is_open());
        let later = open.filter(|&(&id, _)| after.is_none_or(|after| id > after));
        let late = later.take(limit.min(Page::MAX)).take_while(|(_, row)| row.new.received_at < before);
        late.map(|(&id, _)| id).collect()
    }

    pub(super) fn come_back(&mut self, back: &ComeBack, events: Vec<NewEvent>) -> Vec<u16> {
        let mut changed = Vec::new();
        for &index in &back.recipients {
            let id = RecipientId { message: back.message, index };
            let recipient = self.recipient(id).filter(|r| r.state == RecipientState::Delivered);
            let Some(recipient) = recipient else { continue };
            recipient.state = RecipientState::Failed;
            recipient.evidence = Some((*back.evidence).clone());
            recipient.cause = Some(back.cause.to_owned());
            self.owe(id, NoticeKind::Failure);
            changed.push(index);
        }
        self.append(events);
        changed
    }
}
