"""Everything that this package raises.

```
PosthasteError
├── TransportError            no answer, or one that is not Posthaste's
│   └── RequestTimeout
├── WebhookVerificationError
└── ApiError                  Posthaste refused; `.code` says why
    ├── UserErrors            a mutation changed nothing; `.errors` lists every reason
    └── Unauthenticated, Forbidden, NotFound, InvalidInput, VersionConflict, RateLimited, …
```

A class by code catches the code wherever it came from: `except NotFound` also catches the `UserErrors` of a
mutation whose first reason is `NOT_FOUND`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .generated.enums import ErrorCode

if TYPE_CHECKING:
    from .generated.models import MutationError


class PosthasteError(Exception):
    """The root of all errors of this package."""

    request_id: str | None = None
    """The id of the failed request, for the server's operator."""


class TransportError(PosthasteError):
    """The server could not be reached, the connection was cut, or something else answered."""

    def __init__(
        self,
        message: str,
        *,
        request_id: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.status = status
        """The HTTP status, if something answered."""
        self.retry_after = retry_after
        """Seconds to wait before a repeat, if the answer named them."""


class RequestTimeout(TransportError):
    """The server did not answer in time. With the same idempotency key a repeat does no harm."""


class WebhookVerificationError(PosthasteError):
    """A webhook was not signed with the secret, was changed, or is too old."""


class ApiError(PosthasteError):
    """Posthaste refused the request."""

    def __init__(
        self,
        message: str,
        *,
        code: ErrorCode,
        request_id: str | None = None,
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        path: Sequence[str] = (),
        advice: str = "",
        docs_url: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        """Why, as a stable word."""
        self.request_id = request_id
        self.status = status
        """The HTTP status, where there was one."""
        self.retryable = retryable
        """Whether the same request may succeed later."""
        self.retry_after = retry_after
        """Seconds to wait before a repeat."""
        self.path = list(path)
        """The input field, outermost first."""
        self.advice = advice
        """What to do about it."""
        self.docs_url = docs_url
        """The code's page in the documentation."""
        self.data = data
        """What could be told nevertheless."""

    def __str__(self) -> str:
        where = f" at {'.'.join(self.path)}" if self.path else ""
        advice = f" {self.advice}" if self.advice else ""
        request = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.code}{where}: {self.message}{advice}{request}"


class UserErrors(ApiError):
    """A mutation changed nothing: its input is wrong, or it is not possible now."""

    errors: list[MutationError]
    """Every reason at once, in the order of the input."""

    def has(self, code: ErrorCode | str) -> bool:
        """Whether one of the reasons is this code."""
        return any(error.code == code for error in self.errors)

    def __str__(self) -> str:
        if len(self.errors) < 2:
            return super().__str__()
        lines = [f"{len(self.errors)} errors (request {self.request_id})"]
        lines += [f"  {e.code} at {'.'.join(e.path) or 'input'}: {e.message} {e.advice}" for e in self.errors]
        return "\n".join(lines)


class Unauthenticated(ApiError):
    """No credential, or one that is not valid (any longer)."""


class Forbidden(ApiError):
    """The credential may not do this."""


class NotFound(ApiError):
    """There is nothing with this id in the workspace."""


class AlreadyExists(ApiError):
    """It exists already."""


class InvalidInput(ApiError):
    """A value is not allowed, or the request is not well formed."""


class InvalidState(ApiError):
    """It is not possible in the present state; `allowed_actions` tells what is."""


class VersionConflict(ApiError):
    """Somebody changed it since it was read: read again, then decide."""


class IdempotencyMismatch(ApiError):
    """The idempotency key was used for another request."""


class RateLimited(ApiError):
    """Too many requests; `retry_after` says how long to wait."""


class ReconnectRequired(ApiError):
    """The network no longer accepts our access to the account."""


class Unavailable(ApiError):
    """Something failed on the server, or it is overloaded; a repeat may help."""


_CLASSES: dict[str, type[ApiError]] = {
    "UNAUTHENTICATED": Unauthenticated,
    "WRONG_CREDENTIALS": Unauthenticated,
    "FORBIDDEN": Forbidden,
    "SANDBOX_ONLY": Forbidden,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": AlreadyExists,
    "BAD_REQUEST": InvalidInput,
    "INVALID_INPUT": InvalidInput,
    "INVALID_ID": InvalidInput,
    "INVALID_CURSOR": InvalidInput,
    "INVALID_PAGE_SIZE": InvalidInput,
    "INVALID_TIME_ZONE": InvalidInput,
    "PAYLOAD_TOO_LARGE": InvalidInput,
    "QUERY_TOO_COMPLEX": InvalidInput,
    "QUERY_TOO_DEEP": InvalidInput,
    "INVALID_STATE": InvalidState,
    "VERSION_CONFLICT": VersionConflict,
    "IDEMPOTENCY_MISMATCH": IdempotencyMismatch,
    "RATE_LIMITED": RateLimited,
    "RECONNECT_REQUIRED": ReconnectRequired,
    "INTERNAL": Unavailable,
    "UNAVAILABLE": Unavailable,
}

_USER_CLASSES: dict[type[ApiError], type[UserErrors]] = {
    cls: type(cls.__name__, (UserErrors, cls), {"__doc__": cls.__doc__}) for cls in set(_CLASSES.values())
}


def api_error(told: Mapping[str, Any], *, status: int | None, request_id: str | None) -> ApiError:
    """Make the error of a GraphQL error's `extensions` (with its `message`) or of a problem document."""
    code = ErrorCode(str(told.get("code") or "INTERNAL"))
    return _CLASSES.get(code.value, ApiError)(
        str(told.get("message") or told.get("detail") or told.get("title") or code),
        code=code,
        request_id=told.get("requestId") or request_id,
        status=status,
        retryable=bool(told.get("retryable")),
        retry_after=told.get("retryAfter"),
        path=told.get("path") or (),
        advice=told.get("advice") or "",
        docs_url=told.get("docsUrl") or told.get("type") or "",
    )


def user_errors(errors: list[MutationError], *, request_id: str | None) -> UserErrors:
    """Make the error of a payload's `errors`, by the first one's code."""
    first = errors[0]
    plain = _CLASSES.get(first.code.value, ApiError)
    raised = _USER_CLASSES.get(plain, UserErrors)(
        first.message,
        code=first.code,
        request_id=request_id,
        retryable=first.retryable,
        retry_after=first.retry_after,
        path=first.path,
        advice=first.advice,
        docs_url=first.docs_url,
    )
    raised.errors = errors
    return raised
