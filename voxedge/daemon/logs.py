"""The daemon's log: one JSON object a line on standard error. It never holds what was said, or addresses.

A field is a number, a name of ours, or a code; whatever comes from a client stays out.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TextIO

FIELDS = "voxedge_fields"
"""Name of the record's attribute that holds the fields."""


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time (UTC), level, logger, message, its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields.update(getattr(record, FIELDS, {}))
        if record.exc_info and record.exc_info[0] is not None:
            # The exception's text may quote what somebody said: only its class and place are told.
            from voxedge.handlers import place_of

            fields["exception"] = record.exc_info[0].__name__
            fields["place"] = place_of(record.exc_info[1]) if record.exc_info[1] else ""
        return json.dumps(fields, ensure_ascii=False)


def set_up(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Sends what voxedge logs to a stream (standard error), as lines of JSON."""
    logger = logging.getLogger("voxedge")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def log(logger: logging.Logger, level: int, message: str, **fields: str | int | float | bool) -> None:
    """Logs a message with fields."""
    logger.log(level, message, extra={FIELDS: fields})
