use diesel::result::{DatabaseErrorKind, Error as Diesel};
use posthaste_core::{Error, ErrorCode};

/// Turns Diesel's errors into the product's, keeping the cause for the log.
pub trait StoreExt<T> {
    /// The product's error: a lost connection is `UNAVAILABLE`, a text that cannot be kept
    /// `INVALID_INPUT`, anything else `INTERNAL`.
    fn stored(self) -> Result<T, Error>;

    /// As [`StoreExt::stored`], but a violated unique constraint is `ALREADY_EXISTS` with `message`.
    fn stored_unless_taken(self, message: &str) -> Result<T, Error>;

    /// As [`StoreExt::stored`], but a violated foreign key is `error`: what was checked before is no
    /// longer so.
    fn stored_unless_linked(self, error: impl FnOnce() -> Error) -> Result<T, Error>;
}

impl<T> StoreExt<T> for Result<T, Diesel> {
    fn stored(self) -> Result<T, Error> {
        self.map_err(translate)
    }

    fn stored_unless_taken(self, message: &str) -> Result<T, Error> {
        self.map_err(|error| match error {
            Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Error::new(ErrorCode::AlreadyExists, message)
            }
            other => translate(other),
        })
    }

    fn stored_unless_linked(self, error: impl FnOnce() -> Error) -> Result<T, Error> {
        self.map_err(|cause| match cause {
            Diesel::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => error(),
            other => translate(other),
        })
    }
}

/// What passes by itself, by PostgreSQL's own words; diesel has no kinds for them.
const PASSING: &[&str] = &[
    // 57P01 to 57P03: the server shuts down or starts.
    "terminating connection",
    "the database system is",
    "connection closed",
    "deadlock detected",
    // 53xxx: no room on the disk or in memory, no connection left.
    "No space left on device",
    "could not extend file",
    "out of memory",
    "too many clients already",
    "remaining connection slots",
    // 57014, 55P03, 25P03: a time limit of the server.
    "canceling statement due to",
    "could not obtain lock",
    // 25006 in the words of a standby that is not promoted yet.
    "in a read-only transaction",
    // The month's partition was made while the row was on its way to the rest.
    "violates partition constraint",
];

fn translate(error: Diesel) -> Error {
    if let Diesel::DatabaseError(_, info) = &error
        && is_bad_text(info.message())
    {
        let message = "A text contains a character that cannot be kept, such as NUL.";
        return Error::new(ErrorCode::InvalidInput, message).caused_by(error);
    }
    let unavailable = match &error {
        Diesel::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | Diesel::BrokenTransactionManager => true,
        Diesel::DatabaseError(_, info) => PASSING.iter().any(|part| info.message().contains(part)),
        _ => false,
    };
    let code = if unavailable {
        ErrorCode::Unavailable
    } else {
        ErrorCode::Internal
    };
    let error_text = Error::new(code, code.title());
    if unavailable {
        error_text.retry_after(1)
    } else {
        error_text
    }
    .caused_by(error)
}

/// 22021 and 22P05: U+0000 in a text or in JSON; diesel has no kind for them.
fn is_bad_text(message: &str) -> bool {
    message.contains("invalid byte sequence for encoding")
        || message.contains("unsupported Unicode escape sequence")
}
