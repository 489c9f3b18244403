use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_STANDARD};
use posthaste_core::ports::Random;
use posthaste_engine::adapters::OsRandom;
use posthaste_sdk::{TryStreamExt, types::Event, webhook::Webhook};
use serde_json::json;
use url::Url;

use super::{
    Common, EXIT_CODES,
    events::{dotted, options},
    outcome::{Failure, Outcome},
    until_interrupted,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Send every event to an address on this machine, signed as a webhook, until Ctrl-C.
    ///
    /// Needs no endpoint on the server and no public address. The secret whsec_… stays the same for a
    /// server, so that your program's configuration stays right.
    #[command(after_help = EXIT_CODES)]
    Listen(ListenArgs),
}

#[derive(Debug, clap::Args)]
pub struct ListenArgs {
    /// Where requests go, such as http://localhost:3000/hook.
    #[arg(long, value_name = "URL", value_parser = address)]
    forward_to: Url,
    /// Only these types, such as target.published; separated by commas.
    #[arg(long = "type", value_delimiter = ',')]
    types: Vec<String>,
    /// Begin after this cursor; now when left out.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// A secret of your own.
    #[arg(long, env = "POSTHASTE_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// Print the secret and end.
    #[arg(long)]
    print_secret: bool,
    /// End after so many.
    #[arg(long)]
    limit: Option<usize>,
    #[command(flatten)]
    pub common: Common,
}

fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| "an address looks like http://localhost:3000/hook".to_owned())
}

/// Forwards events.
pub async fn listen(args: ListenArgs) -> Outcome {
    let client = args.common.access.client()?;
    let secret = secret(&args, client.url().as_str())?;
    let webhook = Webhook::new(&secret).map_err(|error| Failure::usage(error.to_string()))?;
    if args.print_secret {
        super::show::print(&secret);
        return Ok(());
    }
    let show = args.common.show;
    show.note(&format!(
        "Secret {secret}; events go to {}; Ctrl-C ends it.",
        args.forward_to
    ));
    let http = http()?;
    let mut events = client
        .events()
        .follow(options(&args.types, args.after.as_deref())?);
    until_interrupted(async move {
        let mut left = args.limit.unwrap_or(usize::MAX);
        while left > 0 {
            let Some(event) = events.try_next().await? else {
                break;
            };
            let begun = Instant::now();
            let answer = forward(&http, &webhook, &args.forward_to, &event).await;
            let row = json!({ "event": event, "status": answer.as_ref().ok(), "error": answer.as_ref().err() });
            show.row(&row, || {
                let kind = dotted(&event.kind);
                match &answer {
                    Ok(status) => format!("{kind}  {}  {status} in {} ms", event.id, begun.elapsed().as_millis()),
                    Err(error) => format!("{kind}  {}  {error}", event.id),
                }
            });
            left -= 1;
        }
        Ok(())
    })
    .await
}

/// The secret that was given, or the one remembered for the server, made at its first use.
fn secret(args: &ListenArgs, server: &str) -> Outcome<String> {
    if let Some(secret) = &args.secret {
        return Ok(secret.clone());
    }
    let place = &args.common.access.place;
    let mut profiles = place.read()?;
    if let Some(secret) = profiles.webhook_secrets.get(server) {
        return Ok(secret.clone());
    }
    let mut bytes = [0; 32];
    OsRandom.fill(&mut bytes);
    let secret = format!("whsec_{}", BASE64_STANDARD.encode(bytes));
    profiles
        .webhook_secrets
        .insert(server.to_owned(), secret.clone());
    place.write(&profiles)?;
    Ok(secret)
}

fn http() -> Outcome<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| Failure::usage(error.to_string()))
}

/// Sends one event; the receiver's status. The local program may be down: that ends nothing.
async fn forward(
    http: &reqwest::Client,
    webhook: &Webhook,
    to: &Url,
    event: &Event,
) -> Result<u16, String> {
    let body =
        json!({ "type": dotted(&event.kind), "timestamp": event.at, "data": event }).to_string();
    let request = http
        .post(to.clone())
        .header("content-type", "application/json")
        .headers(webhook.sign(&event.id, body.as_bytes()))
        .body(body);
    match request.send().await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(format!("not received: {}", error.without_url())),
    }
}
