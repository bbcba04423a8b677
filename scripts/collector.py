"""A small collector of noised reports: keeps sums, shows estimates with error bars, stores no addresses.

python scripts/collector.py --database reports.db --http 127.0.0.1:8787

POST /v1/reports       takes a report (the bytes that `voxedge stats preview` prints)
GET  /                 the page; /?weeks=4 for the last four weeks of arrival
GET  /estimates.json   the same as JSON

Put a web server with TLS in front of it, and turn off that server's access log. Needs the extra `serve`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn
from collector_page import STYLE, page
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from voxedge.errors import InputError, StatisticsError, VoxedgeError
from voxedge.statistics.database import Database
from voxedge.statistics.estimate import Estimate, Tally, estimate
from voxedge.statistics.report import REPORT_BYTES, Report
from voxedge.statistics.schema import METRICS, SCHEMA_VERSION, SHARED

WEEK_S = 7 * 86_400
BATCHES_KEPT_WEEKS = 60
"""A repetition is known as one for so long; devices that were off for longer are rare."""

BODY_TIMEOUT_S = 10.0
LIMIT_BYTES = 2 << 30
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TABLES = """
CREATE TABLE IF NOT EXISTS batches (batch TEXT PRIMARY KEY, week INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tallies (
    week INTEGER NOT NULL, schema INTEGER NOT NULL, metric TEXT NOT NULL, tally TEXT NOT NULL,
    PRIMARY KEY (week, schema, metric)
) WITHOUT ROWID
"""


class Collection:
    """The sums of all reports, by week of arrival. Of a report itself only its batch id is kept.

    Args:
        path: The SQLite file.
        clock: Seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._database = Database(path, _TABLES, limit_bytes=LIMIT_BYTES)
        self._clock = clock
        self._lock = threading.Lock()

    def add(self, report: Report) -> bool:
        """Takes a report; False when its batch was taken before.

        Raises:
            StatisticsError: It can't be kept; the device will try again.
        """
        week = int(self._clock()) // WEEK_S
        with self._lock, self._database.writing() as connection:
            added = connection.execute("INSERT OR IGNORE INTO batches VALUES (?, ?)", (report.batch, week))
            if not added.rowcount:
                return False
            key = (week, SCHEMA_VERSION, report.metric.name)
            found = connection.execute(
                "SELECT tally FROM tallies WHERE week = ? AND schema = ? AND metric = ?", key
            ).fetchone()
            tally = Tally(**json.loads(found[0])) if found else Tally()
            tally.add(report.cells)
            connection.execute("INSERT OR REPLACE INTO tallies VALUES (?, ?, ?, ?)", (*key, _text(tally)))
            connection.execute("DELETE FROM batches WHERE week < ?", (week - BATCHES_KEPT_WEEKS,))
        return True

    def estimates(self, weeks: int) -> dict[str, tuple[int, list[Estimate]]]:
        """By metric: how many reports the last so many weeks brought, and what they say."""
        first = int(self._clock()) // WEEK_S - weeks + 1
        tallies = {metric.name: Tally() for metric in SHARED}
        with self._database.reading() as connection:
            rows = (
                ()
                if connection is None
                else connection.execute(
                    "SELECT metric, tally FROM tallies WHERE week >= ? AND schema = ?",
                    (first, SCHEMA_VERSION),
                ).fetchall()
            )
        for name, text in rows:
            if name in tallies:
                tallies[name].merge(Tally(**json.loads(text)))
        return {name: (tally.reports, estimate(METRICS[name], tally)) for name, tally in tallies.items()}


def create_app(path: Path, clock: Callable[[], float] = time.time) -> Starlette:
    """The collector as an ASGI app. It never asks for the address of who sends."""
    collection = Collection(path, clock)

    async def take(request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_body(request), BODY_TIMEOUT_S)
            report = Report.from_bytes(body)
            await run_in_threadpool(collection.add, report)
        except InputError as error:
            return _refusal(error, 413 if "bytes" in error.message else 400)
        except (asyncio.TimeoutError, ClientDisconnect):
            return Response(status_code=408, headers=HEADERS)
        except StatisticsError as error:
            return _refusal(error, 503)
        return Response(status_code=204, headers=HEADERS)

    async def show(request: Request) -> Response:
        weeks = _weeks(request)
        try:
            found = await run_in_threadpool(collection.estimates, weeks)
        except StatisticsError as error:
            return _refusal(error, 503)
        if request.url.path.endswith(".json"):
            return JSONResponse(_as_json(found, weeks), headers=HEADERS)
        return HTMLResponse(page(found, weeks), headers=HEADERS)

    async def style(_request: Request) -> Response:
        return Response(STYLE, media_type="text/css", headers=HEADERS)

    return Starlette(
        routes=[
            Route("/v1/reports", take, methods=["POST"]),
            Route("/", show),
            Route("/estimates.json", show),
            Route("/style.css", style),
        ]
    )


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > REPORT_BYTES:
            break  # not a byte more is read; Report.from_bytes says why
    return body


def _weeks(request: Request) -> int:
    text = request.query_params.get("weeks", "12")
    return min(520, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 5 else 12


def _refusal(error: VoxedgeError, status: int) -> Response:
    return JSONResponse({"error": error.to_json()}, status_code=status, headers=HEADERS)


def _as_json(found: dict[str, tuple[int, list[Estimate]]], weeks: int) -> dict[str, object]:
    return {
        "weeks": weeks,
        "confidence": 0.99,
        "metrics": {
            name: {
                "reports": reports,
                "cells": {
                    cell.cell: {
                        "units": cell.units,
                        "bar": cell.bar,
                        "share": cell.share,
                        "share_bar": cell.share_bar,
                    }
                    for cell in cells
                },
            }
            for name, (reports, cells) in found.items()
        },
    }


def _text(tally: Tally) -> str:
    return json.dumps({name: getattr(tally, name) for name in Tally.__slots__}, separators=(",", ":"))


def main() -> int:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", type=Path, default=Path("reports.db"), metavar="FILE")
    parser.add_argument("--http", default="127.0.0.1:8787", metavar="HOST:PORT")
    args = parser.parse_args()
    host, _, port = args.http.rpartition(":")
    if not host or not port.isdigit():
        print(f"collector: {args.http!r} isn't HOST:PORT, such as 127.0.0.1:8787.", file=sys.stderr)
        return 2
    print(f"Collecting on http://{args.http}/ into {args.database}", file=sys.stderr)
    # Without an access log, and blind to what a proxy says of addresses: none is written anywhere.
    uvicorn.run(
        create_app(args.database),
        host=host.strip("[]"),
        port=int(port),
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=256,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
