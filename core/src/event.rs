//! The event log: everything that happened is one row, written in the same transaction.

use serde::{Deserialize, Serialize};

macro_rules! event_types {
    ($(#[doc = $doc:literal] $variant:ident = $name:literal;)*) => {
        /// What happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventType {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl EventType {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The type as the log and the API write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What happened, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii(),)* }
            }

            /// The type behind a name, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

event_types! {
    /// An account was connected.
    ConnectionCreated = "connection.created";
    /// An account was reconnected, renamed, enabled, disabled, paused or resumed.
    ConnectionUpdated = "connection.updated";
    /// The network no longer accepts our access.
    ConnectionReconnectRequired = "connection.reconnect_required";
    /// Access to an account ends soon; only a person can renew it.
    ConnectionReauthorizationDue = "connection.reauthorization_due";
    /// An account was removed.
    ConnectionRemoved = "connection.removed";
    /// An upload was finished and looked at.
    MediaReady = "media.ready";
    /// An upload turned out to be unusable.
    MediaFailed = "media.failed";
    /// Media was removed.
    MediaDeleted = "media.deleted";
    /// A post was written.
    PostCreated = "post.created";
    /// A post's content was changed.
    PostUpdated = "post.updated";
    /// A post was removed.
    PostDeleted = "post.deleted";
    /// A target has a time.
    TargetScheduled = "target.scheduled";
    /// Something stands in the way of a target whose time comes soon.
    TargetAtRisk = "target.at_risk";
    /// A target was cancelled.
    TargetCancelled = "target.cancelled";
    /// A worker took the target.
    TargetClaimed = "target.claimed";
    /// The call that makes the post visible is about to be made.
    TargetSending = "target.sending";
    /// The post is live.
    TargetPublished = "target.published";
    /// A try failed; another follows.
    TargetRetrying = "target.retrying";
    /// It is not known whether the post is live; reading back.
    TargetUncertain = "target.uncertain";
    /// The target waits for a person.
    TargetHeld = "target.held";
    /// The target failed for good.
    TargetFailed = "target.failed";
    /// The post was deleted on the network.
    TargetDeleted = "target.deleted";
    /// The database lost its newest writes; what was due is read back before anything is sent.
    PublishingRecovered = "publishing.recovered";
    /// An API key was made.
    ApiKeyCreated = "api_key.created";
    /// An API key was renamed or got another end.
    ApiKeyUpdated = "api_key.updated";
    /// An API key got a new secret.
    ApiKeyRotated = "api_key.rotated";
    /// An API key was taken back.
    ApiKeyRevoked = "api_key.revoked";
    /// An app of others was registered.
    OauthAppCreated = "oauth_app.created";
    /// An app of others was changed.
    OauthAppUpdated = "oauth_app.updated";
    /// An app of others got a new secret.
    OauthAppSecretRotated = "oauth_app.secret_rotated";
    /// An app of others was removed.
    OauthAppDeleted = "oauth_app.deleted";
    /// Somebody let an app work for them.
    OauthGrantCreated = "oauth_grant.created";
    /// An app may no longer work for somebody.
    OauthGrantRevoked = "oauth_grant.revoked";
    /// A role of the workspace's own was made.
    RoleCreated = "role.created";
    /// A role of the workspace's own was renamed or got other permissions.
    RoleUpdated = "role.updated";
    /// A role of the workspace's own was removed.
    RoleDeleted = "role.deleted";
    /// Somebody was asked to become a member.
    InvitationCreated = "invitation.created";
    /// An invitation got a new token and end.
    InvitationResent = "invitation.resent";
    /// An invitation was taken back.
    InvitationRevoked = "invitation.revoked";
    /// Somebody became a member.
    MemberAdded = "member.added";
    /// A member got another role or limit.
    MemberUpdated = "member.updated";
    /// A member was removed by another.
    MemberRemoved = "member.removed";
    /// A member left.
    MemberLeft = "member.left";
    /// A team was made.
    TeamCreated = "team.created";
    /// A team got another name, role, limit or other members.
    TeamUpdated = "team.updated";
    /// A team was removed.
    TeamDeleted = "team.deleted";
    /// The workspace was handed over to another owner.
    WorkspaceTransferred = "workspace.transferred";
    /// The workspace was deleted; it is erased after the grace.
    WorkspaceDeleted = "workspace.deleted";
    /// The workspace's deletion was taken back.
    WorkspaceRestored = "workspace.restored";
    /// What a workspace decides about networks' limits and money was changed.
    QuotaSettingsUpdated = "quota_settings.updated";
    /// A sandbox's workspace was put back to its sample posts.
    SandboxReset = "sandbox.reset";
    /// An endpoint for webhooks was added.
    WebhookCreated = "webhook.created";
    /// An endpoint for webhooks was changed, or its secret rotated.
    WebhookUpdated = "webhook.updated";
    /// An endpoint for webhooks was paused: by a person, or because it failed for a day.
    WebhookPaused = "webhook.paused";
    /// An endpoint for webhooks goes on: resumed by a person, or a probe came through.
    WebhookResumed = "webhook.resumed";
    /// An endpoint for webhooks was switched off: it answered 410, or its author may no longer read.
    WebhookDisabled = "webhook.disabled";
    /// An endpoint for webhooks was removed.
    WebhookDeleted = "webhook.deleted";
    /// Something looks like an attack, or like a mistake as bad as one.
    IncidentOpened = "incident.opened";
    /// Something was done about an incident.
    IncidentUpdated = "incident.updated";
    /// An incident was closed.
    IncidentClosed = "incident.closed";
    /// A bulk job began to work through its file.
    BulkJobStarted = "bulk_job.started";
    /// A bulk job came to its end: finished, cancelled or failed.
    BulkJobFinished = "bulk_job.finished";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again() {
        for kind in EventType::ALL {
            assert_eq!(EventType::from_name(kind.as_str()), Some(*kind));
        }
    }
}
