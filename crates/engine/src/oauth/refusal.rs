use posthaste_core::Error;

macro_rules! reasons {
    ($($name:ident = $text:literal, $doc:literal;)*) => {
        /// Why an app is refused, as OAuth names it (RFC 6749, 4.1.2.1 and 5.2; RFC 8707, 2).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = $doc] $name,)*
        }

        impl Reason {
            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    InvalidRequest = "invalid_request", "Something is missing, stands twice or is not well formed.";
    InvalidClient = "invalid_client", "It is not known which app asks.";
    InvalidGrant = "invalid_grant", "The code or refresh token is wrong, used, too old or another app's.";
    UnsupportedGrantType = "unsupported_grant_type", "Tokens are given for codes and refresh tokens only.";
    UnsupportedResponseType = "unsupported_response_type", "Consents end with a code only.";
    InvalidScope = "invalid_scope", "It asks for what nobody can give, or for more than it registered.";
    InvalidTarget = "invalid_target", "It asks for tokens for another server.";
    AccessDenied = "access_denied", "The person said no.";
}

/// What an app is told instead of what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the program.
    pub reason: Reason,
    /// For its author.
    pub description: &'static str,
}

impl Refusal {
    pub(super) fn new(reason: Reason, description: &'static str) -> Self {
        Self {
            reason,
            description,
        }
    }
}

/// Why no tokens came.
#[derive(Debug)]
pub enum Failure {
    /// The app did something wrong.
    Refused(Refusal),
    /// Something is wrong here.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
