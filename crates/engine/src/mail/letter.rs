use posthaste_core::{Result, ids::MailId, secret::Secret};
use posthaste_store::{Conn, access, person::Purpose};
use serde::{Deserialize, Serialize};

use crate::{App, member::invitation, person::token};

/// What mails say. Names in them were chosen by others and never begin a line or a header of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Letter {
    /// Somebody is asked to become a member.
    Invitation {
        /// The name of the workspace.
        workspace: String,
    },
    /// Somebody registers with the address.
    Registration {
        /// Their name.
        name: String,
    },
    /// Somebody wants the address who cannot have it: it is the reader's.
    EmailTaken,
    /// Another password can be chosen.
    PasswordReset,
    /// Another password was chosen.
    PasswordChanged,
    /// A person wants this address in the place of theirs.
    EmailChange {
        /// Their name.
        name: String,
    },
    /// Something looks like an attack.
    Incident {
        /// The name of the workspace.
        workspace: String,
        /// What happened.
        what: String,
        /// What to do.
        advice: String,
    },
    /// A person has another address now.
    EmailChanged {
        /// That address.
        to: String,
    },
}

impl Letter {
    /// What the token in it begins with, and the page that takes it; none without a token.
    fn opens(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Invitation { .. } => Some((invitation::PREFIX, "invitation")),
            Self::Registration { .. } => Some((token::prefix(Purpose::Register), "verify")),
            Self::EmailChange { .. } => Some((token::prefix(Purpose::Email), "verify")),
            Self::PasswordReset => Some((token::prefix(Purpose::Reset), "reset")),
            Self::EmailTaken
            | Self::PasswordChanged
            | Self::EmailChanged { .. }
            | Self::Incident { .. } => None,
        }
    }

    /// What is said when the mail goes out; nothing when there is nobody to say it to. Who asked for the mail did
    /// not learn either whose the address is.
    pub async fn settle(self, conn: &mut Conn, to: &str) -> Result<Option<Self>> {
        match self {
            Self::Registration { .. } | Self::EmailChange { .. } => {
                let is_taken = access::user_by_email(conn, to).await?.is_some();
                Ok(Some(if is_taken { Self::EmailTaken } else { self }))
            }
            Self::PasswordReset => {
                let known = access::user_by_email(conn, to).await?;
                Ok(known.map(|_| self))
            }
            other => Ok(Some(other)),
        }
    }

    /// The token that the mail with this id brings.
    pub fn token(&self, app: &App, id: MailId) -> Result<Option<Secret>> {
        self.opens()
            .map(|(prefix, _)| super::token(app, prefix, id))
            .transpose()
    }

    /// Subject and text of the mail with this id.
    pub fn write(&self, app: &App, id: MailId) -> Result<(String, String)> {
        let (subject, body) = self.words();
        let link = match (self.opens(), self.token(app, id)?) {
            (Some((_, page)), Some(token)) => format!("\n\n{}", link(app, page, &token)),
            _ => String::new(),
        };
        let text = format!(
            "{body}{link}\n\n-- \nPosthaste at {}\nThis mail was sent by a program; answers are not read.\n",
            app.public_url
        );
        Ok((subject, text))
    }

    fn words(&self) -> (String, String) {
        match self {
            Self::Invitation { workspace } => {
                let workspace = one_line(workspace);
                (
                    format!("Invitation to {workspace}"),
                    format!(
                        "You are invited to become a member of the workspace \"{workspace}\" on Posthaste.\n\n\
                         The link works once, for seven days. If you did not expect this mail, do nothing."
                    ),
                )
            }
            Self::Registration { name } => {
                let name = one_line(name);
                (
                    "Confirm your e-mail address".to_owned(),
                    format!(
                        "Somebody who gave the name \"{name}\" registers on Posthaste with this address.\n\n\
                         If that is you, the link finishes it; it works once, for 24 hours. If it is not you, do nothing:\n\
                         opening the link would give them an account in your name."
                    ),
                )
            }
            Self::EmailTaken => (
                "You have an account already".to_owned(),
                "Somebody wants to use this address on Posthaste, where it belongs to your account.\n\n\
                 If that was you, sign in, or have a forgotten password reset. If it was not, do nothing."
                    .to_owned(),
            ),
            Self::PasswordReset => (
                "Choose another password".to_owned(),
                "Somebody asked for another password for your account on Posthaste.\n\n\
                 If that was you, the link lets you choose one; it works once, for one hour. If it was not, do nothing."
                    .to_owned(),
            ),
            Self::PasswordChanged => (
                "Your password was changed".to_owned(),
                "The password of your account on Posthaste was changed, and sessions elsewhere were ended.\n\n\
                 If that was not you, have it reset at once and tell the operator of the server."
                    .to_owned(),
            ),
            Self::EmailChange { name } => {
                let name = one_line(name);
                (
                    "Confirm your e-mail address".to_owned(),
                    format!(
                        "\"{name}\" wants to use this address for their account on Posthaste.\n\n\
                         If that is you, the link confirms it; it works once, for 24 hours. If it is not you, do nothing."
                    ),
                )
            }
            Self::Incident {
                workspace,
                what,
                advice,
            } => {
                let workspace = one_line(workspace);
                (
                    format!("Look at this in {workspace}"),
                    format!(
                        "In the workspace \"{workspace}\" on Posthaste something looks like an attack, or like a mistake as bad as one:\n\n\
                         {what}\n\n{advice}\n\nThe incident stands in the workspace's list of incidents, with what was seen and what can be done."
                    ),
                )
            }
            Self::EmailChanged { to } => {
                let to = one_line(to);
                (
                    "Your e-mail address was changed".to_owned(),
                    format!(
                        "Your account on Posthaste has the address {to} now; this one leads to it no more.\n\n\
                         If that was not you, tell the operator of the server at once."
                    ),
                )
            }
        }
    }
}

/// An address that brings a token to a page: behind a `#`, so that no server and no log along the way sees it.
pub fn link(app: &App, page: &str, token: &Secret) -> String {
    format!("{}/{page}#{}", app.public_url, token.expose())
}

/// A name without anything that could end a line.
fn one_line(name: &str) -> String {
    let ends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    name.chars()
        .map(|c| if ends(c) { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_no_line_and_no_header_of_its_own() {
        let letter = Letter::Invitation {
            workspace: "Home\r\nBcc: eve@example.org\u{2028}\0x".into(),
        };
        let (subject, text) = letter.words();
        assert_eq!(subject, "Invitation to Home  Bcc: eve@example.org  x");
        assert!(text.lines().all(|line| !line.starts_with("Bcc")), "{text}");
    }
}
