//! A store that fails, and waits, where a test tells it to; around the model.

use mail::WebhookId;
use mail::{
    AccountId, ClosureId, DomainId, EventId, Principal, PublicId, QueueId, RecipientId, RelayId, SiteId,
    Timestamp,
};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use store::{
    Account, Act, ApiKey, BodyReader, BodySink, ClaimLimits, Claimed, Closure, ComeBack, Directory,
    DueNotice, Event, Filter, History, HostedDomain, Keys, Later, LoginRecord, MessageRow, NewEvent,
    NewLogin, NewMessage, Owner, Page, Protection, Protections, Relay, Route, RouteScope, Settlement, Site,
    Spool, StoreError, Story, Totals,
};
use store::{CountQuery, CountRow, OwedPost, Post, Statistics, Tally, Webhook, WebhookStep, Webhooks};
use testkit::memory::MemoryStore;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused, and nothing happens.
    Refused,
    /// It happens, and is reported as failed all the same.
    DoneAndDenied,
}

/// A store around the model that waits once before and once after each writing call, and fails as told.
pub struct FaultyStore {
    pub inner: Arc<MemoryStore>,
    /// By the method's name and the number of its call: how that call fails.
    plan: Mutex<BTreeMap<(&'static str, usize), Fault>>,
    calls: Mutex<BTreeMap<&'static str, usize>>,
}

impl FaultyStore {
    pub fn new(inner: Arc<MemoryStore>) -> Self {
        Self { inner, plan: Mutex::default(), calls: Mutex::default() }
    }

    /// The next call of that method fails so.
    pub fn fail(&self, method: &'static str, fault: Fault) {
        self.fail_after(0, method, fault);
    }

    /// The call of that method after the next `others` fails so.
    pub fn fail_after(&self, others: usize, method: &'static str, fault: Fault) {
        let call = self.calls(method) + 1 + others;
        self.plan.lock().unwrap().insert((method, call), fault);
    }

    /// No call fails any more.
    pub fn forget_plans(&self) {
        self.plan.lock().unwrap().clear();
    }

    /// How often a method was called.
    pub fn calls(&self, method: &'static str) -> usize {
        self.calls.lock().unwrap().get(method).copied().unwrap_or_default()
    }

    fn gate<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        call: impl FnOnce(&'a MemoryStore) -> Later<'a, T> + Send + 'a,
    ) -> Later<'a, T> {
        let call_number = {
            let mut calls = self.calls.lock().unwrap();
            let count = calls.entry(method).or_default();
            *count += 1;
            *count
        };
        let fault = self.plan.lock().unwrap().remove(&(method, call_number));
        Box::pin(async move {
            wait_once().await;
            let failed = || StoreError::Disk { detail: format!("{method} failed as planned") };
            if fault == Some(Fault::Refused) {
                return Err(failed());
            }
            let answer = call(&self.inner).await;
            wait_once().await;
            if fault == Some(Fault::DoneAndDenied) { Err(failed()) } else { answer }
        })
    }
}

/// Is pending once: a place at which a future can be dropped.
pub async fn wait_once() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

macro_rules! gated {
    ($($name:ident($($arg:ident: $of:ty),*) -> $out:ty;)+) => {$(
        fn $name(&self, $($arg: $of),*) -> Later<'_, $out> {
            self.gate(stringify!($name), move |inner| inner.$name($($arg),*))
        }
    )+};
}

impl Spool for FaultyStore {
    fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready()
    }

    gated! {
        accept(message: NewMessage) -> ();
        taken(slot: [u8; 32], now: Timestamp) -> Option<store::Taken>;
        body_sink() -> Box<dyn BodySink>;
        body(id: QueueId) -> Box<dyn BodyReader>;
        claim(now: Timestamp, limits: ClaimLimits) -> Claimed;
        settle(settlement: Settlement) -> ();
        release(recipients: Vec<RecipientId>) -> ();
        recover(now: Timestamp) -> Vec<RecipientId>;
        unpark(closure: ClosureId, now: Timestamp, limit: usize, max_pause_ms: Option<i64>) -> usize;
        parked_closures() -> Vec<ClosureId>;
        totals() -> Totals;
        last_id() -> i64;
        purge(before: Timestamp, limit: usize) -> usize;
        notices_due(limit: usize) -> Vec<DueNotice>;
        drop_notices(notices: Vec<DueNotice>) -> ();
        late(after: Option<QueueId>, before: Timestamp, limit: usize) -> Vec<QueueId>;
        come_back(back: ComeBack, events: Vec<NewEvent>) -> Vec<u16>;
    }
}

impl Directory for FaultyStore {
    gated! {
        owners() -> Vec<Owner>;
        add_owner(name: String, events: Vec<NewEvent>) -> Owner;
        accounts() -> Vec<Account>;
        save_account(account: Account, login: Option<NewLogin>, events: Vec<NewEvent>) -> AccountId;
        remove_account(id: AccountId, events: Vec<NewEvent>) -> ();
        sites() -> Vec<Site>;
        save_site(site: Site, login: Option<NewLogin>, events: Vec<NewEvent>) -> SiteId;
        remove_site(id: SiteId, events: Vec<NewEvent>) -> ();
        domains() -> Vec<HostedDomain>;
        save_domain(domain: HostedDomain, events: Vec<NewEvent>) -> DomainId;
        remove_domain(id: DomainId, events: Vec<NewEvent>) -> ();
        relays() -> Vec<Relay>;
        save_relay(relay: Relay, events: Vec<NewEvent>) -> RelayId;
        remove_relay(id: RelayId, now: Timestamp, events: Vec<NewEvent>) -> ();
        routes() -> Vec<Route>;
        set_route(scope: RouteScope, relay: Option<RelayId>, events: Vec<NewEvent>) -> ();
        closures() -> Vec<Closure>;
        save_closure(closure: Closure, events: Vec<NewEvent>) -> ();
        remove_closure(id: ClosureId, events: Vec<NewEvent>) -> ();
        set_setting(name: String, value: Option<String>) -> ();
    }

    fn login(&self, name: &str) -> Later<'_, Option<LoginRecord>> {
        self.inner.login(name)
    }

    fn setting(&self, name: &str) -> Later<'_, Option<String>> {
        self.inner.setting(name)
    }
}

impl Keys for FaultyStore {
    gated! {
        add_key(key: ApiKey, events: Vec<NewEvent>) -> ();
        revoke_key(name: String, now: Timestamp, events: Vec<NewEvent>) -> ();
        key_used(name: String, at: Timestamp) -> ();
    }

    gated! {
        keys() -> Vec<ApiKey>;
    }
}

impl Protections for FaultyStore {
    gated! {
        protections() -> Vec<(Principal, Protection)>;
        protection(of: Principal) -> Protection;
        save_protection(of: Principal, protection: Protection, events: Vec<NewEvent>) -> ();
    }
}

impl History for FaultyStore {
    gated! {
        list(filter: Filter, page: Page) -> Vec<MessageRow>;
        story(id: QueueId) -> Option<Story>;
        by_public_id(id: PublicId) -> Option<QueueId>;
        events(after: EventId, limit: usize) -> Vec<Event>;
        latest_events(limit: usize) -> Vec<Event>;
        audits(before: Option<EventId>, limit: usize) -> Vec<Event>;
        append(events: Vec<NewEvent>) -> ();
        act(act: Act, recipients: Vec<RecipientId>, now: Timestamp) -> Vec<RecipientId>;
    }
}

impl Webhooks for FaultyStore {
    gated! {
        webhooks() -> Vec<Webhook>;
        save_webhook(webhook: Webhook, events: Vec<NewEvent>) -> WebhookId;
        remove_webhook(id: WebhookId, events: Vec<NewEvent>) -> ();
        owed_posts(id: WebhookId, limit: usize) -> Vec<OwedPost>;
        step_webhook(id: WebhookId, step: WebhookStep) -> bool;
        rewind_webhook(id: WebhookId, to: EventId, events: Vec<NewEvent>) -> ();
        owe_post(id: WebhookId, owed: OwedPost, events: Vec<NewEvent>) -> ();
        posts(id: WebhookId, limit: usize) -> Vec<Post>;
        first_event_since(at: Timestamp) -> Option<EventId>;
    }
}

impl Statistics for FaultyStore {
    gated! {
        count_events(limit: usize) -> bool;
        counts(query: CountQuery) -> Vec<CountRow>;
        add_counts(tally: Tally) -> ();
        forget_counts(hours: Timestamp, days: Timestamp) -> ();
    }
}
