from __future__ import annotations

import textwrap

import pytest

from voxedge.understanding import create


@pytest.fixture
def grammar(tmp_path):
    """Makes an understander from YAML text."""

    def make(text, name="test.yaml", **options):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return create([path], **options)

    return make


@pytest.fixture(scope="session")
def kiosk():
    return create(["kiosk"])
