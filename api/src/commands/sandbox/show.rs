//! What the person in front of the terminal sees.

use std::{io::Write, time::Instant};

use serde_json::{Map, Value};

use super::{layout::Layout, seed::Seed};

/// A line of progress.
///
/// A reader that went away (`| head`) must not end the sandbox: printing never fails.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "sandbox: {text}");
}

/// A step with its time.
pub struct Step(Instant);

impl Step {
    /// Starts the watch.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// Says that the step is done.
    pub fn done(&self, what: &str) {
        line(&format!("{what} ready ({:.1} s)", self.seconds()));
    }

    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// Prints where everything is.
pub fn welcome(layout: &Layout, seed: &Seed, begin: &Step) {
    let _ = write_welcome(&mut std::io::stdout(), layout, seed, begin);
}

fn write_welcome(
    out: &mut impl Write,
    layout: &Layout,
    seed: &Seed,
    begin: &Step,
) -> std::io::Result<()> {
    let (api, networks) = (layout.api_url(), layout.networks_url());
    let logs = layout.home.join("logs");
    writeln!(out, "\nPosthaste runs ({:.1} s).\n", begin.seconds())?;
    let browser = layout
        .graphiql()
        .map_or("API and console", |_| "API and GraphiQL");
    writeln!(out, "  {browser:<18}  {api}")?;
    writeln!(
        out,
        "  Simulated networks  {networks} (walls), {networks}/log (accepted posts)"
    )?;
    writeln!(out, "  Mails to people     {api}/mailbox")?;
    writeln!(out, "  Logs                {}", logs.display())?;
    writeln!(
        out,
        "  Facts for scripts   {}",
        layout.facts_file().display()
    )?;
    writeln!(out, "\n  Sign in as (role, e-mail, password)")?;
    for person in &seed.people {
        writeln!(out, "    {}", row(person, &["role", "email", "password"]))?;
    }
    writeln!(out, "\n  API keys")?;
    for (role, key) in &seed.keys {
        writeln!(out, "    {role:<8}  {}", key.as_str().unwrap_or_default())?;
    }
    writeln!(
        out,
        "\nIn another terminal here: posthaste login --sandbox\nCtrl-C stops everything."
    )?;
    out.flush()
}

fn row(person: &Map<String, Value>, columns: &[&str]) -> String {
    let texts = columns
        .iter()
        .filter_map(|column| person.get(*column)?.as_str());
    texts
        .map(|text| format!("{text:<8}"))
        .collect::<Vec<_>>()
        .join("  ")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_one_line() {
        let person = serde_json::json!({ "email": "ada@example.org", "role": "owner", "password": "sandbox" });
        let row = row(person.as_object().unwrap(), &["role", "email", "password"]);
        assert_eq!(row, "owner     ada@example.org  sandbox");
    }
}
