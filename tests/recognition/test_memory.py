import sys

import pytest

from voxedge.recognition import memory
from voxedge.recognition.memory import Returning, give_back
from voxedge.recognition.windows import GRID_S, WindowPolicy


def test_windows_come_in_few_lengths_whatever_the_speech():
    policy = WindowPolicy()
    seen = {window for tenths in range(1, 310) for window in policy.windows_s(tenths / 10)}
    assert len(seen) <= 30
    assert seen <= set(GRID_S)


def test_memory_is_returned_once_so_many_seconds_were_encoded(monkeypatch):
    returned = []
    monkeypatch.setattr(memory, "give_back", lambda: returned.append(1) or True)
    returning = Returning(every_s=20.0)
    assert [returning.used(9.0) for _ in range(6)] == [False, False, True, False, False, True]
    assert returning.used(30.0)
    assert len(returned) == 3


def test_where_the_c_library_has_no_such_call_nothing_is_done(monkeypatch):
    monkeypatch.setattr(memory, "_trim", lambda: None)
    assert give_back() is False


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_giving_back_lowers_what_is_resident():
    import numpy as np

    from voxedge.bench.process import resident_mb

    if memory._trim() is None:
        pytest.skip("the C library has no malloc_trim")
    # Blocks below the size that the system is asked for singly, so that they lie in the heap, and one that
    # stays above them.
    blocks = [np.ones(12_000, np.float32) for _ in range(1200)]
    kept = np.ones(12_000, np.float32)
    before = resident_mb()
    del blocks
    assert give_back()
    assert resident_mb() < before - 30
    assert kept[0] == 1.0
