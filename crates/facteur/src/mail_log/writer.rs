//! The thread that writes: one file a day, opened anew when it was moved, old ones removed.

use super::Settings;
use super::lines::{Line, Program};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mail::{Clock, Timestamp};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The most lines that wait for the disk: some megabytes, and some seconds of a busy server.
const WAITING: usize = 20_000;
/// How long the thread sleeps at most before it looks whether a day has passed, or the file was moved.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long lines gather before they are written: whoever gives one meanwhile wakes nobody, which would cost a busy server
/// more than the line itself.
const GATHER: Duration = Duration::from_millis(50);

enum Message {
    Line(Timestamp, Line),
    Reopen,
    Close,
}

/// The handle of the thread.
#[derive(Debug)]
pub struct Writer {
    sender: SyncSender<Message>,
    lost: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Opens the file and starts the thread.
    pub fn start(settings: Settings) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let mut log = Log::open(settings, TimeZone::system(), Clock::System.now())?;
        let counted = Arc::clone(&lost);
        let thread = std::thread::Builder::new()
            .name("mail-log".to_owned())
            .spawn(move || run(&mut log, &receiver, &counted))?;
        Ok(Self { sender, lost, thread: Mutex::new(Some(thread)) })
    }

    /// Hands a line over; one that finds no room is counted.
    pub fn write(&self, at: Timestamp, line: Line) {
        if matches!(self.sender.try_send(Message::Line(at, line)), Err(TrySendError::Full(_))) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Asks for the file to be opened anew.
    pub fn reopen(&self) {
        let _ = self.sender.try_send(Message::Reopen);
    }

    /// Waits until all is written, and ends the thread.
    pub fn close(&self) {
        let _ = self.sender.send(Message::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn run(log: &mut Log, receiver: &Receiver<Message>, lost: &AtomicU64) {
    loop {
        // What came together is written together; then the file is what everybody else sees.
        let message = match receiver.try_recv() {
            Ok(message) => Some(message),
            Err(_) => {
                log.flush();
                match receiver.recv_timeout(LOOK_EVERY) {
                    Ok(line @ Message::Line(..)) => {
                        std::thread::sleep(GATHER);
                        Some(line)
                    }
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let now = Clock::System.now();
        match lost.swap(0, Ordering::Relaxed) {
            0 => {}
            count => {
                let text = format!("warning: {count} lines were lost: the disk was too slow");
                log.write(now, &Line { program: Program::Qmgr, text });
            }
        }
        match message {
            Some(Message::Line(at, line)) => log.write(at, &line),
            Some(Message::Reopen) => log.reopen(),
            Some(Message::Close) => {
                log.flush();
                return;
            }
            None => log.look(now),
        }
    }
}

/// The file of today.
struct Log {
    settings: Settings,
    zone: TimeZone,
    /// The process id as each line has it, between the program and the text.
    pid: String,
    file: BufWriter<File>,
    inode: u64,
    day: Option<Date>,
    /// The second that was printed last, and its text.
    second: (i64, String),
    broken: bool,
}

fn open(path: &Path) -> io::Result<(BufWriter<File>, u64)> {
    // Those who read logs are in the file's group, as with other mail servers.
    let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
    let inode = file.metadata()?.ino();
    Ok((BufWriter::with_capacity(64 * 1024, file), inode))
}

impl Log {
    fn open(settings: Settings, zone: TimeZone, now: Timestamp) -> io::Result<Self> {
        let written = fs::metadata(&settings.path).and_then(|meta| meta.modified()).ok();
        let (file, inode) = open(&settings.path)?;
        let pid = format!("[{}]: ", std::process::id());
        let second = (i64::MIN, String::new());
        let mut log = Self { settings, zone, pid, file, inode, day: None, second, broken: false };
        let written = written.and_then(|time| jiff::Timestamp::try_from(time).ok());
        log.day = written.map(|time| time.to_zoned(log.zone.clone()).date()).or_else(|| log.date(now));
        log.look(now);
        Ok(log)
    }

    fn date(&self, at: Timestamp) -> Option<Date> {
        Some(jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(self.zone.clone()).date())
    }

    fn write(&mut self, at: Timestamp, line: &Line) {
        let second = at.0.div_euclid(1_000);
        if self.second.0 != second {
            self.look(at);
            let moment = jiff::Timestamp::from_second(second).map(|at| at.to_zoned(self.zone.clone()));
            let text = moment.map(|at| at.strftime("%b %e %H:%M:%S").to_string()).unwrap_or_default();
            self.second = (second, text);
        }
        let Settings { syslog_name, host_name, .. } = &self.settings;
        let program = line.program.name();
        // Written piece by piece: formatting would cost more than all the rest of the line.
        let pieces =
            [&self.second.1, " ", host_name, " ", syslog_name, "/", program, &self.pid, &line.text, "\n"];
        let written = pieces.iter().try_for_each(|piece| self.file.write_all(piece.as_bytes()));
        self.told(written);
    }

    fn flush(&mut self) {
        let flushed = self.file.flush();
        self.told(flushed);
    }

    /// Says once that the log cannot be written, and once that it can again: the mail goes on in any case.
    fn told(&mut self, done: io::Result<()>) {
        match done {
            Err(error) if !self.broken => {
                tracing::error!(path = %self.settings.path.display(), %error, "the mail log cannot be written");
                self.broken = true;
            }
            Ok(()) if self.broken => {
                tracing::info!(path = %self.settings.path.display(), "the mail log can be written again");
                self.broken = false;
            }
            _ => {}
        }
    }

    fn reopen(&mut self) {
        self.flush();
        match open(&self.settings.path) {
            Ok((file, inode)) => (self.file, self.inode) = (file, inode),
            Err(error) => self.told(Err(error)),
        }
    }

    /// Looks whether the file is still where it should be, and whether a day has passed.
    fn look(&mut self, now: Timestamp) {
        if !fs::metadata(&self.settings.path).is_ok_and(|meta| meta.ino() == self.inode) {
            self.reopen();
        }
        let today = self.date(now);
        // A clock that was set back makes no new file.
        if today <= self.day || self.settings.keep_days == 0 {
            return;
        }
        self.flush();
        if let Some(day) = self.day {
            let moved = fs::rename(&self.settings.path, self.free_name(day));
            self.told(moved);
        }
        self.day = today;
        self.reopen();
        self.prune();
    }

    /// Where the file of a day goes: `mail.log-20261122`, as logrotate's `dateext` names it.
    fn free_name(&self, day: Date) -> PathBuf {
        let name = |suffix: &str| {
            let mut path = self.settings.path.clone().into_os_string();
            path.push(format!("-{}{suffix}", day.strftime("%Y%m%d")));
            PathBuf::from(path)
        };
        let second = |n: u32| Some(name(&format!(".{n}"))).filter(|path| !path.exists());
        match name("") {
            path if path.exists() => (1..1_000).find_map(second).unwrap_or(path),
            path => path,
        }
    }

    /// Removes the files of days that are too long ago.
    fn prune(&self) {
        let keep = i64::from(self.settings.keep_days);
        let oldest = self.day.and_then(|day| day.checked_sub(jiff::Span::new().try_days(keep).ok()?).ok());
        let (Some(oldest), Some(directory)) = (oldest, self.settings.path.parent()) else { return };
        let own = self.settings.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let day = own.as_deref().and_then(|own| name.strip_prefix(own)?.strip_prefix('-')?.get(..8));
            let day = day.and_then(|text| Date::strptime("%Y%m%d", text).ok());
            if day.is_some_and(|day| day < oldest)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::error!(%error, "an old mail log cannot be removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { program: Program::Smtp, text: text.to_owned() }
    }

    /// 2026-11-22 10:00:00 UTC, and so many days later.
    fn day(days: i64) -> Timestamp {
        Timestamp((1_795_341_600 + days * 86_400) * 1_000)
    }

    fn log(directory: &Path, keep_days: u32) -> Log {
        let settings = Settings {
            path: directory.join("mail.log"),
            keep_days,
            syslog_name: "postfix".to_owned(),
            host_name: "mx.test".to_owned(),
        };
        let mut log = Log::open(settings, TimeZone::UTC, day(0)).unwrap();
        log.day = log.date(day(0));
        log
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_line_begins_as_syslog_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut log = log(directory.path(), 30);
        log.write(Timestamp(day(0).0 + 999), &line("ID: removed"));
        log.write(day(-14), &line("of the eighth"));
        log.flush();
        let pid = std::process::id();
        let text = fs::read_to_string(directory.path().join("mail.log")).unwrap();
        let expected = format!(
            "Nov 22 10:00:00 mx.test postfix/smtp[{pid}]: ID: removed\nNov  8 10:00:00 mx.test postfix/smtp[{pid}]: of the eighth\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn each_day_has_its_file_and_old_ones_go() {
        let directory = tempfile::tempdir().unwrap();
        let other = directory.path().join("mail.log-note");
        fs::write(&other, "not a log").unwrap();
        let mut log = log(directory.path(), 2);
        for days in 0..6 {
            log.write(day(days), &line("x"));
        }
        log.flush();
        let kept = ["mail.log", "mail.log-20261125", "mail.log-20261126", "mail.log-note"];
        assert_eq!(names(directory.path()), kept);
        // A clock that is set back, and a second file of the same day.
        log.write(day(2), &line("back"));
        assert_eq!(names(directory.path()), kept);
        fs::write(directory.path().join("mail.log-20261127"), "of somebody else").unwrap();
        log.write(day(6), &line("y"));
        assert!(names(directory.path()).contains(&"mail.log-20261127.1".to_owned()));
    }

    #[test]
    fn a_file_that_was_moved_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mail.log");
        let mut log = log(directory.path(), 0);
        log.write(day(0), &line("before"));
        log.flush();
        fs::rename(&path, directory.path().join("mail.log.1")).unwrap();
        log.write(day(9), &line("after"));
        log.flush();
        assert_eq!(names(directory.path()), ["mail.log", "mail.log.1"], "another program keeps the days");
        assert!(fs::read_to_string(&path).unwrap().contains("after"));
        fs::remove_file(&path).unwrap();
        log.reopen();
        assert!(path.exists());
    }

    #[test]
    fn what_was_handed_over_is_written_before_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let settings = log(directory.path(), 0).settings;
        let path = settings.path.clone();
        let writer = Writer::start(settings).unwrap();
        for _ in 0..1_000 {
            writer.write(Clock::System.now(), line("one of many"));
        }
        writer.close();
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 1_000);
    }
}
