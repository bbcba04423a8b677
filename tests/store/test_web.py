"""Faults of servers: whatever they do, the model is right or there is a named error."""

from __future__ import annotations

import pytest
from model_server import (
    COMMIT,
    broken_chunks,
    drop_after,
    endless,
    error,
    flip_bit,
    garbage,
    garbled_part,
    ignore_range,
    length,
    login_page,
    refuse_range,
    wrong_part,
    wrong_total,
)
from store_helpers import NAME, contents, entry_table, leftovers

from voxedge.errors import ModelMissing, SourceMismatch, SourceUnreachable
from voxedge.store.pull import pull

SIZE = 300_000
DATA = contents(SIZE)
HUB = {"type": "hub", "repository": "owner/name"}


@pytest.fixture
def served(server, library):
    """A model of one file on the server, by hub or by address, with or without known hashes."""

    def make(*, pinned=True, hub=True, data=DATA):
        path = "/owner/name/m.onnx" if hub else "/m.onnx"
        server.files[path] = data
        source = HUB if hub else {"type": "url", "files": {"m.onnx": f"{server.url}/m.onnx"}}
        lib = library(entry_table({"m.onnx": DATA}, [source], pinned=pinned, main_file="m.onnx"))
        return lib, lib.entry(NAME), path

    return make


@pytest.mark.parametrize("hub", [True, False])
@pytest.mark.parametrize("pinned", [True, False])
def test_a_good_server_gives_the_model(served, options, home, hub, pinned):
    library, entry, _ = served(hub=hub, pinned=pinned)
    found, fetched = pull(library, entry, options())
    assert fetched
    assert found.path.read_bytes() == DATA == library.resolve(NAME).read_bytes()
    assert leftovers(home) == []
    assert pull(library, entry, options()) == (found, False)


@pytest.mark.parametrize("hub", [True, False])
@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    "faults",
    [
        [drop_after(100_000)],
        [drop_after(0)],
        [drop_after(100_000), drop_after(100_000)],
        [drop_after(100_000), ignore_range],
        [drop_after(100_000), wrong_part],
        [drop_after(100_000), garbled_part],
        [drop_after(100_000), refuse_range],
        [broken_chunks],
        [garbage],
        [error(503), error(429)],
        [error(500), drop_after(70_000), error(502), drop_after(70_000)],
    ],
    ids=lambda faults: "-".join(getattr(f, "__qualname__", "?").split(".")[0] for f in faults),
)
def test_what_can_be_mended_is(served, server, options, home, faults, hub, pinned):
    library, entry, path = served(hub=hub, pinned=pinned)
    for fault in faults:
        server.fault(path, fault)
    found, fetched = pull(library, entry, options())
    assert fetched
    assert found.path.read_bytes() == DATA
    assert leftovers(home) == []
    assert server.faults[path] == []


def test_a_length_that_is_too_long_is_gone_on_after_when_nothing_is_known(served, server, options):
    library, entry, path = served(pinned=False)
    server.fault(path, length(+1000))
    assert pull(library, entry, options())[0].path.read_bytes() == DATA


def test_a_length_that_is_too_short_is_gone_on_after(served, server, options):
    library, entry, path = served()
    server.fault(path, length(-1000))
    assert pull(library, entry, options())[0].path.read_bytes() == DATA


def test_a_wrong_total_ends_in_a_named_error_and_the_next_pull_is_whole(served, server, options, home):
    library, entry, path = served()
    server.fault(path, drop_after(100_000))
    server.fault(path, wrong_total)
    with pytest.raises(SourceMismatch):
        pull(library, entry, options())
    assert leftovers(home) == []
    assert pull(library, entry, options())[0].path.read_bytes() == DATA


@pytest.mark.parametrize("fault", [flip_bit, login_page, length(+1000), endless])
@pytest.mark.parametrize("resumed", [False, True])
def test_another_file_is_never_kept(served, server, options, home, fault, resumed):
    library, entry, path = served()
    server.says_hashes = False
    if resumed:
        server.fault(path, drop_after(100_000))
    server.fault(path, fault, times=3 if fault in (flip_bit, login_page, endless) else 60)
    with pytest.raises((SourceMismatch, SourceUnreachable)) as caught:
        pull(library, entry, options())
    assert "--from" in caught.value.remedy or "pull" in caught.value.remedy
    with pytest.raises(ModelMissing):
        library.resolve(NAME)
    server.faults.clear()
    assert pull(library, entry, options())[0].path.read_bytes() == DATA
    assert leftovers(home) == []


def test_a_flipped_bit_is_found_by_the_hubs_own_hash_when_the_catalogue_has_none(served, server, options):
    library, entry, path = served(pinned=False)
    server.fault(path, flip_bit)
    with pytest.raises(SourceMismatch):
        pull(library, entry, options())
    assert pull(library, entry, options())[0].path.read_bytes() == DATA


@pytest.mark.parametrize("fault", [login_page, error(200, **{"Content-Type": "text/html"})])
def test_a_login_page_is_never_pinned(served, server, options, fault):
    library, entry, path = served(pinned=False, hub=False)
    server.fault(path, fault)
    with pytest.raises(SourceMismatch):
        pull(library, entry, options())
    assert library.store.pin(NAME) is None


def test_a_file_that_changes_between_two_attempts_is_fetched_anew(served, server, options):
    library, entry, path = served(pinned=False, hub=False)
    new = contents(SIZE, seed=2)
    server.fault(path, drop_after(100_000))

    def swap(server, handler, data):
        server.files[path] = new
        server.serve(handler, new)

    server.fault(path, swap)
    assert pull(library, entry, options())[0].path.read_bytes() == new


def test_retries_are_bounded_and_what_came_is_kept(served, server, options, home):
    library, entry, path = served()
    server.fault(path, drop_after(100_000))
    server.fault(path, drop_after(10), times=100)
    with pytest.raises(SourceUnreachable, match="are kept") as caught:
        pull(library, entry, options())
    assert caught.value.retryable
    assert len(server.asked) < 30
    assert sum(options.waits) < 120
    assert any(name.endswith(".part") for name in leftovers(home))
    server.faults.clear()
    server.asked.clear()
    assert pull(library, entry, options())[0].path.read_bytes() == DATA
    ranges = [asked for _, asked in server.asked if asked]
    assert ranges
    assert all(int(asked.removeprefix("bytes=").rstrip("-")) >= 100_000 for asked in ranges)


def test_retry_after_is_heeded_within_bounds(served, server, options):
    library, entry, path = served()
    server.fault(path, error(429, **{"Retry-After": "7"}))
    server.fault(path, error(503, **{"Retry-After": "86400"}))
    pull(library, entry, options())
    assert 7 in options.waits
    assert max(options.waits) <= 30


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_final_answer_is_not_asked_for_again(served, server, options, status):
    library, entry, path = served()
    server.fault(path, error(status), times=9)
    with pytest.raises(SourceUnreachable, match=str(status)):
        pull(library, entry, options())
    assert len(server.faults[path]) == 8


def test_no_server_at_all_is_said_soon(library, options, server):
    server.close()
    lib = library(entry_table({"m.onnx": DATA}, [HUB]))
    with pytest.raises(SourceUnreachable) as caught:
        pull(lib, lib.entry(NAME), options())
    assert len(options.waits) <= 2
    assert "pull" in caught.value.remedy


def test_the_next_source_takes_over_and_goes_on_where_the_first_broke_off(server, library, options):
    server.files["/owner/name/m.onnx"] = server.files["/m.onnx"] = DATA
    server.fault("/owner/name/m.onnx", drop_after(200_000))
    server.fault("/owner/name/m.onnx", error(404))
    url = {"type": "url", "files": {"m.onnx": f"{server.url}/m.onnx"}}
    lib = library(entry_table({"m.onnx": DATA}, [HUB, url], main_file="m.onnx"))
    made = options()
    assert pull(lib, lib.entry(NAME), made)[0].path.read_bytes() == DATA
    assert ("/m.onnx", "bytes=200000-") in server.asked
    assert any("404" in text for text in made.listener.notes)


def test_first_pull_pins_and_a_changed_model_is_refused_until_told(served, server, options):
    library, entry, path = served(pinned=False)
    first = options()
    found, _ = pull(library, entry, first)
    assert found.origin == "first_pull"
    assert any(found.entry.files[0].sha256 in text for text in first.listener.notes)
    pin = library.store.pin(NAME)
    assert pin is not None
    assert pin.commit == COMMIT
    library.store.remove(NAME)
    new = contents(SIZE, seed=3)
    server.files[path] = new
    server.asked.clear()
    with pytest.raises(SourceMismatch) as caught:
        pull(library, entry, options())
    assert "--repin" in caught.value.remedy
    assert f"/owner/name/resolve/{COMMIT}/m.onnx" in [asked for asked, _ in server.asked]
    found, _ = pull(library, entry, options(repin=True))
    assert found.path.read_bytes() == new == library.resolve(NAME).read_bytes()


def test_offline_asks_nobody_and_names_what_is_lacking(served, server, options):
    library, entry, _ = served()
    with pytest.raises(ModelMissing, match=r"m\.onnx"):
        pull(library, entry, options(offline=True))
    assert server.asked == []


def test_the_hubs_own_switch_is_heeded(served, server, options):
    library, entry, _ = served()
    made = options()
    made.environment["HF_HUB_OFFLINE"] = "1"
    with pytest.raises(SourceUnreachable, match="HF_HUB_OFFLINE"):
        pull(library, entry, made)
    assert server.asked == []


def test_progress_adds_up_to_the_length_whatever_happened(served, server, options):
    library, entry, path = served()
    for fault in (drop_after(100_000), ignore_range):
        server.fault(path, fault)
    made = options()
    pull(library, entry, made)
    assert made.listener.moved == SIZE
