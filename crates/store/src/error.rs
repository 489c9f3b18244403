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
            | DatabaseErrorKind::SerializationFailure,
            _,
        )
        | Diesel::BrokenTransactionManager => true,
        // 57P01..57P03: the server shuts down or starts; diesel has no kind for them.
        Diesel::DatabaseError(_, info) => {
            let message = info.message();
            message.contains("terminating connection")
                || message.contains("the database system is")
                || message.contains("connection closed")
                || message.contains("deadlock detected")
                // The month's partition was made while the row was on its way to the rest.
                || message.contains("violates partition constraint")
        }
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
