"""Sends reports to the owner's endpoint: over TLS, one at a time, and nothing else of any kind."""

from __future__ import annotations

import ipaddress
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Literal, TypeAlias
from urllib.parse import urlsplit

from voxedge.errors import ConfigError, UsageError
from voxedge.resources import is_offline
from voxedge.statistics.places import sharing_file
from voxedge.statistics.sharing import BETWEEN_REPORTS_S, DAY_S, Sharing, Waiting, is_due

SyncOutcome: TypeAlias = Literal["off", "offline", "nothing", "not_yet", "sent", "refused", "unreachable"]

_TIMEOUT_S = 20.0
_REFUSED_FOR_GOOD = {400, 410, 413, 415, 422}


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync did.

    Attributes:
        outcome: ``off`` (no consent: no socket was opened), ``offline`` (VOXEDGE_OFFLINE forbids it),
            ``nothing`` (no report waits), ``not_yet`` (one waits, for its time), ``sent``, ``refused`` (the
            collector will never take it; it was erased), ``unreachable`` (it is tried again later).
        waiting: Reports that still wait.
        detail: What went wrong, where something did.
    """

    outcome: SyncOutcome
    waiting: int = 0
    detail: str = ""


def check_endpoint(endpoint: str) -> str:
    """Gives the address back if reports may be sent there.

    Raises:
        UsageError: It isn't https (http only to this machine), or holds more than host, port and path.
    """
    try:
        parts = urlsplit(endpoint)
        host, _port = parts.hostname or "", parts.port
    except ValueError as exc:
        raise _bad_endpoint(f"it can't be read ({exc})") from exc
    if not host or not endpoint.isprintable() or " " in endpoint:
        raise _bad_endpoint("it names no host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad_endpoint("it may hold no name, password, query or fragment")
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return endpoint
    raise _bad_endpoint("only https is encrypted (http is for this machine itself, in tests)")


def check_ca_file(ca_file: str) -> ssl.SSLContext:
    """What a connection trusts: the system's authorities (or ``SSL_CERT_FILE``), or those of a file.

    Raises:
        ConfigError: The file can't be read, or holds no certificates.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as exc:  # ssl.SSLError is one
        raise ConfigError(
            f"The file of certificates {ca_file} can't be used: {exc.strerror or 'it holds none'}.",
            remedy="Correct `ca_file` under [statistics], or type `voxedge stats on` with --ca-file.",
        ) from exc
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def sync(
    folder: str | Path | None = None,
    *,
    ca_file: str = "",
    hurry: bool = False,
    clock: Callable[[], float] = time.time,
) -> SyncResult:
    """Draws the period's report if it is due, and sends at most one that waits. Safe to call at any time.

    Call it every hour or so, from any thread or process; without consent it looks at one file and returns.
    The environment's proxies (``HTTPS_PROXY``, ``NO_PROXY``) and certificates (``SSL_CERT_FILE``) hold.

    Args:
        folder: The folder of the statistics; the user's own where None.
        ca_file: Certificates of a private authority, PEM; "" takes those given at the opt-in.
        hurry: Sends a waiting report now, and not at its random time.
        clock: Seconds since 1970.

    Raises:
        ConfigError: The file of certificates can't be used.
        StatisticsUnwritable: The budget can't be kept on the disk, so nothing may be sent.
        StatisticsDamaged: The file of the consent can't be read, so nothing may be sent.
    """
    sharing = Sharing(sharing_file(folder))
    now_s = clock()
    status = sharing.status()
    if not status.on:
        return SyncResult("off")
    sharing.close_period(now_s)
    reports = sharing.waiting()
    if not reports:
        spent = "the privacy budget is spent: nothing is ever sent again" if status.exhausted else ""
        return SyncResult("nothing", 0, spent)
    if is_offline():
        return SyncResult("offline", len(reports), "VOXEDGE_OFFLINE forbids connections")
    pausing = not is_due(status.next_send_s, now_s, BETWEEN_REPORTS_S[1])
    due = [report for report in reports if is_due(report.due_s, now_s, DAY_S)]
    if not hurry and (pausing or not due):
        return SyncResult("not_yet", len(reports))
    return _send(sharing, (due or reports)[0], ca_file or status.ca_file, now_s)


def _send(sharing: Sharing, report: Waiting, ca_file: str, now_s: float) -> SyncResult:
    endpoint = check_endpoint(sharing.status().endpoint)
    opener = _opener(endpoint, ca_file)
    # What the network sees is reduced to what HTTP needs: no version of Python, no language, no cookie.
    request = urllib.request.Request(
        endpoint,
        data=report.body,
        method="POST",
        headers={"Content-Type": "application/json", "User-Agent": "voxedge"},
    )
    detail = ""
    try:
        with opener.open(request, timeout=_TIMEOUT_S):
            pass
    except urllib.error.HTTPError as exc:
        exc.close()
        detail = f"the collector answered {exc.code}"
        if exc.code in _REFUSED_FOR_GOOD:
            sharing.refused(report.batch)
            return SyncResult("refused", len(sharing.waiting()), detail)
    except urllib.error.URLError as exc:
        detail = _reason(exc.reason)
    except (OSError, HTTPException, ValueError) as exc:
        detail = _reason(exc)
    if detail:
        sharing.failed(report.batch, now_s)
        return SyncResult("unreachable", len(sharing.waiting()), detail)
    sharing.sent(report.batch, now_s)
    return SyncResult("sent", len(sharing.waiting()))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The owner agreed to one address; an answer that points elsewhere is a failure."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> None:
        """Follows nothing."""


def _opener(endpoint: str, ca_file: str) -> urllib.request.OpenerDirector:
    if endpoint.startswith("http:"):
        # Unencrypted means: this machine only, so no proxy either.
        return urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    context = check_ca_file(ca_file)
    return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect())


def _reason(exc: object) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate isn't trusted: {exc.verify_message}"
    if isinstance(exc, TimeoutError):
        return "it didn't answer in time"
    if isinstance(exc, OSError):
        return exc.strerror or type(exc).__name__
    return exc if isinstance(exc, str) else type(exc).__name__


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad_endpoint(why: str) -> UsageError:
    return UsageError(
        f"Reports can't be sent to this endpoint: {why}.",
        remedy="Give an address such as https://statistics.example.org/v1/reports",
        room="statistics",
    )
