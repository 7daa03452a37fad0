//! Webhooks: who is told of events, how that goes, and telling again.

use crate::principals::valid_name;
use crate::{Answer, Audit, Blame, Caller, Control, Fault, NewPassword, Role};
use hooks::{Hooks, Secret, WebAddress, Word};
use mail::{EventId, Principal, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{
    Event, MAX_WEBHOOKS, OwedPost, Page, PauseReason, Post, Webhook, WebhookPause, WebhookScope, WebhookShape,
};

/// The most webhooks of one person.
const MOST_OF_A_PERSON: usize = 5;
/// The longest description, in characters.
const DESCRIPTION_MOST: usize = 500;

/// A webhook to be added, or what is to be changed of one. What is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSpec {
    /// Where; a user name and a password may stand in it.
    #[serde(serialize_with = "crate::operation::reveal_some")]
    pub url: Option<mail::Secret>,
    /// Whose events: `server`, `owner:NAME`, `account:LOGIN`, `site:NAME`. A person's are always their own.
    pub scope: Option<String>,
    /// The words of the events; empty for all.
    pub events: Option<Vec<String>>,
    /// In whose words.
    pub shape: Option<WebhookShape>,
    /// What people wrote about it.
    pub description: Option<String>,
}

/// What is asked of webhooks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum WebhookAct {
    /// All of them.
    List,
    /// One, with its latest posts.
    Show {
        /// Which.
        name: String,
    },
    /// Adds one; its secret is shown.
    Add {
        /// Its name.
        name: String,
        /// What it is.
        webhook: WebhookSpec,
    },
    /// Changes one.
    Change {
        /// Which.
        name: String,
        /// What changes.
        webhook: WebhookSpec,
    },
    /// Gives one a new secret, which is shown.
    Secret {
        /// Which.
        name: String,
    },
    /// Removes one.
    Remove {
        /// Which.
        name: String,
    },
    /// Posts nothing more to one until it is resumed; what happens meanwhile is kept for it.
    Pause {
        /// Which.
        name: String,
    },
    /// Goes on with one, with all that it missed.
    Resume {
        /// Which.
        name: String,
        /// Whether the events that it refused are left out.
        #[serde(default)]
        skip_refused: bool,
    },
    /// Posts a made-up event, and shows what came of it.
    Test {
        /// Which.
        name: String,
    },
    /// Tells one again: of all since a moment, or of one event.
    Replay {
        /// Which.
        name: String,
        /// Since when.
        since: Option<Timestamp>,
        /// Which event, by the id that the receiver saw.
        event: Option<String>,
    },
}

impl WebhookAct {
    /// Whether it changes nothing.
    pub const fn only_reads(&self) -> bool {
        matches!(self, Self::List | Self::Show { .. })
    }

    /// Its name, for the audit record.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::List => "webhook list",
            Self::Show { .. } => "webhook show",
            Self::Add { .. } => "webhook add",
            Self::Change { .. } => "webhook change",
            Self::Secret { .. } => "webhook secret",
            Self::Remove { .. } => "webhook remove",
            Self::Pause { .. } => "webhook pause",
            Self::Resume { .. } => "webhook resume",
            Self::Test { .. } => "webhook test",
            Self::Replay { .. } => "webhook replay",
        }
    }
}

/// A webhook, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookView {
    /// Its name.
    pub name: String,
    /// Where, without a user name and a password.
    pub url: String,
    /// Whether it is signed in to by the user name and password of its address.
    pub signs_in: bool,
    /// Whose events.
    pub scope: String,
    /// The words of the events; empty for all.
    pub events: Vec<String>,
    /// In whose words.
    pub shape: WebhookShape,
    /// What people wrote about it.
    pub description: String,
    /// Why nothing is posted at the moment.
    pub paused: Option<WebhookPause>,
    /// How many events it is owed that it did not take, or that come after one of these; at most 1,000 are counted.
    pub owed: usize,
    /// Its latest posts, newest first; only the last where there are several webhooks.
    pub posts: Vec<Post>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who asks, as far as webhooks care: a person sees their own and no others.
#[derive(Clone, Copy)]
struct Sight(Option<Principal>);

impl Sight {
    fn sees(self, webhook: &Webhook) -> bool {
        self.0.is_none_or(|own| webhook.scope == WebhookScope::Principal(own))
    }
}

impl Control {
    /// Names who posts to webhooks; the first one stays.
    pub fn webhooks_by(&self, hooks: Arc<Hooks>) {
        let _ = self.hooks.set(hooks);
    }

    /// Who posts to webhooks.
    pub fn hooks(&self) -> Option<&Arc<Hooks>> {
        self.hooks.get()
    }

    /// Waits until somebody has changed a webhook.
    pub async fn webhooks_changed(&self) {
        self.hooks_changed.notified().await;
    }

    pub(crate) async fn webhook(
        &self,
        caller: &Caller,
        audit: &Audit<'_>,
        act: WebhookAct,
    ) -> Result<Answer, Fault> {
        let sight = match caller.role {
            Role::Person | Role::Helper => {
                let own = self.store.login(caller.login()).await?;
                let own = own.ok_or_else(|| Fault::about(Blame::Missing, caller.login()))?;
                Sight(Some(own.principal))
            }
            _ => Sight(None),
        };
        let answer = match act {
            WebhookAct::List => return self.webhook_list(sight).await,
            WebhookAct::Show { name } => return self.webhook_show(sight, &name, None).await,
            WebhookAct::Test { name } => return self.webhook_test(sight, audit, &name).await,
            WebhookAct::Add { name, webhook } => self.webhook_add(sight, audit, &name, webhook).await,
            WebhookAct::Change { name, webhook } => self.webhook_change(sight, audit, &name, webhook).await,
            WebhookAct::Secret { name } => self.webhook_secret(sight, audit, &name).await,
            WebhookAct::Remove { name } => self.webhook_remove(sight, audit, &name).await,
            WebhookAct::Pause { name } => {
                let reason = PauseReason::Person;
                let pause = Some(WebhookPause { since: self.clock.now(), reason });
                self.webhook_paused(sight, audit, &name, pause).await
            }
            WebhookAct::Resume { name, skip_refused } => {
                self.webhook_resume(sight, audit, &name, skip_refused).await
            }
            WebhookAct::Replay { name, since, event } => {
                self.webhook_replay(sight, audit, &name, (since, event)).await
            }
        };
        self.hooks_changed.notify_one();
        answer
    }

    async fn webhook_named(&self, sight: Sight, name: &str) -> Result<Webhook, Fault> {
        let all = self.store.webhooks().await?;
        let found = all.into_iter().find(|webhook| webhook.name == name && sight.sees(webhook));
        found.ok_or_else(|| Fault::about(Blame::Missing, name))
    }

    async fn webhook_list(&self, sight: Sight) -> Result<Answer, Fault> {
        let mut webhooks = Vec::new();
        for webhook in self.store.webhooks().await? {
            if sight.sees(&webhook) {
                webhooks.push(self.webhook_view(&webhook, 1).await?);
            }
        }
        Ok(Answer::Webhooks { webhooks })
    }

    async fn webhook_view(&self, webhook: &Webhook, posts: usize) -> Result<WebhookView, Fault> {
        Ok(WebhookView {
            name: webhook.name.clone(),
            url: webhook.url.clone(),
            signs_in: webhook.sign_in.is_some(),
            scope: self.scope_text(webhook.scope).await?,
            events: webhook.events.clone(),
            shape: webhook.shape,
            description: webhook.description.clone(),
            paused: webhook.paused.clone(),
            owed: self.store.owed_posts(webhook.id, Page::MAX).await?.len(),
            posts: self.store.posts(webhook.id, posts).await?,
            created_at: webhook.created_at,
        })
    }

    async fn webhook_show(&self, sight: Sight, name: &str, secret: Option<&Secret>) -> Result<Answer, Fault> {
        let webhook = self.webhook_named(sight, name).await?;
        let webhook = Box::new(self.webhook_view(&webhook, usize::MAX).await?);
        let text = |secret: &Secret| Some(secret.text().reveal().to_owned());
        let made = secret.map(|secret| NewPassword { login: name.to_owned(), password: text(secret) });
        Ok(Answer::Webhook { webhook, made })
    }

    async fn webhook_add(
        &self,
        sight: Sight,
        audit: &Audit<'_>,
        name: &str,
        spec: WebhookSpec,
    ) -> Result<Answer, Fault> {
        let name = valid_name("name", name)?;
        let all = self.store.webhooks().await?;
        let own = all.iter().filter(|webhook| sight.sees(webhook)).count();
        let most = if sight.0.is_some() { MOST_OF_A_PERSON } else { MAX_WEBHOOKS };
        if own >= most || all.len() >= MAX_WEBHOOKS {
            return Err(Fault::invalid("webhook", format!("<= {most}")));
        }
        let secret = make_secret()?;
        let fresh = Webhook {
            id: WebhookId(0),
            name: name.clone(),
            scope: sight.0.map_or(WebhookScope::Server, WebhookScope::Principal),
            url: String::new(),
            sign_in: None,
            secret: secret.text().clone(),
            events: Vec::new(),
            shape: WebhookShape::Own,
            description: String::new(),
            paused: None,
            told_to: EventId(0),
            revision: 0,
            created_at: self.clock.now(),
        };
        if spec.url.is_none() {
            return Err(Fault::about(Blame::Needed, "url"));
        }
        let webhook = self.changed_webhook(sight, fresh, spec).await?;
        self.store.save_webhook(webhook, audit.of(&self.clock, &name)).await?;
        self.webhook_show(sight, &name, Some(&secret)).await
    }

    async fn webhook_change(
        &self,
        sight: Sight,
        audit: &Audit<'_>,
        name: &str,
        spec: WebhookSpec,
    ) -> Result<Answer, Fault> {
        let old = self.webhook_named(sight, name).await?;
        let webhook = self.changed_webhook(sight, old, spec).await?;
        self.keep_webhook(webhook, audit).await?;
        self.webhook_show(sight, name, None).await
    }

    /// Saves one that is there, and has its receiver asked soon.
    async fn keep_webhook(&self, webhook: Webhook, audit: &Audit<'_>) -> Result<(), Fault> {
        let (id, name) = (webhook.id, webhook.name.clone());
        self.store.save_webhook(webhook, audit.of(&self.clock, &name)).await?;
        if let Some(hooks) = self.hooks() {
            hooks.forget(id);
        }
        Ok(())
    }

    async fn changed_webhook(
        &self,
        sight: Sight,
        mut webhook: Webhook,
        spec: WebhookSpec,
    ) -> Result<Webhook, Fault> {
        if let Some(url) = &spec.url {
            let address = WebAddress::read(url.reveal()).map_err(|fault| Fault::invalid("url", fault))?;
            // An address that is typed again without its password keeps the one that is known.
            let same = address.shown == webhook.url;
            webhook.sign_in = address.sign_in.or(webhook.sign_in.filter(|_| same));
            webhook.url = address.shown;
        }
        if let (Some(scope), None) = (&spec.scope, sight.0) {
            webhook.scope = self.scope_of(scope).await?;
        }
        if let Some(events) = spec.events {
            let unknown = events.iter().find(|word| Word::of_text(word).is_none());
            if let Some(unknown) = unknown {
                return Err(Fault::invalid("events", unknown));
            }
            webhook.events = events;
        }
        webhook.shape = spec.shape.unwrap_or(webhook.shape);
        if let Some(description) = spec.description {
            if description.chars().count() > DESCRIPTION_MOST || description.contains(char::is_control) {
                return Err(Fault::invalid("description", format!("<= {DESCRIPTION_MOST}")));
            }
            webhook.description = description;
        }
        Ok(webhook)
    }

    async fn webhook_secret(&self, sight: Sight, audit: &Audit<'_>, name: &str) -> Result<Answer, Fault> {
        let old = self.webhook_named(sight, name).await?;
        let secret = make_secret()?;
        self.keep_webhook(Webhook { secret: secret.text().clone(), ..old }, audit).await?;
        self.webhook_show(sight, name, Some(&secret)).await
    }

    async fn webhook_remove(&self, sight: Sight, audit: &Audit<'_>, name: &str) -> Result<Answer, Fault> {
        let webhook = self.webhook_named(sight, name).await?;
        self.store.remove_webhook(webhook.id, audit.of(&self.clock, name)).await?;
        Ok(Answer::Done)
    }

    /// Removes the webhooks of an account or a site that goes.
    pub(crate) async fn remove_webhooks_of(
        &self,
        principal: Principal,
        audit: &Audit<'_>,
    ) -> Result<(), Fault> {
        for webhook in self.store.webhooks().await? {
            if webhook.scope == WebhookScope::Principal(principal) {
                self.store.remove_webhook(webhook.id, audit.of(&self.clock, &webhook.name)).await?;
            }
        }
        Ok(())
    }

    async fn webhook_paused(
        &self,
        sight: Sight,
        audit: &Audit<'_>,
        name: &str,
        paused: Option<WebhookPause>,
    ) -> Result<Answer, Fault> {
        let old = self.webhook_named(sight, name).await?;
        self.keep_webhook(Webhook { paused, ..old }, audit).await?;
        self.webhook_show(sight, name, None).await
    }

    async fn webhook_resume(
        &self,
        sight: Sight,
        audit: &Audit<'_>,
        name: &str,
        skip_refused: bool,
    ) -> Result<Answer, Fault> {
        let webhook = self.webhook_named(sight, name).await?;
        let now = self.clock.now();
        for owed in self.store.owed_posts(webhook.id, Page::MAX).await? {
            // What was tried in vain gets its three days anew, beginning now; or is left out, if that is wanted.
            if skip_refused && owed.tries > 0 {
                let skipped = store::WebhookStep {
                    revision: webhook.revision,
                    settled: vec![owed.event],
                    ..Default::default()
                };
                self.store.step_webhook(webhook.id, skipped).await?;
            } else {
                let again = OwedPost { tries: 0, since: now, next_at: now, ..owed };
                self.store.owe_post(webhook.id, again, Vec::new()).await?;
            }
        }
        self.webhook_paused(sight, audit, name, None).await
    }

    async fn webhook_test(&self, sight: Sight, audit: &Audit<'_>, name: &str) -> Result<Answer, Fault> {
        let webhook = self.webhook_named(sight, name).await?;
        let hooks = self.hooks().ok_or_else(|| Fault::new(Blame::NotRunning))?;
        let post = hooks.test(&webhook, &self.facts.host_name).await;
        self.store.append(audit.of(&self.clock, name)).await?;
        Ok(Answer::WebhookTested { name: webhook.name, post })
    }

    async fn webhook_replay(
        &self,
        sight: Sight,
        audit: &Audit<'_>,
        name: &str,
        (since, event): (Option<Timestamp>, Option<String>),
    ) -> Result<Answer, Fault> {
        let webhook = self.webhook_named(sight, name).await?;
        let on = audit.of(&self.clock, name);
        match (since, event) {
            (Some(since), None) => {
                if let Some(first) = self.store.first_event_since(since).await?
                    && first <= webhook.told_to
                {
                    self.store.rewind_webhook(webhook.id, EventId(first.0.saturating_sub(1)), on).await?;
                }
            }
            (None, Some(id)) => {
                let event = self.event_of(&id).await?;
                let now = self.clock.now();
                let owed =
                    OwedPost { event: event.id, message: event.message, tries: 0, since: now, next_at: now };
                self.store.owe_post(webhook.id, owed, on).await?;
            }
            _ => return Err(Fault::about(Blame::Needed, "since")),
        }
        if let Some(hooks) = self.hooks() {
            hooks.forget(webhook.id);
        }
        self.webhook_show(sight, name, None).await
    }

    /// The event of an id that a receiver saw, which ends with the moment and may have the place of a body behind it.
    async fn event_of(&self, id: &str) -> Result<Event, Fault> {
        let missing = || Fault::about(Blame::Missing, id);
        let whole = id.split('.').next().unwrap_or_default();
        let hex = whole.strip_prefix("evt_").unwrap_or_default();
        let number = hex.len().checked_sub(12).and_then(|end| hex.get(..end));
        let number = number.and_then(|hex| i64::from_str_radix(hex, 16).ok()).ok_or_else(missing)?;
        let found = self.store.events(EventId(number.saturating_sub(1)), 1).await?;
        found.into_iter().find(|event| hooks::event_id(event) == whole).ok_or_else(missing)
    }

    async fn scope_of(&self, text: &str) -> Result<WebhookScope, Fault> {
        let missing = || Fault::about(Blame::Missing, text);
        Ok(match text.split_once(':') {
            None if text == "server" => WebhookScope::Server,
            Some(("owner", name)) => {
                let owners = self.store.owners().await?;
                let owner = owners.into_iter().find(|owner| owner.name == name).ok_or_else(missing)?;
                WebhookScope::Owner(owner.id)
            }
            Some(("account", login)) => {
                WebhookScope::Principal(Principal::Account(self.account(login).await?.id))
            }
            Some(("site", name)) => {
                let sites = self.store.sites().await?;
                let site = sites.into_iter().find(|site| site.name.eq_ignore_ascii_case(name));
                WebhookScope::Principal(Principal::Site(site.ok_or_else(missing)?.id))
            }
            _ => return Err(Fault::invalid("scope", "server, owner:NAME, account:LOGIN, site:NAME")),
        })
    }

    async fn scope_text(&self, scope: WebhookScope) -> Result<String, Fault> {
        let gone = || "?".to_owned();
        Ok(match scope {
            WebhookScope::Server | WebhookScope::Principal(Principal::System) => "server".to_owned(),
            WebhookScope::Owner(id) => {
                format!("owner:{}", self.owner_names().await?.remove(&id).unwrap_or_else(gone))
            }
            WebhookScope::Principal(Principal::Account(id)) => {
                let account = self.store.accounts().await?.into_iter().find(|account| account.id == id);
                format!("account:{}", account.map_or_else(gone, |account| account.login))
            }
            WebhookScope::Principal(Principal::Site(id)) => {
                let site = self.store.sites().await?.into_iter().find(|site| site.id == id);
                format!("site:{}", site.map_or_else(gone, |site| site.name))
            }
        })
    }
}

fn make_secret() -> Result<Secret, Fault> {
    Secret::make().map_err(|fault| Fault { detail: fault.to_string(), ..Fault::new(Blame::Store) })
}
