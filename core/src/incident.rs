//! Incidents: what looks like an attack, or like a mistake as bad as one.

use crate::names::names;

names! {
    /// What opens an incident.
    Rule {
        /// An address tries passwords for many e-mails.
        CredentialStuffing = "CREDENTIAL_STUFFING",
        /// A refresh token came a second time: somebody has a copy.
        RefreshTokenReused = "REFRESH_TOKEN_REUSED",
        /// An API key is used from many networks at the same time.
        KeyFromManyNetworks = "KEY_FROM_MANY_NETWORKS",
        /// Somebody deletes much in a short time.
        MassDeletion = "MASS_DELETION",
    }
}

impl Rule {
    /// What happened, in a sentence for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::CredentialStuffing => "An address tries passwords for many e-mails.",
            Self::RefreshTokenReused => "A session's refresh token was used a second time.",
            Self::KeyFromManyNetworks => "An API key is used from many networks at the same time.",
            Self::MassDeletion => "Much was deleted in a short time.",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::CredentialStuffing => {
                "The address waits longer with each try. Block it in front of the server if it does not stop."
            }
            Self::RefreshTokenReused => {
                "The session has ended. Ask the person; if it was not them, revoke their other sessions and have the password changed."
            }
            Self::KeyFromManyNetworks => {
                "Ask whoever runs the program. If it does not run in all these places, revoke the key and make another."
            }
            Self::MassDeletion => {
                "Ask whoever did it. If it was not meant, revoke their sessions or the key, then look through the event log for what is gone."
            }
        }
    }
}

names! {
    /// What was done in an incident.
    StepKind {
        /// It was opened.
        Opened = "OPENED",
        /// The person's sessions were ended.
        SessionsRevoked = "SESSIONS_REVOKED",
        /// The key was taken back.
        KeyRevoked = "KEY_REVOKED",
        /// The person was shut out by the operator.
        AccountLocked = "ACCOUNT_LOCKED",
        /// Owners and admins were told by mail.
        AdminsNotified = "ADMINS_NOTIFIED",
        /// It was closed, with a note.
        Closed = "CLOSED",
    }
}

names! {
    /// What can be done about an incident.
    Action {
        /// End the person's sessions in the workspace.
        RevokeSessions = "REVOKE_SESSIONS",
        /// Take the key back.
        RevokeKey = "REVOKE_KEY",
        /// Tell owners and admins again by mail.
        NotifyAdmins = "NOTIFY_ADMINS",
    }
}
