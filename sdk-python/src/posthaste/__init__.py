"""Client for Posthaste, the self-hosted, API-first publishing server for social media.

- `Posthaste` and `AsyncPosthaste`: the clients
- `posthaste.types`: enums, inputs and everything the API returns
- `posthaste.errors`: what is raised
- `posthaste.webhooks`: signatures of webhooks
"""

from . import errors, types, webhooks
from ._core.answers import Cost, RateLimit, RequestInfo, ResponseInfo, RetryInfo
from ._core.settings import Hooks, RequestOptions
from ._core.wire import Json
from ._version import __version__
from .client import AsyncPosthaste, Posthaste
from .errors import ApiError, PosthasteError, TransportError, UserErrors
from .pages import AsyncPager, Page, PageInfo, Pager

__all__ = [
    "ApiError",
    "AsyncPager",
    "AsyncPosthaste",
    "Cost",
    "Hooks",
    "Json",
    "Page",
    "PageInfo",
    "Pager",
    "Posthaste",
    "PosthasteError",
    "RateLimit",
    "RequestInfo",
    "RequestOptions",
    "ResponseInfo",
    "RetryInfo",
    "TransportError",
    "UserErrors",
    "__version__",
    "errors",
    "types",
    "webhooks",
]
