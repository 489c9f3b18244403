use std::{collections::HashMap, io::Read, path::Path};

use posthaste_sdk::{
    Client, Error, TryStreamExt,
    types::{
        Post, PostCreateInput, PostMediaInput, PostPayload, PostStatus, PostTargetInput,
        ScheduleInput, Target, TargetFollowOptions, Warning,
    },
};

use super::{
    Common,
    accounts::{handle, targets},
    outcome::{Failure, Outcome},
    progress::{Progress, bytes},
    show::{Show, print},
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
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
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
    let input = input(&args, text, schedule, targets, media);
    if args.dry_run {
        let judged = client.posts().create(input.dry_run(true)).await;
        discard(&client, &files).await?;
        return told(&args, judged);
    }
    let call = client.posts().create(input);
    let created = match &args.idempotency_key {
        Some(key) => call.idempotency_key(key).await?,
        None => call.await?,
    };
    warn(args.common.show, &created.warnings);
    let post = if args.wait {
        wait(&client, &args, created.post).await?
    } else {
        created.post
    };
    args.common.show.result(&post, &post.id, || {
        let all = format!("{}\n{}", headline(&post), each_target(&post));
        all.trim_end().to_owned()
    });
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

fn input(
    args: &Args,
    text: String,
    schedule: Option<ScheduleInput>,
    targets: Vec<PostTargetInput>,
    media: Vec<PostMediaInput>,
) -> PostCreateInput {
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
    input
}

/// Tells what a dry run found.
fn told(args: &Args, judged: Result<PostPayload, Error>) -> Outcome {
    let show = args.common.show;
    match judged {
        Ok(payload) => {
            warn(show, &payload.warnings);
            let post = &payload.post;
            show.result(post, "", || {
                let due = post
                    .due_at
                    .map(|due| format!("Due {}.\n", due.format(SECONDS)));
                let due = due.unwrap_or_default();
                format!("{due}{}It would be accepted.", each_target(post))
            });
            Ok(())
        }
        Err(Error::Refused(refused)) if !show.json => {
            for error in &refused.errors {
                print(&format!("error: {error}"));
            }
            show.result(&(), "", || "It would be refused.".to_owned());
            let message = match refused.errors.len() {
                1 => "1 mistake to mend".to_owned(),
                many => format!("{many} mistakes to mend"),
            };
            Err(Failure::Ended(message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells warnings.
pub fn warn(show: Show, warnings: &[Warning]) {
    for warning in warnings {
        let (code, message, advice) = (&warning.code, &warning.message, &warning.advice);
        show.note(&format!("warning: {code}: {message} {advice}"));
    }
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

/// A line for each target.
fn each_target(post: &Post) -> String {
    let line = |target: &Target| {
        let more = match (&target.permalink, &target.error) {
            (Some(permalink), _) => permalink.clone(),
            (None, Some(error)) => format!("{}: {} {}", error.code, error.message, error.advice),
            (None, None) => String::new(),
        };
        let account = handle(&target.network, &target.connection);
        let line = format!("  {account} {} {more}", target.state);
        line.trim_end().to_owned() + "\n"
    };
    post.targets.iter().map(line).collect()
}
