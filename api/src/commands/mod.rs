//! One file for each subcommand.

mod audit;
mod client;
mod doctor;
mod drain;
mod errors;
mod incidents;
mod keys;
mod migrate;
mod nodes;
mod people;
mod permissions;
mod prompt;
mod recover;
mod sandbox;
mod schema;
mod serve;
mod setup;
mod worker;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    config::{Config, Flags},
    logs,
};

/// What is said below the list of commands.
const WHERE: &str = "login, post, import, schedule, why, events, webhooks, graphql and sandbox trigger talk to a server \
     anywhere; the others work on the machine that runs it.\n\
     Begin with `posthaste sandbox` in one terminal and `posthaste login --sandbox` in another.";

/// Posthaste: publishes to social networks, exactly when you said
#[derive(Debug, Parser)]
#[command(name = "posthaste", version, propagate_version = true, after_help = WHERE)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Worker(worker::Args),
    Nodes(nodes::Args),
    Drain(drain::Args),
    Migrate(migrate::Args),
    Recover(recover::Args),
    Setup(setup::Args),
    Sandbox(sandbox::Args),
    Schema(schema::Args),
    Errors(errors::Args),
    Permissions(permissions::Args),
    Doctor(doctor::Args),
    Keys(keys::Args),
    Audit(audit::Args),
    Incidents(incidents::Args),
    People(people::Args),
    #[command(flatten)]
    Client(client::Command),
    Completions(client::Completions),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("posthaste: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let flags = cli.flags;
    match cli.command {
        Command::Schema(args) => {
            schema::run(&args);
            Ok(ExitCode::SUCCESS)
        }
        Command::Errors(args) => {
            errors::run(&args);
            Ok(ExitCode::SUCCESS)
        }
        Command::Permissions(args) => {
            permissions::run(&args);
            Ok(ExitCode::SUCCESS)
        }
        Command::Sandbox(mut args) => match args.action.take() {
            Some(sandbox::Action::Trigger(args)) => Ok(runtime()?.block_on(client::trigger(args))),
            None => on_runtime(sandbox::run(args)),
        },
        Command::Serve(args) => {
            let config = configured(&flags)?;
            on_runtime(serve::run(config, args))
        }
        Command::Worker(args) => {
            let config = configured(&flags)?;
            on_runtime(worker::run(config, args))
        }
        Command::Nodes(args) => {
            let config = configured(&flags)?;
            on_runtime(nodes::run(config, args))
        }
        Command::Drain(args) => {
            let config = configured(&flags)?;
            on_runtime(drain::run(config, args))
        }
        Command::Migrate(args) => {
            let config = configured(&flags)?;
            on_runtime(migrate::run(config, args))
        }
        Command::Recover(args) => {
            let config = configured(&flags)?;
            on_runtime(recover::run(config, args))
        }
        Command::Setup(args) => {
            let config = configured(&flags)?;
            on_runtime(setup::run(config, args))
        }
        Command::Keys(args) => {
            let config = configured(&flags)?;
            on_runtime(keys::run(config, args))
        }
        Command::Incidents(args) => {
            let config = configured(&flags)?;
            on_runtime(incidents::run(config, args))
        }
        Command::Audit(args) => {
            let config = configured(&flags)?;
            on_runtime(audit::run(config, args))
        }
        Command::People(args) => {
            let config = configured(&flags)?;
            on_runtime(people::run(config, args))
        }
        Command::Client(command) => Ok(runtime()?.block_on(client::run(command))),
        Command::Completions(args) => {
            client::completions(&args, Cli::command());
            Ok(ExitCode::SUCCESS)
        }
        // A configuration that cannot be read is a finding of the doctor, not its end.
        Command::Doctor(args) => runtime()?.block_on(doctor::run(Config::load(&flags), args)),
    }
}

fn configured(flags: &Flags) -> anyhow::Result<Config> {
    let config = Config::load(flags)?;
    logs::start(&config.log)?;
    Ok(config)
}

fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(work);
    // Relays and watchers have nothing to finish.
    runtime.shutdown_background();
    outcome.map(|()| ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?)
}
