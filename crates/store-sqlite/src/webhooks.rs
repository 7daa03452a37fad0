//! Addresses on the web that are told of events, and how far each has been told.

use crate::directory::all;
use crate::fault::{Fault, Outcome};
use crate::key::Sealer;
use crate::rows::{json, parse, rare, time, unsigned};
use crate::session::Session;
use mail::{EventId, QueueId, Secret, Timestamp, WebhookId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{KEPT_POSTS, NewEvent, OwedPost, Page, Post, Webhook, WebhookPause, WebhookStep};

/// Where the secret that signs is sealed for.
pub(crate) fn place(id: i64) -> String {
    format!("webhook {id}")
}

/// Where the user name and the password of an address are sealed for.
pub(crate) fn sign_in_place(id: i64) -> String {
    format!("webhook sign-in {id}")
}

pub(crate) fn webhooks(conn: &Connection, sealer: &Sealer) -> Outcome<Vec<Webhook>> {
    let text =
        "SELECT id, name, scope, url, sealed_sign_in, sealed, events, shape, description, paused, told_to,
                    revision, created_at FROM webhooks ORDER BY name";
    all(conn, text, |row| webhook(row, sealer))
}

fn webhook(row: &Row<'_>, sealer: &Sealer) -> Outcome<Webhook> {
    let id: i64 = row.get(0)?;
    let sign_in: Option<Vec<u8>> = row.get(4)?;
    let open = |sealed: Vec<u8>| sealer.open_sealed(&sign_in_place(id), &sealed).map(Secret::new);
    let sealed: Vec<u8> = row.get(5)?;
    Ok(Webhook {
        id: WebhookId(id),
        name: row.get(1)?,
        scope: json(row, 2)?,
        url: row.get(3)?,
        sign_in: sign_in.map(open).transpose()?,
        secret: Secret::new(sealer.open_sealed(&place(id), &sealed)?),
        events: json(row, 6)?,
        shape: parse(row, 7)?,
        description: row.get(8)?,
        paused: rare(row, 9)?,
        told_to: EventId(row.get(10)?),
        revision: unsigned(row, 11)?,
        created_at: time(row, 12)?,
    })
}

pub(crate) fn owed(conn: &Connection, id: WebhookId, limit: usize) -> Outcome<Vec<OwedPost>> {
    let limit = i64::try_from(limit.min(Page::MAX)).unwrap_or(0);
    let mut read = conn.prepare_cached(
        "SELECT event_id, message_id, tries, since, next_at FROM owed_posts WHERE webhook_id = ?1
         ORDER BY event_id LIMIT ?2",
    )?;
    let mut rows = read.query(params![id.0, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(OwedPost {
            event: EventId(row.get(0)?),
            message: row.get::<_, Option<i64>>(1)?.map(QueueId::from_stored),
            tries: unsigned(row, 2)?,
            since: time(row, 3)?,
            next_at: time(row, 4)?,
        });
    }
    Ok(found)
}

pub(crate) fn posts(conn: &Connection, id: WebhookId, limit: usize) -> Outcome<Vec<Post>> {
    let limit = i64::try_from(limit.min(KEPT_POSTS)).unwrap_or(0);
    let mut read = conn.prepare_cached(
        "SELECT detail FROM webhook_posts WHERE webhook_id = ?1 ORDER BY place DESC LIMIT ?2",
    )?;
    let mut rows = read.query(params![id.0, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(json(row, 0)?);
    }
    Ok(found)
}

/// Looks through the log from its beginning: nothing sorts it by time, and this is asked for by hand.
pub(crate) fn first_event_since(conn: &Connection, at: Timestamp) -> Outcome<Option<EventId>> {
    let mut read = conn.prepare_cached("SELECT id FROM events WHERE at >= ?1 ORDER BY id LIMIT 1")?;
    Ok(read.query_row([at.0], |row| row.get(0)).optional()?.map(EventId))
}

fn as_json<T: serde::Serialize>(value: &T) -> Outcome<String> {
    Ok(serde_json::to_string(value)?)
}

impl Session {
    pub(crate) fn save_webhook(&mut self, webhook: &Webhook, events: &[NewEvent]) -> Outcome<WebhookId> {
        let mut other = self.sql("SELECT 1 FROM webhooks WHERE name = ?1 AND id <> ?2")?;
        if other.exists(params![webhook.name, webhook.id.0])? {
            return Err(Fault::exists(&webhook.name));
        }
        drop(other);
        let id = self.row_id("webhooks", webhook.id.0)?;
        let mut old = self.sql("SELECT revision, told_to FROM webhooks WHERE id = ?1")?;
        let old_row = old.query_row([id], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?)));
        let old_row = old_row.optional()?;
        drop(old);
        // Those that are appended with it belong to what came before.
        self.append(events)?;
        let (revision, told_to) = old_row.unwrap_or((0, self.last_event()));
        let sign_in = webhook.sign_in.as_ref();
        let sign_in =
            sign_in.map(|secret| self.sealer.seal(&sign_in_place(id), secret.reveal())).transpose()?;
        self.run(
            "INSERT OR REPLACE INTO webhooks (id, name, scope, url, sealed_sign_in, sealed, events, shape, description,
                 paused, told_to, revision, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            params![
                id,
                webhook.name,
                as_json(&webhook.scope)?,
                webhook.url,
                sign_in,
                self.sealer.seal(&place(id), webhook.secret.reveal())?,
                as_json(&webhook.events)?,
                webhook.shape.as_str(),
                webhook.description,
                paused(webhook.paused.as_ref())?,
                told_to,
                revision + 1,
                webhook.created_at.0,
            ],
        )?;
        Ok(WebhookId(id))
    }

    pub(crate) fn remove_webhook(&mut self, id: WebhookId, events: &[NewEvent]) -> Outcome<()> {
        if self.run("DELETE FROM webhooks WHERE id = ?1", [id.0])? == 0 {
            return Err(Fault::missing(id));
        }
        self.run("DELETE FROM owed_posts WHERE webhook_id = ?1", [id.0])?;
        self.run("DELETE FROM webhook_posts WHERE webhook_id = ?1", [id.0])?;
        self.append(events)
    }

    pub(crate) fn step_webhook(&mut self, id: WebhookId, step: &WebhookStep) -> Outcome<bool> {
        let changed = self.run(
            "UPDATE webhooks SET told_to = ifnull(?3, told_to), paused = ifnull(?4, paused) WHERE id = ?1 AND revision = ?2",
            params![id.0, step.revision, step.told_to.map(|event| event.0), paused(step.pause.as_ref())?],
        )?;
        if changed == 0 {
            return Ok(false);
        }
        for event in &step.settled {
            self.run(
                "DELETE FROM owed_posts WHERE webhook_id = ?1 AND event_id = ?2",
                params![id.0, event.0],
            )?;
        }
        for owed in &step.owed {
            self.insert_owed(id, owed)?;
        }
        for post in &step.posts {
            self.insert_post(id, post)?;
        }
        Ok(true)
    }

    fn insert_owed(&self, id: WebhookId, owed: &OwedPost) -> Outcome<()> {
        self.run(
            "INSERT OR REPLACE INTO owed_posts (webhook_id, event_id, message_id, tries, since, next_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                id.0,
                owed.event.0,
                owed.message.map(QueueId::get),
                owed.tries,
                owed.since.0,
                owed.next_at.0
            ],
        )?;
        Ok(())
    }

    fn insert_post(&self, id: WebhookId, post: &Post) -> Outcome<()> {
        self.run(
            "INSERT INTO webhook_posts (webhook_id, place, detail)
             SELECT ?1, ifnull(max(place), 0) + 1, ?2 FROM webhook_posts WHERE webhook_id = ?1",
            params![id.0, as_json(post)?],
        )?;
        self.run(
            "DELETE FROM webhook_posts WHERE webhook_id = ?1 AND place <=
                 (SELECT max(place) FROM webhook_posts WHERE webhook_id = ?1) - ?2",
            params![id.0, i64::try_from(KEPT_POSTS).unwrap_or(i64::MAX)],
        )?;
        Ok(())
    }

    pub(crate) fn rewind_webhook(&mut self, id: WebhookId, to: EventId, events: &[NewEvent]) -> Outcome<()> {
        let changed = self.run(
            "UPDATE webhooks SET told_to = ?2, revision = revision + 1 WHERE id = ?1",
            params![id.0, to.0],
        )?;
        if changed == 0 {
            return Err(Fault::missing(id));
        }
        self.run("DELETE FROM owed_posts WHERE webhook_id = ?1 AND event_id > ?2", params![id.0, to.0])?;
        self.append(events)
    }

    pub(crate) fn owe_post(&mut self, id: WebhookId, owed: &OwedPost, events: &[NewEvent]) -> Outcome<()> {
        self.check_row("webhooks", id.0)?;
        self.insert_owed(id, owed)?;
        self.append(events)
    }
}

fn paused(pause: Option<&WebhookPause>) -> Outcome<Option<String>> {
    pause.map(as_json).transpose()
}
