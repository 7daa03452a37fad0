//! Whether what a domain publishes can be had, as others have it: each document is asked for, and read, by our own discovery.

use super::Live;
use discover::publish::Hosted;
use discover::{Document, Plan, Question, Reply, Server, Source, Subject, Tls};
use mail::Evidence;
use tokio::task::JoinSet;

/// The most answers that lead to one document: it may have moved, and may want to know the address first.
const MAX_STEPS: usize = 5;

/// A document that mail programs ask for.
#[derive(Debug)]
pub struct Had {
    /// Where it is.
    pub url: String,
    /// What is there.
    pub standing: Standing,
}

/// What is at a document's address.
#[derive(Debug)]
pub enum Standing {
    /// What the domain publishes.
    Same,
    /// Something else, or nothing.
    Other,
    /// It cannot be asked for.
    OutOfReach(Evidence),
}

impl Live {
    /// Asks for each document that tells a domain's settings, all at once.
    pub async fn published(&self, hosted: &Hosted) -> Vec<Had> {
        // Any address does: the answer is the same for each. The name is the administrator's own, private or not.
        let Ok(subject) = Subject::read(&format!("postmaster@{}", hosted.domain), true) else {
            return Vec::new();
        };
        let mut plan = Plan::new(subject.clone(), self.facts, &[]);
        let own = [Source::Autoconfig, Source::WellKnown, Source::Autodiscover];
        let documents = plan.questions().into_iter().filter_map(|question| match question {
            Question::Document(document) if own.contains(&document.source()) => Some(document),
            _ => None,
        });
        // Outlook asks at the domain itself, too, where there is usually its web site.
        let documents =
            documents.filter(|document| document.post.is_none() || document.host != hosted.domain);
        let mut running = JoinSet::new();
        for (index, document) in documents.enumerate() {
            let (road, subject) = (self.clone(), subject.clone());
            let doors = hosted.servers.iter().filter(|server| server.tls != Tls::None).cloned().collect();
            running.spawn(async move { (index, road.had(document, subject, doors).await) });
        }
        let mut had: Vec<(usize, Had)> = running.join_all().await;
        had.sort_by_key(|(index, _)| *index);
        had.into_iter().map(|(_, had)| had).collect()
    }

    /// Asks for one document, and follows where it leads.
    async fn had(&self, document: Document, subject: Subject, doors: Vec<Server>) -> Had {
        let (url, source) = (document.url(), document.source());
        let mut plan = Plan::new(subject, self.facts, &[]);
        plan.questions();
        let mut next = Some(Question::Document(document));
        for _ in 0..MAX_STEPS {
            let Some(question) = next.take() else { break };
            let (reply, seen) = self.answer(&question).await;
            if let (Reply::Nothing, Some(evidence)) = (&reply, seen) {
                return Had { url, standing: Standing::OutOfReach(evidence) };
            }
            if plan.learn(&question, reply).is_err() {
                break;
            }
            let leads = |question: &Question| matches!(question, Question::Document(document) if document.source() == source);
            next = plan.questions().into_iter().find(leads);
        }
        let findings = plan.findings();
        let said = || findings.candidates.iter().filter(|candidate| candidate.source == source);
        let is_said = |door: &Server| said().any(|candidate| candidate.server.same_door(door));
        let same = said().count() == doors.len() && doors.iter().all(is_said);
        Had { url, standing: if same { Standing::Same } else { Standing::Other } }
    }
}
