use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use posthaste_core::{Network, outgoing::Reach, ports::Request};
use posthaste_engine::App;
use posthaste_store::{database_time, pending_migrations, publish::is_known};
use serde::Serialize;

use crate::{app, config::Config};

/// Check configuration, database, Redis, mail, storage, clock, public address and network credentials, and say what to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    Note,
    Bad,
}

/// One check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    message: String,
}

impl Finding {
    /// Good with a message, or bad with the whole reason.
    fn of(check: &'static str, outcome: anyhow::Result<String>) -> Self {
        match outcome {
            Ok(message) => Self {
                check,
                verdict: Verdict::Good,
                message,
            },
            Err(error) => Self {
                check,
                verdict: Verdict::Bad,
                message: format!("{error:#}"),
            },
        }
    }
}

/// Clock and database may differ by this many seconds before publishing stops.
const MOST_DIFFERENCE: i64 = 10;

/// Runs every check; the exit code is 1 when one is bad.
pub async fn run(config: anyhow::Result<Config>, args: Args) -> anyhow::Result<ExitCode> {
    let findings = examine(config).await;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        for finding in &findings {
            let sign = match finding.verdict {
                Verdict::Good => '✓',
                Verdict::Note => '·',
                Verdict::Bad => '✗',
            };
            println!("{sign} {:<14} {}", finding.check, finding.message);
        }
    }
    let bad = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Bad);
    Ok(if bad {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

async fn examine(config: anyhow::Result<Config>) -> Vec<Finding> {
    let config = match config {
        Ok(config) => config,
        Err(error) => return vec![Finding::of("configuration", Err(error))],
    };
    let mut findings = vec![Finding::of("configuration", Ok("is understood".to_owned()))];
    findings.extend(networks(&config));
    match app::build(&config) {
        Ok(app) => {
            findings.push(Finding::of("secret", Ok("can be read".to_owned())));
            findings.push(Finding::of("storage", storage(&app).await));
            findings.push(Finding::of("public address", public_address(&app).await));
            findings.extend(database(&app).await);
            findings.push(redis(&app).await);
            findings.push(mail(&app).await);
        }
        Err(error) => findings.push(Finding::of("parts", Err(error))),
    }
    findings
}

fn networks(config: &Config) -> Vec<Finding> {
    let apps = config.networks.apps();
    let mut findings: Vec<Finding> = Network::ALL
        .into_iter()
        .map(|network| {
            let name = network.as_str();
            let (verdict, message) = if apps.contains_key(&network) {
                (Verdict::Good, "has app credentials".to_owned())
            } else {
                let how = format!("set POSTHASTE_{name}_CLIENT_ID and POSTHASTE_{name}_CLIENT_SECRET to connect accounts");
                (Verdict::Note, format!("has no app credentials; {how}"))
            };
            Finding { check: network.title(), verdict, message }
        })
        .collect();
    if apps.is_empty() {
        let message = "No network can be connected. Register an app at a network's developer console, or try `posthaste sandbox`.";
        findings.push(Finding {
            check: "networks",
            verdict: Verdict::Bad,
            message: message.to_owned(),
        });
    }
    findings
}

async fn storage(app: &App) -> anyhow::Result<String> {
    const KEY: &str = "doctor/probe";
    let bytes = stream::once(async { Ok(bytes::Bytes::from_static(b"probe")) }).boxed();
    let advice = "the storage cannot be written; check the folder's permissions and free space";
    app.blobs.put(KEY, bytes).await.context(advice)?;
    let size = app.blobs.size(KEY).await?;
    app.blobs.delete(KEY).await?;
    if size != Some(5) {
        bail!("what was written to the storage is not there again");
    }
    Ok("can be written and read".to_owned())
}

async fn public_address(app: &App) -> anyhow::Result<String> {
    let address = format!("{}/livez", app.public_url);
    let advice = "networks fetch media and send people back through server.public_url; start the server, and check the proxy and its name";
    match app
        .http
        .send(Request::get(&address).reaching(Reach::Anywhere))
        .await
    {
        Ok(answer) if answer.is_success() => Ok(format!("{} answers", app.public_url)),
        Ok(answer) => bail!("{address} answers with status {}; {advice}", answer.status),
        Err(error) => bail!("{address} cannot be reached ({error}); {advice}"),
    }
}

async fn database(app: &App) -> Vec<Finding> {
    let advice = "the database cannot be reached; check DATABASE_URL and that PostgreSQL runs";
    let clock = async { database_time(&mut *app.db.get().await?).await };
    match clock.await {
        Ok(clock) => vec![
            Finding::of("database", Ok("is reached".to_owned())),
            Finding::of("clock", compare(app, clock)),
            Finding::of("migrations", migrations(app).await),
            Finding::of("wall", wall(app).await),
            Finding::of("failover", failover(app).await),
        ],
        Err(error) => vec![Finding::of("database", Err(reason(error).context(advice)))],
    }
}

async fn redis(app: &App) -> Finding {
    const CHECK: &str = "Redis";
    let advice = "Redis cannot be reached: posts go out just the same, but nodes do not share rate limits and wake each \
                  other only by looking every second; check redis.url (REDIS_URL) and that Redis runs";
    match &app.redis {
        Some(redis) => {
            let answer = redis.ping().await.map(|()| "is reached".to_owned());
            Finding::of(CHECK, answer.map_err(reason).context(advice))
        }
        None => Finding {
            check: CHECK,
            verdict: Verdict::Note,
            message: "is not set; several nodes share rate limits through one (REDIS_URL)"
                .to_owned(),
        },
    }
}

async fn mail(app: &App) -> Finding {
    const CHECK: &str = "mail";
    let Some(mailer) = &app.mailer else {
        return Finding {
            check: CHECK,
            verdict: Verdict::Note,
            message: "is not set: invitations are handed on as links, and nobody registers or gets a forgotten \
                      password back; set mail.url and mail.from (POSTHASTE_MAIL_URL, POSTHASTE_MAIL_FROM)"
                .to_owned(),
        };
    };
    let advice = "the mail server cannot be used; check mail.url, its user and password, and that this machine reaches it";
    let outcome = async {
        mailer.check().await.context(advice)?;
        let waiting = async { posthaste_store::mail::waiting(&mut *app.db.get().await?).await };
        Ok(match waiting.await {
            Ok((0, _)) => "is taken by the server; none waits".to_owned(),
            Ok((count, None)) => format!("is taken by the server; {count} on their way"),
            Ok((count, Some(why))) => {
                format!("is taken by the server; {count} on their way, the last failure: {why}")
            }
            // The database has a line of its own.
            Err(_) => "is taken by the server".to_owned(),
        })
    };
    Finding::of(CHECK, outcome.await)
}

/// What the log would say.
fn reason(error: posthaste_core::Error) -> anyhow::Error {
    match error.cause {
        Some(cause) => anyhow::anyhow!("{cause}"),
        None => anyhow::anyhow!(error.message),
    }
}

fn compare(app: &App, database: DateTime<Utc>) -> anyhow::Result<String> {
    let difference = (app.now() - database).num_seconds();
    if difference.abs() > MOST_DIFFERENCE {
        bail!(
            "this machine's clock and the database's differ by {difference} s; nothing is published until they agree. \
             Run a time service (chrony, systemd-timesyncd) on both"
        );
    }
    Ok("agrees with the database".to_owned())
}

/// Publishing asks before each claim which database this is; some managed ones refuse the question.
async fn failover(app: &App) -> anyhow::Result<String> {
    let asked = async { is_known(&mut *app.db.get().await?).await };
    match asked.await {
        Ok(_) => Ok("would be noticed".to_owned()),
        Err(error) => Err(reason(error).context(
            "the database does not say which one it is (pg_current_wal_lsn, pg_control_system), so a failover would not be \
             noticed, and nothing is published; run the migrations, or use a PostgreSQL that answers",
        )),
    }
}

/// Workspaces are kept apart by the database too.
async fn wall(app: &App) -> anyhow::Result<String> {
    match posthaste_store::wall::check(&app.db).await {
        Ok(()) => Ok("stands between workspaces".to_owned()),
        Err(error) => bail!(error.message),
    }
}

async fn migrations(app: &App) -> anyhow::Result<String> {
    match pending_migrations(app.db.address()).await? {
        0 => Ok("are current".to_owned()),
        pending => bail!("{pending} have not run; run `posthaste migrate`"),
    }
}
