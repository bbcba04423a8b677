"""Values in spoken and written language: amounts, times, dates, colours, spelled strings; typed, with units.

Pure: no clock of its own, no files, no state. Languages: English, Spanish, German, French.
"""

from __future__ import annotations

from voxedge.understanding.values.contract import KINDS, Kind, Value
from voxedge.understanding.values.finding import find_all, parse

__all__ = ["KINDS", "Kind", "Value", "find_all", "parse"]
