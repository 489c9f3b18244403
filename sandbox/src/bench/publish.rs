//! Targets per second through one worker, all due at the same moment.

use std::{
    collections::{BTreeMap, HashSet},
    io::Cursor,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use posthaste_core::{
    Network,
    ids::MediaId,
    post::{Content, Fit, MediaRef, PostBody},
    target::State,
};
use posthaste_engine::{
    App,
    media::{self, NewUpload},
    post::{self, NewPost, NewTarget, When},
    publish::{self, Settings},
};
use posthaste_store::{connection::Connection, target};
use tokio_util::sync::CancellationToken;

use super::{ground::Ground, spread::quantile};

/// Options of the benchmark.
#[derive(clap::Args)]
pub struct Args {
    /// Targets in all.
    #[arg(long, default_value_t = 10_000)]
    targets: usize,
    /// Connections, spread evenly over the networks.
    #[arg(long, default_value_t = 400)]
    connections: usize,
    /// Targets in work at the same time.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Only these networks (comma-separated).
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "FACEBOOK,INSTAGRAM,PINTEREST,X"
    )]
    networks: Vec<String>,
}

/// Prepares, publishes, and compares every target with every wall.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let ground = Ground::new().await?;
    let networks = args
        .networks
        .iter()
        .map(|name| name.parse())
        .collect::<Result<Vec<Network>, _>>()?;
    let connections = accounts(&ground, &networks, args.connections).await?;
    let posts = args.targets.div_ceil(connections.len());
    println!(
        "{} connections, {} targets, one worker, {} at a time",
        connections.len(),
        posts * connections.len(),
        args.concurrency
    );

    let picture = picture(&ground).await?;
    let due = ground.app.now() + TimeDelta::seconds(5 + (args.targets / 400) as i64);
    for number in 0..posts {
        write(&ground, number, picture, &connections, due).await?;
    }
    let early = (due - ground.app.now())
        .to_std()
        .context("writing the posts took longer than planned; give fewer targets")?;
    println!("written; due in {:.1} s", early.as_secs_f64());
    tokio::time::sleep(early).await;

    let began = Instant::now();
    let stop = CancellationToken::new();
    let settings = Settings {
        concurrency: args.concurrency,
        guarded: false,
        ..Settings::default()
    };
    let worker = tokio::spawn(publish::run(ground.app.clone(), settings, stop.clone()));
    let total = posts * connections.len();
    let took = drained(&ground.app, &ground, total, began).await?;
    stop.cancel();
    worker.await?;
    report(&ground, total, due, took).await?;
    ground.end().await
}

async fn accounts(
    ground: &Ground,
    networks: &[Network],
    count: usize,
) -> anyhow::Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for network in networks {
        let made = ground
            .control
            .add_accounts(*network, count / networks.len())
            .await?;
        let rows = stream::iter(made)
            .map(|account| async move {
                posthaste_engine::sandbox::connect(
                    &ground.app,
                    &ground.actor,
                    *network,
                    &account.id,
                )
                .await
            })
            .buffered(8)
            .try_collect::<Vec<_>>()
            .await?;
        connections.extend(rows);
    }
    Ok(connections)
}

async fn picture(ground: &Ground) -> anyhow::Result<MediaId> {
    let mut bytes = Cursor::new(Vec::new());
    let pixels = image::RgbImage::from_fn(640, 640, |x, y| {
        image::Rgb([(x / 3) as u8, (y / 3) as u8, 90])
    });
    pixels.write_to(&mut bytes, image::ImageFormat::Jpeg)?;
    let bytes = bytes.into_inner();
    let new = NewUpload {
        id: None,
        file_name: "bench.jpg".into(),
        bytes: bytes.len() as u64,
        alt_text: None,
    };
    let row = media::begin(&ground.app, &ground.actor, new)
        .await
        .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    media::append(
        &ground.app,
        &ground.actor,
        row.id,
        0,
        stream::once(async { Ok(bytes.into()) }).boxed(),
    )
    .await?;
    Ok(row.id)
}

async fn write(
    ground: &Ground,
    number: usize,
    picture: MediaId,
    connections: &[Connection],
    due: DateTime<Utc>,
) -> anyhow::Result<()> {
    let media = vec![MediaRef {
        id: picture,
        alt_text: None,
        crop: None,
        fit: Fit::Auto,
    }];
    let text = format!("Bench {number:05}");
    let new = NewPost {
        body: PostBody {
            content: Content {
                text,
                media,
                ..Content::default()
            },
            ..PostBody::default()
        },
        targets: connections
            .iter()
            .map(|row| NewTarget::to(row.id))
            .collect(),
        schedule: Some(When::At(due)),
        ..NewPost::default()
    };
    post::create(&ground.app, &ground.actor, new)
        .await
        .map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    Ok(())
}

/// Waits until nothing is open any more; prints progress.
async fn drained(
    app: &App,
    ground: &Ground,
    total: usize,
    began: Instant,
) -> anyhow::Result<Duration> {
    let open = target::Filter {
        states: Some(vec![
            State::Scheduled,
            State::Claimed,
            State::Sending,
            State::Uncertain,
            State::Reconciling,
        ]),
        ..Default::default()
    };
    let mut last = Instant::now();
    loop {
        let left = post::target_count(app, &ground.actor, &open).await?;
        if left == 0 {
            return Ok(began.elapsed());
        }
        if last.elapsed() > Duration::from_secs(5) {
            last = Instant::now();
            println!(
                "  {:>6} of {total} after {:.0} s",
                total as i64 - left,
                began.elapsed().as_secs_f64()
            );
        }
        ensure!(
            began.elapsed() < Duration::from_mins(30),
            "{left} targets are still open after half an hour"
        );
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

async fn report(
    ground: &Ground,
    total: usize,
    due: DateTime<Utc>,
    took: Duration,
) -> anyhow::Result<()> {
    let published = target::Filter {
        states: Some(vec![State::Published]),
        ..Default::default()
    };
    let published = post::target_count(&ground.app, &ground.actor, &published).await?;
    let walls = ground.control.log().await?;
    let mut seen = HashSet::new();
    let mut last_of = BTreeMap::<String, String>::new();
    let (mut twice, mut disorder) = (0, 0);
    let mut late = Vec::new();
    for wall in &walls {
        let account = format!("{}/{}", wall["network"], wall["account"]["id"]);
        let text = wall["text"].to_string();
        twice += usize::from(!seen.insert((account.clone(), text.clone())));
        let before = last_of.insert(account, text.clone());
        // Posts due at the same moment go out in the order of their ids, which is that of writing.
        disorder += usize::from(before.is_some_and(|before| before > text));
        let accepted: DateTime<Utc> = wall["acceptedAt"].as_str().unwrap_or_default().parse()?;
        late.push((accepted - due).num_milliseconds() as f64 / 1000.0);
    }
    late.sort_by(f64::total_cmp);
    println!(
        "published {published} of {total} in {:.1} s: {:.0} targets per second",
        took.as_secs_f64(),
        total as f64 / took.as_secs_f64()
    );
    println!(
        "on the walls {}, lost {}, twice {twice}, out of order {disorder}; after their time p50 {:.1} s, p99 {:.1} s",
        walls.len(),
        total.saturating_sub(seen.len()),
        quantile(&late, 0.5),
        quantile(&late, 0.99)
    );
    ensure!(
        published as usize == total && walls.len() == total && twice == 0 && disorder == 0,
        "not every target went out exactly once and in order"
    );
    Ok(())
}
