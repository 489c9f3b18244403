use std::io::{IsTerminal, stderr};

use anyhow::Context;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Format, Log};

/// Sends the log to standard error: text on a terminal, else one JSON object for each line.
pub fn start(config: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)
        .with_context(|| format!("log.filter '{}' is not understood", config.filter))?;
    let json = match config.format {
        Format::Auto => !stderr().is_terminal(),
        Format::Text => false,
        Format::Json => true,
    };
    let builder = fmt().with_env_filter(filter).with_writer(stderr);
    // Fails only when a log runs already, as in tests.
    let _ = if json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init()
    } else {
        builder.with_target(false).try_init()
    };
    Ok(())
}
