//! The movable clock: system time plus an offset that other processes read from the same file.

use std::{
    fs, io,
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, TimeDelta, Utc};

/// The offset file is read again at most this often, in milliseconds.
const REREAD_MS: i64 = 20;

/// Simulated time.
pub struct Clock {
    file: Option<PathBuf>,
    offset_ms: AtomicI64,
    read_at_ms: AtomicI64,
}

impl Clock {
    /// A clock that follows `file` when given, else only its own offset.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self {
            file,
            offset_ms: AtomicI64::new(0),
            read_at_ms: AtomicI64::new(0),
        }
    }

    /// System time in milliseconds since 1970, untouched by the offset: processing times and
    /// read-back lag run on it.
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    pub fn real_ms() -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
    }

    /// Simulated now.
    pub fn now(&self) -> DateTime<Utc> {
        let ms = Self::real_ms().saturating_add(self.offset_ms());
        DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The offset in milliseconds, re-read from the file at most every 20 ms.
    pub fn offset_ms(&self) -> i64 {
        let Some(file) = &self.file else {
            return self.offset_ms.load(Ordering::Relaxed);
        };
        let real = Self::real_ms();
        if (real - self.read_at_ms.load(Ordering::Relaxed)).abs() >= REREAD_MS {
            self.read_at_ms.store(real, Ordering::Relaxed);
            if let Some(offset) = fs::read_to_string(file)
                .ok()
                .and_then(|t| t.trim().parse().ok())
            {
                self.offset_ms.store(offset, Ordering::Relaxed);
            }
        }
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Sets the offset and writes it to the file by rename, so that no reader sees half a number.
    pub fn set_offset_ms(&self, offset: i64) -> io::Result<()> {
        if let Some(file) = &self.file {
            let temporary = file.with_extension("tmp");
            fs::write(&temporary, offset.to_string())?;
            fs::rename(&temporary, file)?;
        }
        self.offset_ms.store(offset, Ordering::Relaxed);
        Ok(())
    }

    /// Moves the clock to `instant`.
    pub fn set_now(&self, instant: DateTime<Utc>) -> io::Result<()> {
        self.set_offset_ms(instant.timestamp_millis().saturating_sub(Self::real_ms()))
    }

    /// Moves the clock by `delta`.
    pub fn advance(&self, delta: TimeDelta) -> io::Result<()> {
        self.set_offset_ms(self.offset_ms().saturating_add(delta.num_milliseconds()))
    }
}
