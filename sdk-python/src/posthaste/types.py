"""Enums, inputs and everything the API returns."""

from .generated.enums import *  # noqa: F403
from .generated.inputs import *  # noqa: F403
from .generated.models import *  # noqa: F403
