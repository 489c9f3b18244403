use std::time::{Duration, Instant};

use chrono::TimeDelta;
use futures::future::join_all;
use posthaste_core::{
    Error, Result,
    ports::{MailError, Mailer, Message},
};
use posthaste_store::{
    mail::{self as rows, Mail},
    person, provider_step,
};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{letter, message};
use crate::App;

/// Mails that are sent at the same time.
const AT_ONCE: i64 = 10;

/// How long a worker may take for a try before it is taken for lost; longer than any time limit that can be set.
const LEASE: TimeDelta = TimeDelta::minutes(5);

/// The wait after the first try that failed; each one after it is twice as long, up to an hour.
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(1);

/// When a mail is given up.
const LIFE: TimeDelta = TimeDelta::days(1);

/// How long a sandbox's mailbox keeps a mail, and how often old ones are looked for.
const KEPT: TimeDelta = TimeDelta::days(30);
const FORGET_EVERY: Duration = Duration::from_mins(10);

/// How long a stopping worker waits for what it has begun.
const DRAIN: Duration = Duration::from_secs(10);

/// Sends mails until `stop`; what is begun then has some seconds to end, else it comes again when its lease ends.
pub async fn run(app: App, stop: CancellationToken) {
    let mut forgotten = Instant::now();
    while !stop.is_cancelled() {
        let sent = tokio::select! {
            sent = send_due(&app) => sent,
            () = async { stop.cancelled().await; sleep(DRAIN).await } => return,
        };
        let wait = match sent {
            Ok(0) => app.timing.poll,
            Ok(_) => continue,
            Err(error) => {
                tracing::warn!(%error, cause = ?error.cause, "cannot look for mails to send");
                Duration::from_secs(1)
            }
        };
        if forgotten.elapsed() >= FORGET_EVERY {
            forgotten = Instant::now();
            forget(&app).await;
        }
        tokio::select! {
            () = sleep(wait) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn forget(app: &App) {
    let now = app.now();
    let gone = async {
        let mut conn = app.db.get().await?;
        rows::forget_before(&mut conn, now - KEPT).await?;
        provider_step::sweep(&mut conn, now).await?;
        person::sweep_tokens(&mut conn, now).await
    };
    if let Err(error) = gone.await {
        tracing::warn!(%error, cause = ?error.cause, "cannot forget old mails and their tokens");
    }
}

/// Tries what is due and returns how many mails that were: one turn of a worker.
pub async fn send_due(app: &App) -> Result<usize> {
    let Some(mailer) = &app.mailer else {
        return Ok(0);
    };
    let now = app.now();
    let due = rows::claim(&mut *app.db.get().await?, now, now + LEASE, AT_ONCE).await?;
    let outcomes = join_all(due.iter().map(|mail| send(app, &**mailer, mail))).await;
    outcomes.into_iter().collect::<Result<()>>()?;
    Ok(due.len())
}

async fn send(app: &App, mailer: &dyn Mailer, mail: &Mail) -> Result<()> {
    let outcome = match write(app, mail).await {
        Ok(Some((letter, message))) => mailer.send(&message).await.map(|()| Some(letter)),
        Ok(None) => Ok(None),
        // The database may be back then, or a newer version know the letter.
        Err(error) => Err(MailError {
            is_permanent: false,
            reason: format!("the mail cannot be written: {error}"),
        }),
    };
    let mut conn = app.db.get().await?;
    let error = match outcome {
        Ok(Some(letter)) if app.sandbox => return rows::keep(&mut conn, mail.id, &letter).await,
        Ok(_) => return rows::forget(&mut conn, mail.id).await,
        Err(error) => error,
    };
    let next = app.now() + app.random.around(wait(mail.tries));
    if error.is_permanent || next > mail.created_at + LIFE {
        tracing::error!(mail = %mail.id, tries = mail.tries, %error, "a mail is given up");
        return rows::forget(&mut conn, mail.id).await;
    }
    tracing::warn!(mail = %mail.id, tries = mail.tries, %error, "a mail was not taken, and is tried again");
    rows::put_off(&mut conn, mail, next, &error.reason).await
}

/// A mail as it is kept and as it is sent; none when there is nobody to send it to.
async fn write(app: &App, mail: &Mail) -> Result<Option<(Value, Message)>> {
    let Some(letter) = letter(&mut *app.db.get().await?, mail).await? else {
        return Ok(None);
    };
    let message = message(app, mail, &letter)?;
    let letter = serde_json::to_value(letter).map_err(Error::internal)?;
    Ok(Some((letter, message)))
}

/// How long to wait after so many tries.
fn wait(tries: i32) -> TimeDelta {
    let doubled = 1 << (tries - 1).clamp(0, 10);
    (FIRST_WAIT * doubled).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour() {
        let waits = [1, 2, 3, 7, 8, 1000].map(|tries| wait(tries).num_seconds());
        assert_eq!(waits, [30, 60, 120, 1920, 3600, 3600]);
    }
}
