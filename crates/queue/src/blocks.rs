//! Blocks: an account or a site may not send for the time being. Its mail waits as behind a closure, and leaves, oldest
//! first, when the block ends.

use crate::Queue;
use crate::closure::Stop;
use crate::schedule::State;
use explain::CauseId;
use mail::{ClosureId, Principal, RelayId, ReversePath};
use std::collections::{HashMap, HashSet};
use store::StoreError;

/// Who is blocked, found by what their mail waits on.
#[derive(Debug, Default)]
pub(crate) struct Blocks(HashMap<ClosureId, Principal>);

impl Blocks {
    /// Whether mail may wait on it: the block stands.
    pub(crate) fn stands(&self, id: ClosureId) -> bool {
        self.0.contains_key(&id)
    }

    fn stopping(&self, principal: Principal) -> Option<Stop> {
        let id = ClosureId::of_block(principal).filter(|id| self.stands(*id))?;
        // The time under a block does not count: a person must act, and nothing may be lost meanwhile.
        Some(Stop { id, cause: CauseId::BLOCKED.as_str(), pauses: true, tries: 0 })
    }
}

impl State {
    /// What stops mail of that principal and sender through that relay: a block before all else.
    pub(crate) fn stopping(
        &self,
        principal: Principal,
        relay: Option<RelayId>,
        from: &ReversePath,
    ) -> Option<Stop> {
        self.blocks.stopping(principal).or_else(|| self.closures.stopping(relay, from))
    }

    /// Puts other blocks in place. Gives the ones that have ended.
    fn replace_blocks(&mut self, blocked: &HashSet<Principal>) -> Vec<ClosureId> {
        let closure = |principal: &Principal| Some((ClosureId::of_block(*principal)?, *principal));
        let fresh: HashMap<ClosureId, Principal> = blocked.iter().filter_map(closure).collect();
        let ended: Vec<ClosureId> =
            self.blocks.0.keys().filter(|id| !fresh.contains_key(id)).copied().collect();
        let is_new = |principal: Principal| {
            let id = ClosureId::of_block(principal);
            id.is_some_and(|id| fresh.contains_key(&id) && !self.blocks.stands(id))
        };
        // What is in memory goes back to the store, and is parked by the next claim.
        let fresh_ones: HashSet<Principal> = blocked.iter().copied().filter(|one| is_new(*one)).collect();
        let out = if fresh_ones.is_empty() { Vec::new() } else { self.drain_of(&fresh_ones) };
        self.blocks = Blocks(fresh);
        self.abandon(out);
        ended.iter().for_each(|id| self.end_block(*id));
        ended
    }
}

impl Queue {
    /// Reads anew who is blocked: call it after each change. Mail of whoever is not any more is due, the oldest first.
    pub async fn reload_blocks(&self) -> Result<(), StoreError> {
        let blocked = self.read_blocks().await?;
        let ended = self.lock().replace_blocks(&blocked);
        self.free(ended).await
    }

    /// Who is blocked, as the store knows it.
    pub(crate) async fn read_blocks(&self) -> Result<HashSet<Principal>, StoreError> {
        let all = self.store.protections().await?;
        Ok(all.into_iter().filter(|(_, one)| one.block.is_some()).map(|(principal, _)| principal).collect())
    }

    /// Puts the blocks in place that a start finds: nothing is in memory yet, and nothing was parked by this process.
    pub(crate) fn begin_with_blocks(&self, blocked: &HashSet<Principal>) {
        self.lock().replace_blocks(blocked);
    }
}
