//! Where a batch goes next: through a relay, or straight to the hosts of a domain.

use mail::{Address, Domain, RelayId};
use std::collections::HashMap;
use std::sync::Arc;
use store::Relay;

/// Where a batch goes.
#[derive(Debug, Clone)]
pub enum Hop {
    /// Through a relay, as it was configured when the batch was made.
    Relay(Arc<Relay>),
    /// To the hosts that take the mail of a domain.
    Direct(Domain),
}

impl Hop {
    /// The relay's id; [`RelayId::DIRECT`] when there is none.
    pub fn relay_id(&self) -> RelayId {
        match self {
            Self::Relay(relay) => relay.id,
            Self::Direct(_) => RelayId::DIRECT,
        }
    }

    pub(crate) fn road(&self) -> Road {
        match self {
            Self::Relay(relay) => Road::Relay(relay.id),
            Self::Direct(domain) => Road::Direct(domain.clone()),
        }
    }
}

/// The name of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Road {
    Relay(RelayId),
    Direct(Domain),
}

/// The recipients of a message by the road that each takes, in the order in which the roads are first met.
pub(crate) fn by_road<'a, T>(
    relay: RelayId,
    recipients: impl IntoIterator<Item = T>,
    address: impl Fn(&T) -> &'a Address,
) -> Vec<(Road, Vec<T>)>
where
    T: 'a,
{
    if relay != RelayId::DIRECT {
        return vec![(Road::Relay(relay), recipients.into_iter().collect())];
    }
    let mut places: HashMap<Domain, usize> = HashMap::new();
    let mut roads: Vec<(Road, Vec<T>)> = Vec::new();
    for recipient in recipients {
        let domain = address(&recipient).domain();
        match places.get(domain).and_then(|&place| roads.get_mut(place)) {
            Some((_, row)) => row.push(recipient),
            None => {
                let domain = domain.clone();
                places.insert(domain.clone(), roads.len());
                roads.push((Road::Direct(domain), vec![recipient]));
            }
        }
    }
    roads
}
