use posthaste_sdk::types::{SandboxScenarioInput, SandboxScenarioName};

use super::{
    Common,
    outcome::{Failure, Outcome},
};

/// Put the sandbox into a situation that a program should cope with
///
/// Examples:
///   posthaste sandbox trigger rate-limited
///   posthaste sandbox trigger happy
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment, after_help = super::EXIT_CODES)]
pub struct Args {
    /// happy, rate-limited, expiring-tokens, flaky-network or big-account.
    scenario: String,
    #[command(flatten)]
    pub common: Common,
}

/// Sets the scenario.
pub async fn run(args: Args) -> Outcome {
    let wanted = args.scenario.replace('-', "_").to_uppercase();
    let name = SandboxScenarioName::from(wanted.as_str());
    if let SandboxScenarioName::Other(_) = name {
        let known: Vec<String> = SandboxScenarioName::ALL.iter().map(typed).collect();
        let message = format!(
            "there is no scenario '{}'; there are {}",
            args.scenario,
            known.join(", ")
        );
        return Err(Failure::Usage(message));
    }
    let client = args.common.access.client()?;
    let sandbox = client
        .sandbox_controls()
        .scenario(SandboxScenarioInput::new(name.clone()))
        .await?
        .sandbox;
    args.common.show.result(&sandbox, &typed(&name), || {
        format!("The sandbox is in the scenario {}.", typed(&name))
    });
    Ok(())
}

/// As it is typed.
fn typed(name: &SandboxScenarioName) -> String {
    name.as_str().to_lowercase().replace('_', "-")
}
