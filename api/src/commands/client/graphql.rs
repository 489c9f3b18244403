use std::{io::Read, path::PathBuf};

use posthaste_sdk::TryStreamExt;
use serde_json::{Map, Value};

use super::{
    Common,
    outcome::{Failure, Outcome},
    show::print,
    until_interrupted,
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The document; `-` reads it from standard input.
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    document: Option<String>,
    /// A file that holds the document.
    #[arg(long, short)]
    file: Option<PathBuf>,
    /// A variable, name=value; the value is read as JSON if it is JSON. May be repeated.
    #[arg(long = "variable", short = 'v', value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, Value)>,
    /// Makes a repeat of a mutation harmless.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

fn variable(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("a variable looks like name=value")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

/// Sends the document and prints `data`.
pub async fn run(args: Args) -> Outcome {
    let client = args.common.access.client()?;
    let document = document(&args)?;
    let variables: Map<String, Value> = args.variables.into_iter().collect();
    if is_subscription(&document) {
        let mut results = client.subscribe(document, variables);
        return until_interrupted(async move {
            while let Some(result) = results.try_next().await? {
                print(&result.to_string());
            }
            Ok(())
        })
        .await;
    }
    let call = client.request(document, variables);
    let data = match args.idempotency_key {
        Some(key) => call.idempotency_key(key).await?,
        None => call.await?,
    };
    print(&serde_json::to_string_pretty(&data).unwrap_or_default());
    Ok(())
}

fn document(args: &Args) -> Outcome<String> {
    let unreadable =
        |error: std::io::Error| Failure::usage(format!("the document cannot be read: {error}"));
    match (&args.file, args.document.as_deref()) {
        (Some(file), _) => std::fs::read_to_string(file).map_err(unreadable),
        (None, Some("-") | None) => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(unreadable)?;
            Ok(text)
        }
        (None, Some(document)) => Ok(document.to_owned()),
    }
}

/// Whether its operation is a subscription.
fn is_subscription(document: &str) -> bool {
    async_graphql::parser::parse_query(document).is_ok_and(|parsed| {
        let mut operations = parsed.operations.iter();
        operations.any(|(_, operation)| operation.node.ty.to_string() == "subscription")
    })
}
