//! The one error of the product, and the one table of its codes.
//!
//! GraphQL errors, REST problems, the documentation page and the SDK classes all derive from
//! `error_codes!`; adding a code means adding one entry there. An error carries two messages: what
//! a person may see, and a cause that only the log may see.

use std::fmt::{self, Write as _};

/// Result with the product's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! error_codes {
    ($($variant:ident, $name:literal, $status:literal, $retryable:literal, $title:literal, $advice:literal;)*) => {
        /// What went wrong, as a stable code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $title] #[serde(rename = $name)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The code as it is written in the API.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The HTTP status of the code in REST answers.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// Whether the same request may succeed later without being changed.
            pub fn is_retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }

            /// What happened, in one sentence.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What to do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }

            /// The code behind a name, if there is one.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == name)
            }
        }
    };
}

error_codes! {
    // Requests
    BadRequest, "BAD_REQUEST", 400, false, "The request is not well formed.", "Compare the request with the schema; the message names the place.";
    InvalidInput, "INVALID_INPUT", 400, false, "A value is not allowed here.", "Correct the field named by path.";
    InvalidId, "INVALID_ID", 400, false, "The text is not an id of the expected kind.", "Use the id as the API returned it; its prefix names the kind.";
    InvalidCursor, "INVALID_CURSOR", 400, false, "The cursor does not belong to this list.", "Start without a cursor, or use one from the same list and order.";
    InvalidPageSize, "INVALID_PAGE_SIZE", 400, false, "The page size is out of range.", "Ask for 1 to 100 items with either first or last.";
    QueryTooDeep, "QUERY_TOO_DEEP", 400, false, "The query is nested too deeply.", "Split the query, or ask for fewer levels.";
    QueryTooComplex, "QUERY_TOO_COMPLEX", 400, false, "The query asks for too much at once.", "Ask for fewer fields, aliases or items.";
    PayloadTooLarge, "PAYLOAD_TOO_LARGE", 413, false, "The request or text is larger than allowed.", "Send less; media goes through the upload address, not through GraphQL.";
    MethodNotAllowed, "METHOD_NOT_ALLOWED", 405, false, "The HTTP method is not allowed here.", "Use a method that the header Allow names; mutations need POST.";
    NotAcceptable, "NOT_ACCEPTABLE", 406, false, "None of the accepted media types can be served.", "Accept application/graphql-response+json or application/json.";
    UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", 415, false, "The request's content type is not supported.", "Send application/json.";

    // Who asks
    Unauthenticated, "UNAUTHENTICATED", 401, false, "The request carries no valid credential.", "Send 'Authorization: Bearer <API key or session token>'.";
    WrongCredentials, "WRONG_CREDENTIALS", 401, false, "E-mail and password do not belong together.", "Check both; after several tries wait a moment.";
    AccountDisabled, "ACCOUNT_DISABLED", 403, false, "The operator of this server has shut the account out.", "Ask the operator; 'posthaste people enable' lets it in again.";
    SecondFactorRequired, "SECOND_FACTOR_REQUIRED", 403, false, "A second factor is asked for.", "Sign in with a code of the authenticator app or a recovery code; whoever has none enrols with totpEnrol and totpConfirm.";
    SecondFactorWrong, "SECOND_FACTOR_WRONG", 401, false, "The code is wrong or was used.", "Wait for the next code of the app; check the clock of the phone. A recovery code works once.";
    PasskeyRefused, "PASSKEY_REFUSED", 401, false, "The passkey does not fit what was asked for.", "Begin again with passkeyProofStart or passkeyRegistrationStart, on a page of this server's own address.";
    ReauthenticationRequired, "REAUTHENTICATION_REQUIRED", 403, false, "This takes a proof of who you are that is not older than ten minutes.", "Call sessionReauthenticate with the password (and a code), or sessionReauthenticateByPasskey, then repeat the request with the new token.";
    Forbidden, "FORBIDDEN", 403, false, "The credential may not do this.", "Ask an owner or admin of the workspace.";
    OriginNotAllowed, "ORIGIN_NOT_ALLOWED", 403, false, "The request comes from a page of another site.", "The server's operator can add the page's origin to server.cors_origins; a page there sends its credential in the header Authorization, never in a cookie. With a cookie send application/json, or add the header X-Requested-With.";
    NotFound, "NOT_FOUND", 404, false, "There is nothing with this id in the workspace.", "Check the id; it may belong to another workspace or have been removed.";
    RegistrationClosed, "REGISTRATION_CLOSED", 403, false, "This server takes no registrations.", "Ask a member of a workspace to invite you.";
    TokenInvalid, "TOKEN_INVALID", 400, false, "The token is unknown, was used, or is too old.", "Ask for another mail.";
    WeakPassword, "WEAK_PASSWORD", 400, false, "The password is among the first that anybody would try.", "Choose a longer one: some words that have nothing to do with each other, without your name and e-mail.";
    MailNotConfigured, "MAIL_NOT_CONFIGURED", 409, false, "This server sends no mail.", "Ask the operator to set mail.url and mail.from; invitations work without, by handing over the link.";
    SignInInvalid, "SIGN_IN_INVALID", 400, false, "The sign-in is unknown, used up or too old, or was begun in another browser.", "Start it again, and finish it in the same browser within ten minutes.";
    IdentityUnknown, "IDENTITY_UNKNOWN", 403, false, "Nobody here signs in with this identity.", "Sign in with your password and link it (identityLinkStart), or ask a member of a workspace to invite you.";
    IdentityTaken, "IDENTITY_TAKEN", 409, false, "The identity belongs to another account.", "Sign in with it, and unlink it there first.";
    LastSignIn, "LAST_SIGN_IN", 409, false, "Nothing would be left to sign in with.", "Set a password first (passwordChange), or link another identity.";
    ProviderRefused, "PROVIDER_REFUSED", 403, false, "The provider signed nobody in.", "Start again and agree on the provider's page; the message says what the provider answered.";
    ProviderAnswerInvalid, "PROVIDER_ANSWER_INVALID", 403, false, "The provider's answer does not hold.", "Start again; if it stays, the operator finds the reason in the log under the request's id.";
    ProviderUnavailable, "PROVIDER_UNAVAILABLE", 503, true, "The provider cannot be reached or answers with errors.", "Try again in a moment, or sign in another way.";
    SandboxOnly, "SANDBOX_ONLY", 403, false, "This exists in a sandbox only.", "Start one with 'posthaste sandbox' and use its keys (phk_test_…).";
    RateLimited, "RATE_LIMITED", 429, true, "Too many requests.", "Wait as long as Retry-After says.";

    // Repeats and documents
    IdempotencyMismatch, "IDEMPOTENCY_MISMATCH", 409, false, "The idempotency key was used for another request.", "Take a new key for each new request; repeat a request unchanged under its own.";
    IdempotencyInProgress, "IDEMPOTENCY_IN_PROGRESS", 409, true, "The request with this idempotency key is still being worked on.", "Repeat it unchanged after Retry-After; the answer comes then.";
    PersistedQueryNotFound, "PERSISTED_QUERY_NOT_FOUND", 400, false, "The server knows no document with this hash.", "Send the document together with its hash; the hash alone will do from then on.";
    DocumentNotRegistered, "DOCUMENT_NOT_REGISTERED", 403, false, "This server takes only registered documents from browsers.", "Send a document of api/operations or its hash; programs outside browsers may send any.";

    // State
    VersionConflict, "VERSION_CONFLICT", 409, false, "Somebody changed it since you read it.", "Read it again and repeat the change on the new version.";
    InvalidState, "INVALID_STATE", 409, false, "This is not possible in the present state.", "Read allowedActions to see what is possible now.";
    AlreadyExists, "ALREADY_EXISTS", 409, false, "It exists already.", "Use the existing one, or another id.";
    LastOwner, "LAST_OWNER", 409, false, "The workspace would have no owner.", "Hand it over to another member first, or delete it.";
    InvitationInvalid, "INVITATION_INVALID", 400, false, "The invitation is unknown, was used or taken back, or is too old.", "Ask for a new one.";
    RoleInUse, "ROLE_IN_USE", 409, false, "Somebody holds the role.", "Name the role that its holders get in its place.";

    // Time
    InvalidTimeZone, "INVALID_TIME_ZONE", 400, false, "The time zone does not exist.", "Use an IANA name such as Europe/Paris.";
    TimeInPast, "TIME_IN_PAST", 400, false, "The time has passed.", "Choose a time in the future, or publish now.";
    TimeTooFar, "TIME_TOO_FAR", 400, false, "The time is too far in the future.", "Choose a time within the next five years.";

    // Content
    TextRequired, "TEXT_REQUIRED", 400, false, "There is neither text nor media.", "Write something or add media.";
    TextTooLong, "TEXT_TOO_LONG", 400, false, "The text is longer than the network allows.", "Shorten it, or give this network a variant of its own.";
    TitleTooLong, "TITLE_TOO_LONG", 400, false, "The title is longer than the network allows.", "Shorten the title.";
    AltTextTooLong, "ALT_TEXT_TOO_LONG", 400, false, "The alt text is longer than the network allows.", "Shorten the alt text.";
    TooManyHashtags, "TOO_MANY_HASHTAGS", 400, false, "There are more hashtags than the network allows.", "Remove some hashtags.";
    TooManyMentions, "TOO_MANY_MENTIONS", 400, false, "There are more mentions than the network allows.", "Remove some mentions.";
    LinkInvalid, "LINK_INVALID", 400, false, "The link is not a public web address.", "Use an http or https address of at most 2048 characters.";
    DestinationRequired, "DESTINATION_REQUIRED", 400, false, "The network needs to know where to put the post.", "Choose a board, on the target or as the connection's default.";

    // Media
    MediaRequired, "MEDIA_REQUIRED", 400, false, "The network needs a picture or video.", "Add media, or leave this network out.";
    MediaNotReady, "MEDIA_NOT_READY", 409, true, "The media is not uploaded completely or not processed yet.", "Finish the upload and wait until its status is READY.";
    MediaTypeUnsupported, "MEDIA_TYPE_UNSUPPORTED", 400, false, "The kind of file cannot be used here.", "Use JPEG, PNG, GIF or WebP pictures and MP4 or MOV videos.";
    MediaTooLarge, "MEDIA_TOO_LARGE", 413, false, "The file is larger than allowed.", "Make the file smaller.";
    MediaTooMany, "MEDIA_TOO_MANY", 400, false, "There are more files than the network allows in one post.", "Remove some, or give this network a variant of its own.";
    MediaMixed, "MEDIA_MIXED", 400, false, "The network does not take this mix of pictures and videos.", "Use either pictures or one video.";
    MediaDimensions, "MEDIA_DIMENSIONS", 400, false, "Width, height or proportions do not fit the network.", "Use a file within the network's limits, or let Posthaste crop it (fit: AUTO).";
    MediaDuration, "MEDIA_DURATION", 400, false, "The video is shorter or longer than the network allows.", "Cut the video to the network's limits.";
    MediaUnreadable, "MEDIA_UNREADABLE", 400, false, "The file is damaged or not what it says it is.", "Export it again and upload the new file.";
    MediaConverted, "MEDIA_CONVERTED", 200, false, "The network receives a converted copy of the file.", "Nothing to do; look at the preview if crop or format matter.";
    MediaInUse, "MEDIA_IN_USE", 409, false, "A post still uses the media.", "Remove it from the post first.";
    UploadOffsetMismatch, "UPLOAD_OFFSET_MISMATCH", 409, true, "The part does not start where the upload stands.", "Ask for the offset with HEAD and go on from there.";
    UploadExpired, "UPLOAD_EXPIRED", 410, false, "The upload was not finished in time.", "Start a new upload.";
    ChecksumMismatch, "CHECKSUM_MISMATCH", 400, true, "The received bytes do not have the stated checksum.", "Send the part again.";

    // Targets and connections
    TargetsRequired, "TARGETS_REQUIRED", 400, false, "The post has no target.", "Name at least one connection to publish to.";
    TargetDuplicate, "TARGET_DUPLICATE", 400, false, "The same connection stands twice among the targets.", "Name each connection once.";
    AccessEnds, "ACCESS_ENDS", 409, false, "The access to the account ends before the post is due.", "Reconnect the account before that day; scheduled posts stay as they are.";
    MediaUnreachable, "MEDIA_UNREACHABLE", 409, false, "The network cannot fetch the media from this server.", "The operator sets server.public_url to an https address that the whole internet can reach.";
    ConnectionUnusable, "CONNECTION_UNUSABLE", 409, false, "The connection is disabled or removed.", "Enable it, or choose another.";
    ReconnectRequired, "RECONNECT_REQUIRED", 409, false, "The network no longer accepts our access to this account.", "Reconnect the account; waiting posts go out by themselves afterwards.";
    OauthDenied, "OAUTH_DENIED", 403, false, "Access was not granted on the network's page.", "Start again and allow the requested permissions.";
    OauthStateInvalid, "OAUTH_STATE_INVALID", 400, false, "The consent is unknown, used up or too old.", "Start connecting again; a consent must be finished within 15 minutes.";
    NetworkNotConfigured, "NETWORK_NOT_CONFIGURED", 409, false, "This server has no app credentials for the network.", "The operator sets them in the configuration; 'posthaste doctor' names the settings.";
    TargetsCancelled, "TARGETS_CANCELLED", 200, false, "Scheduled posts are cancelled with it.", "Give them another account first if they shall go out.";

    // Publishing
    NetworkRejected, "NETWORK_REJECTED", 422, false, "The network refused the post.", "Read the message, change the post and retry.";
    NetworkPermission, "NETWORK_PERMISSION", 403, false, "The account or app may not do this on the network.", "Reconnect with all requested permissions, or check the account's role.";
    NetworkRateLimited, "NETWORK_RATE_LIMITED", 429, true, "The network asks us to wait.", "Nothing to do; the post goes out when the network's limit resets.";
    NetworkUnavailable, "NETWORK_UNAVAILABLE", 503, true, "The network cannot be reached or answers with errors.", "Nothing to do; Posthaste tries again.";
    NetworkOperator, "NETWORK_OPERATOR", 409, false, "The network asks for something at its developer console (credits, review, block).", "The operator looks at the app on the network's developer pages.";
    OutcomeUnknown, "OUTCOME_UNKNOWN", 409, false, "It is not certain whether the network published the post.", "Look at the account: settle it as live, publish again, or drop it.";
    MissedTime, "MISSED_TIME", 409, false, "The server could not publish at the chosen time.", "Publish late now, choose a new time, or drop it.";
    AttemptsUsedUp, "ATTEMPTS_USED_UP", 409, false, "All tries failed.", "Look at the timeline, then retry.";
    QuotaExceeded, "QUOTA_EXCEEDED", 409, false, "More posts are due than the network takes from the account in this time.", "Choose a later time for some of them; cancel what has failed for it, then schedule it anew.";
    BudgetExceeded, "BUDGET_EXCEEDED", 409, false, "The post costs more than is left of the month's budget.", "Raise the budget, or choose a time in the next month (cancel first what is held or has failed). What is held for it can also be published all the same: targetSettle with PUBLISH.";
    LinkCostsMore, "LINK_COSTS_MORE", 200, false, "A link makes the post dearer on this network.", "Leave the link out there, in a variant of its own, if it is not worth its price.";
    PossibleDuplicate, "POSSIBLE_DUPLICATE", 409, false, "The same text goes to the same account already.", "Change the text, or leave some hours between the two.";

    // Webhooks
    WebhookAddressRefused, "WEBHOOK_ADDRESS_REFUSED", 400, false, "Webhooks are not sent to this address.", "Use an https address on the public internet, without user name and fragment.";
    WebhookDocumentInvalid, "WEBHOOK_DOCUMENT_INVALID", 400, false, "The payload document does not fit.", "Write one subscription whose only root field is events, without arguments and variables; the message names the place.";
    WebhookTooMany, "WEBHOOK_TOO_MANY", 409, false, "The workspace has as many webhook endpoints as allowed.", "Delete one that is no longer used.";

    // The server
    Internal, "INTERNAL", 500, true, "Something failed on the server.", "Try again; if it stays, give the operator the request id.";
    Unavailable, "UNAVAILABLE", 503, true, "The database or storage cannot be reached right now.", "Try again in a moment.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The thing an error is about: where a program reads on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id, as the API writes it.
    pub id: String,
    /// The version it has now, where the error is about its version.
    pub version: Option<i32>,
}

/// An error a person or program can act on.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Error {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened and why, for a person.
    pub message: String,
    /// The input field, outermost first; list positions as numbers.
    pub path: Vec<String>,
    /// Seconds after which a repeat makes sense.
    pub retry_after: Option<u64>,
    /// The thing that is in the way, or that must be mended first.
    pub subject: Option<Box<Subject>>,
    /// The cause, for the log only.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a message for a person.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: Vec::new(),
            retry_after: None,
            subject: None,
            cause: None,
        }
    }

    /// An internal error: the cause goes to the log, people see a general sentence.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Internal, ErrorCode::Internal.title()).caused_by(cause)
    }

    /// "There is no {what} with this id in the workspace."
    pub fn not_found(what: &str) -> Self {
        Self::new(
            ErrorCode::NotFound,
            format!("There is no {what} with this id in the workspace."),
        )
    }

    /// Names the input field.
    pub fn at<S: Into<String>>(mut self, path: impl IntoIterator<Item = S>) -> Self {
        self.path = path.into_iter().map(Into::into).collect();
        self
    }

    /// Puts the field into an outer one.
    pub fn within<S: Into<String>>(mut self, outer: impl IntoIterator<Item = S>) -> Self {
        let inner = std::mem::take(&mut self.path);
        self.path = outer.into_iter().map(Into::into).chain(inner).collect();
        self
    }

    /// Adds the cause for the log.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Says when to try again, in seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Names the thing that is in the way, or that must be mended first.
    pub fn about(mut self, id: impl fmt::Display) -> Self {
        self.subject = Some(Box::new(Subject {
            id: id.to_string(),
            version: None,
        }));
        self
    }

    /// Names the thing that was changed meanwhile, and the version it has now.
    pub fn about_version(mut self, id: impl fmt::Display, version: i32) -> Self {
        self.subject = Some(Box::new(Subject {
            id: id.to_string(),
            version: Some(version),
        }));
        self
    }

    /// The path as it stands in logs and problem documents: `targets.0.connectionId`.
    pub fn path_text(&self) -> String {
        self.path.join(".")
    }

    /// The documentation page of the code, relative to the server's public address.
    pub fn docs_path(&self) -> String {
        docs_path(self.code)
    }
}

/// The documentation page of a code, relative to the server's public address.
pub fn docs_path(code: ErrorCode) -> String {
    format!("/docs/errors/{}", slug(code))
}

/// A code as it stands in addresses and anchors: `text-too-long`.
pub fn slug(code: ErrorCode) -> String {
    code.as_str().to_ascii_lowercase().replace('_', "-")
}

/// The documentation of all codes as Markdown (`docs/errors.md` is exactly this text).
pub fn markdown() -> String {
    let mut text = String::from(
        "<!-- Generated by `cargo xtask gen` from core/src/error.rs. -->\n# Error codes\n\n\
         Every error carries a code, a message for a person, the path of the input field, and whether\n\
         a repeat may help. GraphQL mutations return them in `errors`; REST answers them as problem\n\
         documents (RFC 9457) with the status given here.\n",
    );
    for code in ErrorCode::ALL {
        let anchor = slug(*code);
        let repeat = if code.is_retryable() { "yes" } else { "no" };
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "\n## {code}\n\n<a id=\"{anchor}\"></a>\n{}\n\n- What to do: {}\n- HTTP status: {} · worth repeating unchanged: {repeat}\n",
            code.title(),
            code.advice(),
            code.http_status(),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn paths_nest_from_the_outside() {
        let error = Error::new(ErrorCode::InvalidId, "x")
            .at(["connectionId"])
            .within(["targets", "0"]);
        assert_eq!(error.path_text(), "targets.0.connectionId");
    }

    #[test]
    fn the_cause_is_not_in_the_message() {
        let error = Error::internal("password=hunter2");
        assert!(!error.to_string().contains("hunter2"));
    }
}
