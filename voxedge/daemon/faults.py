"""Errors of the daemon: refusals of work, of callers and of requests. None holds what was said."""

from __future__ import annotations

from typing import ClassVar

from voxedge.errors import EXIT_DEVICE, EXIT_USAGE, InputError, VoxedgeError


class Busy(VoxedgeError):
    """There is more work than the machine can do in time; try again later.

    Args:
        message: What is full.
        retry_after_s: When trying again is worth it, 1 or more.
        remedy: What to do; by default, to wait so long.
    """

    code = "busy"
    room = "daemon"
    retryable = True
    http_status: ClassVar[int] = 503

    def __init__(
        self, message: str, *, retry_after_s: float = 1.0, remedy: str = "", room: str | None = None
    ) -> None:
        self.retry_after_s = max(1, round(retry_after_s + 0.5))
        super().__init__(message, remedy=remedy or f"Try again in {self.retry_after_s} s.", room=room)


class TooManyRequests(Busy):
    """One client asks for more than its share."""

    code = "too_many_requests"
    http_status = 429


class DeadlineMissed(Busy):
    """The work couldn't be begun in the time that it had."""

    code = "deadline_missed"


class Stopping(Busy):
    """The service is being stopped, or isn't ready yet."""

    code = "not_ready"


class AddressInUse(VoxedgeError):
    """Another program listens at the address, or it can't be listened at."""

    code = "address_in_use"
    room = "daemon"
    exit_code = EXIT_DEVICE


class NotAuthorized(VoxedgeError):
    """No token, or one that is nobody's."""

    code = "invalid_api_key"
    room = "daemon"
    exit_code = EXIT_USAGE


class RequestInvalid(InputError):
    """A request that can't be understood: a field is missing, unknown in value, or of the wrong type.

    Args:
        message: What is wrong.
        remedy: What to send instead.
        param: Name of the field, or "".
    """

    code = "invalid_request"
    room = "daemon"

    def __init__(self, message: str, *, remedy: str, param: str = "", room: str | None = None) -> None:
        super().__init__(message, remedy=remedy, room=room)
        self.param = param


class RequestTooLarge(RequestInvalid):
    """The body, the header or the sound is longer than allowed."""

    code = "request_too_large"


class RequestTooSlow(RequestInvalid):
    """The header or the body didn't come in time."""

    code = "request_timeout"


class NotServed(RequestInvalid):
    """There is no such address, method, model or file here."""

    code = "not_found"
