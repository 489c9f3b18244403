//! Commands that are clients of a server: everything they do, they do through the SDK.

mod accounts;
mod completions;
mod events;
mod graphql;
mod import;
mod login;
mod outcome;
mod post;
mod profile;
mod progress;
mod schedule;
mod show;
mod trigger;
mod webhooks;
mod when;
mod why;

use std::process::ExitCode;

use clap::Subcommand;

pub use completions::Args as Completions;
pub use trigger::Args as Trigger;

use outcome::{Failure, Outcome};
use show::Show;

/// What is said about exit codes in every client command's help.
const EXIT_CODES: &str = "Exit codes: 0 done, 1 refused by the server, 2 wrong usage or no profile, 3 server not \
     reached or answer not understood, 4 credential not accepted or not sufficient.";

const IMPORT_EXIT_CODES: &str = "Exit codes: 0 all lines are right, 1 some are wrong, 2 nothing came of it: no line is \
     right, the file was refused or cannot be read, 3 server not reached or answer not understood, 4 credential not \
     accepted or not sufficient, 130 Ctrl-C.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Remember a server and an API key as a profile
    ///
    /// Asks for what is not given. The key is tried before it is written into profiles.toml in
    /// $XDG_CONFIG_HOME/posthaste or ~/.config/posthaste, which only you can read.
    ///
    /// Example: posthaste login --url https://posthaste.example --api-key phk_live_…
    #[command(verbatim_doc_comment, after_help = EXIT_CODES)]
    Login(login::Args),
    /// Write a post: at a time, now, or as a draft
    ///
    /// Examples:
    ///   posthaste post "Warm bread from seven." --to x,instagram:harborstreet --at "2026-12-24 09:00" --tz Europe/Paris
    ///   posthaste post "Warm bread" --to pinterest --media bread.jpg --alt "A loaf" --link https://bakery.example --now --wait
    ///   posthaste post - --to x --draft < text.txt
    #[command(verbatim_doc_comment, after_help = EXIT_CODES)]
    Post(post::Args),
    /// Write many posts from a file, CSV or JSONL: one line, one post
    ///
    /// The file is uploaded, then the server works through it by itself; a wrong line stops no other.
    /// Ctrl-C ends the watching only. What columns and fields there are: docs/bulk.md, or /docs/bulk
    /// on your server.
    ///
    /// Examples:
    ///   posthaste import spring.csv --dry-run
    ///   posthaste import spring.jsonl --results spring-results.jsonl
    ///   posthaste import --resume job_…
    #[command(verbatim_doc_comment, after_help = IMPORT_EXIT_CODES)]
    Import(import::Args),
    /// See and change what is due
    ///
    /// Example: posthaste schedule move post_… --at "2026-12-24 10:00" --tz Europe/Paris
    #[command(subcommand, verbatim_doc_comment, after_help = EXIT_CODES)]
    Schedule(schedule::Command),
    /// Tell why a post went out, waits or failed: every step, with times and who did it
    ///
    /// Takes a target, a post (all its targets) or the public address of a live post. With --json each
    /// target is one object with its timeline, in which `detail` holds requests and answers without
    /// secrets; with --follow each further step is one more.
    ///
    /// Examples:
    ///   posthaste why post_…
    ///   posthaste why https://x.com/harborstreet/status/1455952740635586573
    ///   posthaste why target_… --follow
    #[command(verbatim_doc_comment, after_help = EXIT_CODES)]
    Why(why::Args),
    /// Follow what happens
    ///
    /// Example: posthaste events tail --type target.published --json
    #[command(subcommand, verbatim_doc_comment, after_help = EXIT_CODES)]
    Events(events::Command),
    /// Receive webhooks on this machine
    ///
    /// Example: posthaste webhooks listen --forward-to http://localhost:3000/hook
    #[command(subcommand, verbatim_doc_comment, after_help = EXIT_CODES)]
    Webhooks(webhooks::Command),
    /// Send any GraphQL document; a subscription prints one line for each result
    ///
    /// Examples:
    ///   posthaste graphql '{ viewer { role } }'
    ///   posthaste graphql -f post.graphql -v id=post_… -v first=3
    #[command(verbatim_doc_comment, after_help = EXIT_CODES)]
    Graphql(graphql::Args),
}

/// Which server, and how to talk to the person.
#[derive(Debug, clap::Args)]
pub struct Common {
    #[command(flatten)]
    access: profile::Access,
    #[command(flatten)]
    show: Show,
}

/// Performs a command; its exit code.
pub async fn run(command: Command) -> ExitCode {
    let (json, outcome) = match command {
        Command::Login(args) => (args.show.json, login::run(args).await),
        Command::Post(args) => (args.common.show.json, post::run(args).await),
        Command::Import(args) => (args.common.show.json, import::run(args).await),
        Command::Schedule(command) => (command.common().show.json, schedule::run(command).await),
        Command::Why(args) => (args.common.show.json, why::run(args).await),
        Command::Events(events::Command::Tail(args)) => {
            (args.common.show.json, events::tail(args).await)
        }
        Command::Webhooks(webhooks::Command::Listen(args)) => {
            (args.common.show.json, webhooks::listen(args).await)
        }
        Command::Graphql(args) => (args.common.show.json, graphql::run(args).await),
    };
    outcome::code(outcome, json)
}

/// Performs `posthaste sandbox trigger`.
pub async fn trigger(args: Trigger) -> ExitCode {
    let json = args.common.show.json;
    outcome::code(trigger::run(args).await, json)
}

/// Prints a completion script.
pub fn completions(args: &Completions, program: clap::Command) {
    completions::run(args, program);
}

/// Ends the work at Ctrl-C, which is no failure.
async fn until_interrupted(work: impl Future<Output = Outcome>) -> Outcome {
    tokio::select! {
        outcome = work => outcome,
        signal = tokio::signal::ctrl_c() => signal.map_err(|error| Failure::usage(error.to_string())),
    }
}
