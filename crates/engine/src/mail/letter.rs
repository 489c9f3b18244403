use posthaste_core::{Result, ids::MailId, secret::Secret};
use serde::{Deserialize, Serialize};

use crate::{App, member::invitation};

/// What mails say. Names in them were chosen by others and never begin a line or a header of their own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Letter {
    /// Somebody is asked to become a member.
    Invitation {
        /// The name of the workspace.
        workspace: String,
    },
}

impl Letter {
    /// What the token in it begins with, and the page that takes it.
    fn opens(&self) -> (&'static str, &'static str) {
        match self {
            Self::Invitation { .. } => (invitation::PREFIX, "invitation"),
        }
    }

    /// The token that the mail with this id brings.
    pub fn token(&self, app: &App, id: MailId) -> Result<Secret> {
        super::token(app, self.opens().0, id)
    }

    /// Subject and text of the mail with this id.
    pub fn write(&self, app: &App, id: MailId) -> Result<(String, String)> {
        let (subject, body) = self.words();
        let link = format!("\n\n{}", link(app, self.opens().1, &self.token(app, id)?));
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
