//! Mails to people. One is written down in the transaction of what it tells of, and sent by a worker. Its text,
//! and the token in it, are made when it is sent: the database never holds them.

mod letter;
mod worker;

use posthaste_core::{
    Error, ErrorCode, Result,
    access::Permission,
    ids::{MailId, WorkspaceId},
    ports::Message,
    secret::Secret,
};
use posthaste_store::{
    Conn,
    mail::{self as rows, Mail},
};
use uuid::Uuid;

pub(crate) use letter::Letter;
pub use letter::link;
pub use worker::{run, send_due};

use crate::{Actor, App, session};

/// A mail to be written down.
pub(crate) struct Outgoing {
    /// Its id; the token in it follows from it.
    pub id: MailId,
    /// The workspace that it tells of.
    pub workspace: Option<WorkspaceId>,
    /// The address.
    pub to: String,
    /// The invitation or person that it is about.
    pub about: Uuid,
    /// What it says.
    pub letter: Letter,
}

/// Whether this server sends mails.
pub fn is_configured(app: &App) -> bool {
    app.mailer.is_some()
}

/// `MAIL_NOT_CONFIGURED` where no mail is sent, for what cannot do without.
pub(crate) fn require(app: &App) -> Result<()> {
    if is_configured(app) {
        return Ok(());
    }
    let code = ErrorCode::MailNotConfigured;
    Err(Error::new(code, code.title()))
}

/// The id of a mail to come.
pub(crate) fn new_id(app: &App) -> MailId {
    MailId::new(&*app.clock, &*app.random)
}

/// The token in a mail: nobody makes it from the mail's id without the server's secret.
pub(crate) fn token(app: &App, prefix: &str, id: MailId) -> Result<Secret> {
    let seed = session::keyed_hash(&app.secret, &format!("mail token {id}"))?;
    let seed = seed
        .try_into()
        .map_err(|_| Error::internal("a keyed hash has 32 bytes"))?;
    Ok(session::credential(prefix, seed))
}

/// Writes a mail down, to be sent once the transaction is committed; nothing where no mail is sent.
pub(crate) async fn queue(app: &App, conn: &mut Conn, mail: Outgoing) -> Result<()> {
    if !is_configured(app) {
        return Ok(());
    }
    let now = app.now();
    let row = Mail {
        id: mail.id,
        workspace_id: mail.workspace.map(WorkspaceId::uuid),
        recipient: mail.to,
        letter: serde_json::to_value(&mail.letter).map_err(Error::internal)?,
        about: mail.about,
        tries: 0,
        created_at: now,
        due_at: Some(now),
        error: None,
    };
    rows::insert(conn, &row).await
}

/// What a mail says; none when there is nobody to say it to.
async fn letter(conn: &mut Conn, mail: &Mail) -> Result<Option<Letter>> {
    let letter: Letter = serde_json::from_value(mail.letter.clone()).map_err(Error::internal)?;
    letter.settle(conn, &mail.recipient).await
}

/// A mail as it is sent.
fn message(app: &App, mail: &Mail, letter: &Letter) -> Result<Message> {
    let (subject, text) = letter.write(app, mail.id)?;
    Ok(Message {
        id: mail.id.to_string(),
        at: mail.created_at,
        to: mail.recipient.clone(),
        subject,
        text,
    })
}

/// A mail of a sandbox.
#[derive(Clone, Debug)]
pub struct Read {
    /// As it is sent.
    pub message: Message,
    /// What is to be handed back, if it brings something.
    pub token: Option<Secret>,
    /// Whether it is in the mailbox, not still on its way.
    pub is_delivered: bool,
}

/// The newest mails of a sandbox, newest first: those that tell of the workspace or of people alone; `to` narrows
/// them to an address. None elsewhere.
pub async fn mailbox(app: &App, actor: &Actor, to: Option<&str>, limit: i64) -> Result<Vec<Read>> {
    actor.require(Permission::Read)?;
    read(app, Some(actor.workspace), to, limit).await
}

/// The newest mails of a sandbox to everybody. None elsewhere.
pub async fn whole_mailbox(app: &App, limit: i64) -> Result<Vec<Read>> {
    read(app, None, None, limit).await
}

async fn read(
    app: &App,
    workspace: Option<WorkspaceId>,
    to: Option<&str>,
    limit: i64,
) -> Result<Vec<Read>> {
    if !app.sandbox {
        return Ok(Vec::new());
    }
    let to = to.map(|to| to.trim().to_lowercase());
    // Some tell of people alone.
    let mut conn = app.everywhere().db.get().await?;
    let mails = rows::newest(&mut conn, workspace, to.as_deref(), limit).await?;
    let mut read = Vec::with_capacity(mails.len());
    for mail in &mails {
        let is_delivered = mail.due_at.is_none();
        let letter = if is_delivered {
            // Kept as it went out.
            Some(serde_json::from_value(mail.letter.clone()).map_err(Error::internal)?)
        } else {
            letter(&mut conn, mail).await?
        };
        let Some(letter) = letter else { continue };
        read.push(Read {
            message: message(app, mail, &letter)?,
            token: letter.token(app, mail.id)?,
            is_delivered,
        });
    }
    Ok(read)
}
