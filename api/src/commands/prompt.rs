//! Asking the person in front of the terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Context;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

/// Reads a line from standard input; the question is put only to somebody who types.
pub fn line(question: &str) -> anyhow::Result<String> {
    ask(question, false)
}

/// As [`line`], unseen while it is typed.
pub fn secret(question: &str) -> anyhow::Result<String> {
    ask(question, true)
}

fn ask(question: &str, hidden: bool) -> anyhow::Result<String> {
    let typed = io::stdin().is_terminal();
    if typed {
        eprint!("{question}: ");
        io::stderr().flush()?;
    }
    let unseen = (typed && hidden).then(Unseen::start).transpose()?;
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .context("standard input cannot be read")?;
    if unseen.is_some() {
        eprintln!();
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// While it lives, the terminal does not show what is typed.
struct Unseen(Termios);

impl Unseen {
    fn start() -> nix::Result<Self> {
        let usual = tcgetattr(io::stdin())?;
        let mut quiet = usual.clone();
        quiet.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &quiet)?;
        Ok(Self(usual))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0);
    }
}
