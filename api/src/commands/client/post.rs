use std::{collections::HashMap, io::Read, path::Path};

use posthaste_sdk::{
    Client, TryStreamExt,
    types::{
        Connection, ConnectionListOptions, Network, Post, PostCreateInput, PostMediaInput,
        PostStatus, PostTargetInput, PostValidateInput, ScheduleInput, TargetConnection,
        TargetFollowOptions,
    },
};

use super::{
    Common,
    outcome::{Failure, Outcome},
    progress::{Progress, bytes},
    when::{SECONDS, When},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The text; `-` reads it from standard input.
    text: String,
    /// Where it goes: a network (x), an account on it (instagram:harborstreet) or a connection's id,
    /// separated by commas.
    #[arg(
        long,
        value_name = "ACCOUNT",
        value_delimiter = ',',
        required_unless_present = "draft"
    )]
    to: Vec<String>,
    #[command(flatten)]
    when: When,
    /// Publish at once.
    #[arg(long, conflicts_with = "at")]
    now: bool,
    /// Keep it as a draft.
    #[arg(long, conflicts_with_all = ["at", "now"])]
    draft: bool,
    /// Judge everything and publish nothing. Files are uploaded, judged, and removed again.
    #[arg(long)]
    dry_run: bool,
    /// Wait until it is published everywhere; exit code 1 if it is not.
    #[arg(long, conflicts_with_all = ["draft", "dry_run"])]
    wait: bool,
    /// A picture or video, or the id of one that is uploaded already; may be repeated.
    #[arg(long, value_name = "FILE")]
    media: Vec<String>,
    /// Description of the picture or video at the same place; may be repeated.
    #[arg(long, value_name = "TEXT")]
    alt: Vec<String>,
    /// The link.
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// The title, for networks that have one.
    #[arg(long)]
    title: Option<String>,
    /// Makes a repeat of this command harmless: the same key makes no second post.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Uploads, writes, and waits if asked to.
pub async fn run(args: Args) -> Outcome {
    let schedule = schedule(&args)?;
    if args.alt.len() > args.media.len() {
        return Err(Failure::usage("there are more --alt than --media"));
    }
    let client = args.common.access.client()?;
    let targets = targets(&client, &args.to).await?;
    let text = text(&args.text)?;
    let files = upload(&client, &args).await?;
    let media: Vec<PostMediaInput> = files
        .iter()
        .map(|file| PostMediaInput::new(&file.id))
        .collect();
    if args.dry_run {
        let input = validate_input(&args, text, schedule, targets, media);
        let judged = judge(&client, &args, input).await;
        discard(&client, &files).await?;
        return judged;
    }
    let mut input = PostCreateInput::new()
        .text(text)
        .targets(targets)
        .media(media);
    if let Some(schedule) = schedule {
        input = input.schedule(schedule);
    }
    if let Some(link) = &args.link {
        input = input.link(link);
    }
    if let Some(title) = &args.title {
        input = input.title(title);
    }
    let call = client.posts().create(input);
    let created = match &args.idempotency_key {
        Some(key) => call.idempotency_key(key).await?,
        None => call.await?,
    };
    for warning in &created.warnings {
        args.common.show.note(&format!(
            "warning: {}: {} {}",
            warning.code, warning.message, warning.advice
        ));
    }
    let post = if args.wait {
        wait(&client, &args, created.post).await?
    } else {
        created.post
    };
    args.common.show.result(&post, &post.id, || lines(&post));
    let failed = args.wait && post.status != PostStatus::Published;
    if failed {
        return Err(Failure::Ended(format!("{} is {}", post.id, post.status)));
    }
    Ok(())
}

fn schedule(args: &Args) -> Outcome<Option<ScheduleInput>> {
    if args.now {
        return Ok(Some(ScheduleInput::new().now(true)));
    }
    let schedule = args.when.schedule()?;
    if schedule.is_none() && !args.draft {
        return Err(Failure::usage("say when: --at TIME, --now or --draft"));
    }
    Ok(schedule)
}

fn text(argument: &str) -> Outcome<String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("standard input cannot be read: {error}")))?;
    Ok(text.trim_end().to_owned())
}

async fn targets(client: &Client, to: &[String]) -> Outcome<Vec<PostTargetInput>> {
    if to.is_empty() {
        return Ok(Vec::new());
    }
    let all = client
        .connections()
        .list_all(ConnectionListOptions::new().first(100));
    let all: Vec<Connection> = all.try_collect().await?;
    to.iter()
        .map(|wanted| Ok(PostTargetInput::new(&find(&all, wanted)?.id)))
        .collect()
}

/// The one connection that is meant.
fn find<'a>(all: &'a [Connection], wanted: &str) -> Outcome<&'a Connection> {
    if wanted.starts_with("conn_") {
        let found = all.iter().find(|connection| connection.id == wanted);
        return found.ok_or_else(|| Failure::usage(format!("there is no connection {wanted}")));
    }
    let (network, account) = match wanted.split_once(':') {
        Some((network, account)) => (network, Some(account)),
        None => (wanted, None),
    };
    let matches = |connection: &&Connection| {
        connection.network.as_str().eq_ignore_ascii_case(network)
            && account.is_none_or(|account| {
                let handle = connection.username.as_deref().unwrap_or_default();
                handle.eq_ignore_ascii_case(account.trim_start_matches('@'))
                    || connection.name == account
            })
    };
    let found: Vec<&Connection> = all.iter().filter(matches).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::usage(format!(
            "no account is connected that is '{wanted}'"
        ))),
        many => {
            let names: Vec<String> = many.iter().map(|connection| name(connection)).collect();
            Err(Failure::usage(format!(
                "'{wanted}' may be {}: say which",
                names.join(" or ")
            )))
        }
    }
}

fn name(connection: &Connection) -> String {
    let network = connection.network.as_str().to_lowercase();
    let account = connection.username.as_ref().unwrap_or(&connection.name);
    format!("{network}:{account}")
}

struct File {
    id: String,
    /// Whether this command uploaded it.
    ours: bool,
}

async fn upload(client: &Client, args: &Args) -> Outcome<Vec<File>> {
    let mut files = Vec::new();
    for (index, media) in args.media.iter().enumerate() {
        if media.starts_with("media_") && !Path::new(media).exists() {
            files.push(File {
                id: media.clone(),
                ours: false,
            });
            continue;
        }
        let mut upload = client.media().upload_file(media);
        if let Some(alt) = args.alt.get(index) {
            upload = upload.alt_text(alt);
        }
        let (progress, name) = (Progress::new(args.common.show), media.clone());
        let line = progress.clone();
        upload = upload.on_progress(move |now| {
            line.tell(&name, now.sent, now.total, &bytes(now.sent, now.total));
        });
        let uploaded = upload.await;
        progress.clear();
        files.push(File {
            id: uploaded?.id,
            ours: true,
        });
    }
    Ok(files)
}

async fn discard(client: &Client, files: &[File]) -> Outcome {
    for file in files.iter().filter(|file| file.ours) {
        client.media().delete(&file.id).await?;
    }
    Ok(())
}

fn validate_input(
    args: &Args,
    text: String,
    schedule: Option<ScheduleInput>,
    targets: Vec<PostTargetInput>,
    media: Vec<PostMediaInput>,
) -> PostValidateInput {
    let mut input = PostValidateInput::new(targets).text(text).media(media);
    if let Some(schedule) = schedule {
        input = input.schedule(schedule);
    }
    if let Some(link) = &args.link {
        input = input.link(link);
    }
    if let Some(title) = &args.title {
        input = input.title(title);
    }
    input
}

async fn judge(client: &Client, args: &Args, input: PostValidateInput) -> Outcome {
    let judged = client.posts().validate(input).await?;
    let verdict = if judged.valid {
        "It would be accepted."
    } else {
        "It would be refused."
    };
    args.common.show.result(&judged, "", || {
        let errors = judged.errors.iter().map(|error| format!("error: {error}"));
        let warnings = judged.warnings.iter();
        let warnings =
            warnings.map(|warning| format!("warning: {}: {}", warning.code, warning.message));
        errors
            .chain(warnings)
            .chain([verdict.to_owned()])
            .collect::<Vec<_>>()
            .join("\n")
    });
    if judged.valid {
        return Ok(());
    }
    let count = judged.errors.len();
    Err(Failure::Ended(format!(
        "{count} {} to mend",
        if count == 1 { "mistake" } else { "mistakes" }
    )))
}

async fn wait(client: &Client, args: &Args, post: Post) -> Outcome<Post> {
    let mut progress = client
        .targets()
        .follow(TargetFollowOptions::new().post_id(&post.id));
    let mut told = HashMap::new();
    while let Some(step) = progress.try_next().await? {
        let target = step.target;
        let known = told.insert(target.id.clone(), target.state.clone());
        if known.as_ref() != Some(&target.state) {
            let account = handle(&target.network, &target.connection);
            args.common
                .show
                .note(&format!("{account} {}", target.state));
        }
    }
    Ok(client.posts().get(&post.id).await?)
}

/// How a post stands, on one line.
pub fn headline(post: &Post) -> String {
    let due = post.due_at.filter(|_| post.status == PostStatus::Scheduled);
    match due {
        Some(due) => format!("{} {} for {}", post.id, post.status, due.format(SECONDS)),
        None => format!("{} {}", post.id, post.status),
    }
}

fn lines(post: &Post) -> String {
    let mut lines = vec![headline(post)];
    for target in &post.targets {
        let more = match (&target.permalink, &target.error) {
            (Some(permalink), _) => permalink.clone(),
            (None, Some(error)) => format!("{}: {} {}", error.code, error.message, error.advice),
            (None, None) => String::new(),
        };
        let account = handle(&target.network, &target.connection);
        let line = format!("  {account} {} {more}", target.state);
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

/// As `--to` takes it.
pub fn handle(network: &Network, connection: &TargetConnection) -> String {
    let account = connection.username.as_ref().unwrap_or(&connection.name);
    format!("{}:{account}", network.as_str().to_lowercase())
}
