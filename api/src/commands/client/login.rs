use posthaste_sdk::{SandboxFacts, types::Viewer};

use super::{
    outcome::{Failure, Outcome},
    profile::{Place, Profile, USUAL, client},
    show::Show,
};
use crate::commands::prompt;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// The server's address.
    #[arg(long, env = "POSTHASTE_URL")]
    url: Option<String>,
    /// The API key.
    #[arg(long, env = "POSTHASTE_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// Use the sandbox that runs on this machine, with the key of this role.
    #[arg(long, value_name = "ROLE", num_args = 0..=1, default_missing_value = "owner", conflicts_with_all = ["url", "api_key"])]
    sandbox: Option<String>,
    /// The profile's name.
    #[arg(long, env = "POSTHASTE_PROFILE", default_value = USUAL)]
    profile: String,
    #[command(flatten)]
    pub show: Show,
}

/// Tries the key and remembers it.
pub async fn run(args: Args) -> Outcome {
    let (url, key) = given(&args)?;
    let viewer = client(&url, &key)?.viewer().get().await?;
    let mut profiles = args.place.read()?;
    profiles
        .profiles
        .insert(args.profile.clone(), Profile { url, key });
    args.place.write(&profiles)?;
    args.show.result(&viewer, &args.profile, || {
        format!("Profile '{}': {}.", args.profile, who(&viewer))
    });
    Ok(())
}

fn given(args: &Args) -> Outcome<(String, String)> {
    if let Some(role) = &args.sandbox {
        let facts = SandboxFacts::find()?;
        return Ok((facts.api_url.clone(), facts.key(role)?.to_owned()));
    }
    let unreadable = |error: anyhow::Error| Failure::usage(format!("{error:#}"));
    let url = match &args.url {
        Some(url) => url.clone(),
        None => prompt::line("Address of the server").map_err(unreadable)?,
    };
    let key = match &args.api_key {
        Some(key) => key.clone(),
        None => prompt::secret("API key").map_err(unreadable)?,
    };
    if url.is_empty() || key.is_empty() {
        return Err(Failure::usage(
            "an address and an API key are needed: --url and --api-key",
        ));
    }
    Ok((url, key))
}

fn who(viewer: &Viewer) -> String {
    let name = match (&viewer.key, &viewer.person) {
        (Some(key), _) => format!("key '{}'", key.name),
        (None, Some(person)) => person.email.clone(),
        (None, None) => "somebody".to_owned(),
    };
    format!(
        "{name}, {}, in workspace '{}'",
        viewer.role, viewer.workspace.name
    )
}
