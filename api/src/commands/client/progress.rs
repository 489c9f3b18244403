//! How far something is, on standard error.

use std::{
    io::{IsTerminal, Write, stderr},
    sync::{Arc, Mutex, PoisonError},
};

use super::show::Show;

/// One line that moves on a terminal; elsewhere a line whenever another tenth is done. Clones are the
/// same line.
#[derive(Clone)]
pub struct Progress(Option<Arc<Mutex<Line>>>);

struct Line {
    moves: bool,
    /// Whether something stands in the line that moves.
    written: bool,
    told: Option<(String, u64)>,
}

impl Progress {
    /// Silent where there are no words for a person.
    pub fn new(show: Show) -> Self {
        let line = || Line {
            moves: stderr().is_terminal(),
            written: false,
            told: None,
        };
        Self((!show.json && !show.quiet).then(|| Arc::new(Mutex::new(line()))))
    }

    /// Tells how much of it is done.
    pub fn tell(&self, what: &str, done: u64, total: u64, text: &str) {
        self.with(|line| {
            let tenth = (done * 10).checked_div(total).unwrap_or(0);
            let news = Some((what.to_owned(), tenth));
            if line.moves {
                eprint!("\r\x1b[K{what}: {text}");
                let _ = stderr().flush();
                line.written = true;
            } else if line.told != news {
                eprintln!("{what}: {text}");
            }
            line.told = news;
        });
    }

    /// Makes room for other words.
    pub fn clear(&self) {
        self.with(|line| {
            if line.written {
                eprint!("\r\x1b[K");
                let _ = stderr().flush();
                line.written = false;
            }
        });
    }

    fn with(&self, act: impl FnOnce(&mut Line)) {
        if let Some(line) = &self.0 {
            act(&mut line.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// `3 of 10 MiB (30 %)`.
pub fn bytes(sent: u64, total: u64) -> String {
    let percent = (sent * 100).checked_div(total).unwrap_or(100);
    let (unit, name) = match total {
        0..=9_999 => (1, "bytes"),
        10_000..=9_999_999 => (1_000, "kB"),
        _ => (1_000_000, "MB"),
    };
    format!("{} of {} {name} ({percent} %)", sent / unit, total / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_a_unit_that_fits() {
        assert_eq!(bytes(5, 50), "5 of 50 bytes (10 %)");
        assert_eq!(bytes(0, 0), "0 of 0 bytes (100 %)");
        assert_eq!(bytes(20_000, 48_213), "20 of 48 kB (41 %)");
        assert_eq!(bytes(4_194_304, 104_857_600), "4 of 104 MB (4 %)");
    }
}
