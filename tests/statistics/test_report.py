"""A report holds nothing but numbers of a closed list, has one length, and is read with distrust."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import types
import typing
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statistics_helpers import SeededBits

from voxedge.errors import InputError
from voxedge.statistics import report as report_module
from voxedge.statistics.report import REPORT_BYTES, Report, draw_report
from voxedge.statistics.schema import METRICS, SHARED, Kind, shared_on

GOOD = draw_report(METRICS["turn_outcome"], [9, 0, 2, 100, 0, 0, 7], SeededBits())


@pytest.mark.parametrize("metric", SHARED, ids=lambda metric: metric.name)
def test_the_longest_report_fits(metric):
    longest = Report("f" * 32, metric, (-metric.cell_limit,) * len(metric.cells))
    assert len(longest.to_bytes()) == REPORT_BYTES
    assert Report.from_bytes(longest.to_bytes()) == longest


def test_a_report_is_these_bytes():
    text = GOOD.to_bytes().decode("ascii")
    assert set(json.loads(text)) == {"voxedge_statistics", "batch", "epsilon", "metric", "cells"}
    assert re.fullmatch(
        r'\{"voxedge_statistics":1,"batch":"[0-9a-f]{32}","epsilon":"2","metric":"turn_outcome",'
        r'"cells":\[(-?\d+,){6}-?\d+\]\} *',
        text,
    )


def test_no_field_of_a_report_could_hold_text():
    """The batch is random digits, the metric one of a closed list, the cells are whole numbers."""
    kinds = typing.get_type_hints(Report)
    assert kinds == {"batch": str, "metric": report_module.Metric, "cells": tuple[int, ...]}
    assert [field.name for field in dataclasses.fields(Report)] == ["batch", "metric", "cells"]
    for cells in [("said",) * 7, (1.5,) * 7, (True,) * 7, (None,) * 7, ([],) * 7]:
        sneaky = json.loads(GOOD.to_bytes())
        sneaky["cells"] = list(cells)
        with pytest.raises(InputError):
            Report.from_bytes(json.dumps(sneaky).encode().ljust(REPORT_BYTES))


def test_the_schema_is_closed():
    assert isinstance(METRICS, typing.Mapping)
    for metric in METRICS.values():
        assert metric.kind in Kind
        assert metric.purpose.endswith("?")
        assert metric.about
        assert len(set(metric.cells)) == len(metric.cells) >= 1
        assert all(type(edge) is int for edge in metric.edges)
        assert list(metric.edges) == sorted(set(metric.edges))
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.edges) == bool(metric.unit)
        assert not isinstance(metric.cells, (dict, types.GeneratorType))
    for metric in SHARED:
        assert isinstance(metric.expires, date)


def test_an_expired_metric_is_shared_no_more():
    assert shared_on(date(2026, 12, 1)) == SHARED
    assert shared_on(max(metric.expires for metric in SHARED)) == ()


def test_values_fall_into_their_buckets():
    metric = METRICS["final_latency_ms"]
    cases = [0, 50, 50.1, 100, 3_200, 3_201, float("inf"), -5, float("nan")]
    assert [metric.bucket(value) for value in cases] == [0, 0, 1, 1, 6, 7, 7, 0, 7]
    assert METRICS["trouble"].cell("speaking") == 5
    assert METRICS["trouble"].cells[METRICS["trouble"].cell("a name somebody said")] == "other"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(min_size=REPORT_BYTES, max_size=REPORT_BYTES)))
def test_garbage_is_refused_by_name(data):
    with pytest.raises(InputError) as caught:
        Report.from_bytes(data)
    assert caught.value.room == "statistics"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@example("voxedge_statistics", True)
@example("voxedge_statistics", 1.0)
@given(st.sampled_from(["voxedge_statistics", "batch", "epsilon", "metric", "cells", "more"]), VALUES)
def test_one_wrong_value_is_refused_by_name(key, value):
    changed = {**json.loads(GOOD.to_bytes()), key: value}
    data = json.dumps(changed).encode("utf-8").ljust(REPORT_BYTES)
    try:
        found = Report.from_bytes(data)
    except InputError:
        return
    assert found.to_bytes() == data  # whatever is taken is what a device would have sent


@pytest.mark.parametrize("data", [b"[" * REPORT_BYTES, GOOD.to_bytes()[:-1], GOOD.to_bytes() + b" ", b""])
def test_deep_short_and_long_ones_are_refused(data):
    with pytest.raises(InputError):
        Report.from_bytes(data)


def test_the_privacy_page_is_that_of_the_schema(repository):
    """Its tables are written from the schema: a metric that the page doesn't name can't be sent."""
    script = repository / "scripts" / "make_privacy_table.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    page = (repository / "docs" / "privacy.md").read_text(encoding="utf-8")
    for metric in METRICS.values():
        assert f"| `{metric.name}` | {metric.about} |" in page
