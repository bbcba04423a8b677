"""Moved to `voxedge.subtitles`, which the daemon uses as well."""

from voxedge.subtitles import FORMATS, Result, Writer, timestamp, writer_for

__all__ = ["FORMATS", "Result", "Writer", "timestamp", "writer_for"]
