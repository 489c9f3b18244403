use async_graphql::{Context, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use posthaste_core::{Error, ErrorCode, Result as CoreResult};
use posthaste_engine::sandbox::{self as engine, Advance, Reset};

use super::{
    fault::{SandboxFault, SandboxFaultInput},
    query::{Sandbox, SandboxClock, SandboxScenarioName},
};
use crate::graphql::{
    context::both,
    payload::{payload, split_all},
};

/// How to move the clock: by `seconds` or to an instant.
#[derive(InputObject)]
pub struct SandboxClockAdvanceInput {
    /// By so many seconds.
    seconds: Option<f64>,
    /// To this instant.
    to: Option<DateTime<Utc>>,
}

impl SandboxClockAdvanceInput {
    fn read(&self) -> CoreResult<Advance> {
        match (self.seconds, self.to) {
            (Some(seconds), None) => Ok(Advance::By(seconds)),
            (None, Some(at)) => Ok(Advance::To(at)),
            _ => Err(
                Error::new(ErrorCode::InvalidInput, "Give either seconds or to.").at(["seconds"]),
            ),
        }
    }
}

/// Faults to put in force, in this order and beside those that are.
#[derive(InputObject)]
pub struct SandboxFaultScriptInput {
    /// The faults, 1 to 50.
    faults: Vec<SandboxFaultInput>,
}

/// What is put back to its beginning.
#[derive(InputObject)]
pub struct SandboxResetInput {
    /// Also the workspace's posts, media and events; connections, keys and people stay.
    #[graphql(default)]
    workspace: bool,
}

/// The scenario to play.
#[derive(InputObject)]
pub struct SandboxScenarioInput {
    /// Its name.
    name: SandboxScenarioName,
}

payload! {
    /// What came of moving the clock.
    SandboxClockPayload {
        /// The clock as it stands now.
        clock: SandboxClock
    }
}

payload! {
    /// What came of putting faults in force.
    SandboxFaultScriptPayload {
        /// All faults that wait for calls now.
        faults: Vec<SandboxFault>
    }
}

payload! {
    /// What came of clearing faults.
    SandboxFaultsClearPayload {
        /// How many there were.
        cleared: usize
    }
}

payload! {
    /// What came of a reset.
    SandboxResetPayload {
        /// The sandbox.
        sandbox: Sandbox
    }
}

payload! {
    /// What came of playing a scenario.
    SandboxScenarioPayload {
        /// The sandbox.
        sandbox: Sandbox
    }
}

/// Orders to a sandbox; all take the permission `WRITE`. The simulated networks and the clock are one for all
/// workspaces of the sandbox.
#[derive(Default)]
pub struct SandboxMutation;

#[Object]
impl SandboxMutation {
    /// Moves the clock forwards, for the API, the workers and the simulated networks alike: what is
    /// due by then goes out. Only in a sandbox.
    async fn sandbox_clock_advance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to move it.")] input: SandboxClockAdvanceInput,
    ) -> Result<SandboxClockPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let clock = engine::clock_advance(app, actor, input.read()?).await?;
            Ok(clock.into())
        };
        Ok(SandboxClockPayload::of(app, outcome.await)?)
    }

    /// Puts the clock back to the machine's time. Only in a sandbox.
    async fn sandbox_clock_reset(&self, ctx: &Context<'_>) -> Result<SandboxClockPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::clock_reset(app, actor).await.map(Into::into);
        Ok(SandboxClockPayload::of(app, outcome)?)
    }

    /// Lets calls to the simulated networks go wrong. Only in a sandbox.
    async fn sandbox_fault_script(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What goes wrong.")] input: SandboxFaultScriptInput,
    ) -> Result<SandboxFaultScriptPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = async {
            let script = read_all(input.faults)?;
            let faults = engine::fault_script(app, actor, script).await?;
            Ok(faults.into_iter().map(SandboxFault::from).collect())
        };
        let (faults, errors) = split_all(app, outcome.await)?;
        Ok(SandboxFaultScriptPayload {
            faults,
            errors,
            warnings: Vec::new(),
        })
    }

    /// Takes all faults back. Only in a sandbox.
    async fn sandbox_faults_clear(&self, ctx: &Context<'_>) -> Result<SandboxFaultsClearPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::faults_clear(app, actor).await;
        Ok(SandboxFaultsClearPayload::of(app, outcome)?)
    }

    /// Empties the walls of the simulated networks, takes all faults back and gives accounts that lost
    /// their access new access. Only in a sandbox.
    async fn sandbox_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is put back.")] input: SandboxResetInput,
    ) -> Result<SandboxResetPayload> {
        let (app, actor) = both(ctx)?;
        let what = Reset {
            workspace: input.workspace,
        };
        let outcome = engine::reset(app, actor, what).await;
        let sandbox = Sandbox::find(ctx)?;
        Ok(SandboxResetPayload::of(
            app,
            outcome.and_then(|()| there(sandbox)),
        )?)
    }

    /// Plays a scenario in place of the one before: its faults are cleared, and accounts that lost
    /// their access get new access first. Posts stay. Only in a sandbox.
    async fn sandbox_scenario(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scenario.")] input: SandboxScenarioInput,
    ) -> Result<SandboxScenarioPayload> {
        let (app, actor) = both(ctx)?;
        let outcome = engine::scenario_play(app, actor, input.name.into()).await;
        let sandbox = Sandbox::find(ctx)?;
        Ok(SandboxScenarioPayload::of(
            app,
            outcome.and_then(|_| there(sandbox)),
        )?)
    }
}

fn there(sandbox: Option<Sandbox>) -> CoreResult<Sandbox> {
    sandbox.ok_or_else(|| Error::internal("a sandbox without an address took an order"))
}

fn read_all(
    faults: Vec<SandboxFaultInput>,
) -> CoreResult<Vec<(engine::Fault, Option<posthaste_core::ids::ConnectionId>)>, Vec<Error>> {
    let mut read = Vec::new();
    let mut errors = Vec::new();
    for (index, fault) in faults.into_iter().enumerate() {
        match fault.read() {
            Ok(fault) => read.push(fault),
            Err(error) => errors.push(error.within(["faults".to_owned(), index.to_string()])),
        }
    }
    if errors.is_empty() {
        Ok(read)
    } else {
        Err(errors)
    }
}
