"""Files from a Hugging Face hub or any HTTP server: resumed, retried within bounds, checked at the end.

The hub's protocol is plain HTTPS: ``<endpoint>/<owner>/<name>/resolve/<revision>/<path>`` answers with the
file, or with a redirect to where large files lie; ``X-Linked-ETag`` then has its SHA-256 hash, and
``X-Repo-Commit`` the commit that a branch stood at.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import re
import urllib.error
import urllib.parse
from io import FileIO

from voxedge.errors import DiskFull, SourceMismatch, SourceUnreachable
from voxedge.store.disk import CHUNK_BYTES, discard, hash_file, named_errors, need_space
from voxedge.store.entry import HubSource, ModelFile, UrlSource
from voxedge.store.locks import locked
from voxedge.store.sources.http import BROKEN, Answer, ask
from voxedge.store.sources.job import Job

HUB = "https://huggingface.co"
_TRIES_UNREACHED = 2
_TRIES_WITHOUT_PROGRESS = 5
_TRIES_IN_ALL = 60
_PROGRESS_BYTES = 1 << 16
"""An attempt that brought less than this counts as none."""

_LONGEST_WAIT_S = 30.0
_TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def pull_from_web(source: HubSource | UrlSource, job: Job) -> None:
    """Fetches the wanted files, one after the other.

    Raises:
        SourceUnreachable: A file can't be had, or the connection broke off too often.
        SourceMismatch: A file isn't what it must be.
        DiskFull: It doesn't fit.
    """
    offline_hub = job.environment.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
    if isinstance(source, HubSource) and offline_hub:
        raise SourceUnreachable(
            "HF_HUB_OFFLINE forbids connections to the hub.", remedy="Unset HF_HUB_OFFLINE, and try again."
        )
    for file in job.wanted:
        url = file_url(source, file.path, job)
        with locked(job.store.lock(f"part-{_key(file, url)}")):
            _Transfer(url, file, job).run()


def file_url(source: HubSource | UrlSource, path: str, job: Job) -> str:
    """The address of a model's file. ``HF_ENDPOINT`` names another hub."""
    if isinstance(source, UrlSource):
        return source.files[path]
    endpoint = (job.environment.get("HF_ENDPOINT") or HUB).rstrip("/")
    inside = urllib.parse.quote(source.files.get(path, path))
    revision = urllib.parse.quote(job.commit or source.revision, safe="")
    return f"{endpoint}/{source.repository}/resolve/{revision}/{inside}"


def _key(file: ModelFile, url: str) -> str:
    """Names the unfinished file: by its hash, so that a transfer can go on from another source."""
    return file.sha256 or "url-" + hashlib.sha256(url.encode()).hexdigest()[:40]


class _Gone(Exception):
    """What is here can't be gone on with: begin again."""


class _Transfer:
    """One file on its way."""

    def __init__(self, url: str, file: ModelFile, job: Job) -> None:
        self._url, self._file, self._job = url, file, job
        key = _key(file, url)
        self._part = job.store.partial(f"{key}.part")
        self._note = job.store.partial(f"{key}.note")
        self._host = urllib.parse.urlsplit(url).netloc
        self._expected = file.size_bytes
        self._linked = ""
        self._tag = ""
        self._reached = False

    def run(self) -> None:
        file, store = self._file, self._job.store
        if (
            file.pinned
            and store.blob(file.sha256).exists()
            and hash_file(store.blob(file.sha256)) == file.sha256
        ):
            self._job.learnt[file.path] = file  # another process brought it while this one waited
            return
        self._part.parent.mkdir(parents=True, exist_ok=True)
        self._recall()
        self._job.listener.begin(f"{self._job.entry.name}: {file.path}", self._expected)
        try:
            resumed = self._size() > 0
            self._fetch()
            try:
                self._accept()
            except SourceMismatch:
                if not resumed:
                    raise
                # The old part may be to blame (another source, a damaged disk): once more from the start.
                self._forget()
                self._fetch()
                self._accept()
        except DiskFull:
            self._forget()  # a part that fills the disk helps nobody
            raise
        finally:
            self._job.listener.end()

    def _accept(self) -> None:
        wanted = self._file
        if not wanted.pinned and self._linked:
            wanted = dataclasses.replace(wanted, sha256=self._linked, size_bytes=self._size())
        self._job.accept(wanted, self._part, self._host)
        discard(self._note)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _recall(self) -> None:
        """Takes up what an interrupted transfer left; a part that can't be trusted is thrown away."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            same = note["url"] == self._url
            tag, total = str(note["tag"]), int(note["total"])
        except (OSError, ValueError, KeyError, TypeError):
            same, tag, total = False, "", 0
        if same:
            self._tag = tag
        usable = self._file.pinned or (same and tag)
        if not usable or (self._file.pinned and self._size() > self._file.size_bytes):
            self._forget()
        elif not self._file.pinned:
            self._expected = total
        self._job.listener.advance(0)

    def _forget(self) -> None:
        self._job.listener.advance(-self._size())
        discard(self._part)
        discard(self._note)
        self._tag = ""

    def _fetch(self) -> None:
        """Brings the file in as many attempts as it takes, within bounds."""
        idle = 0
        reason = "no answer"
        self._job.listener.advance(self._size())
        for _ in range(_TRIES_IN_ALL):
            before, wait_s = self._size(), 0.0
            if self._file.pinned and before == self._file.size_bytes:
                return
            try:
                if self._attempt():
                    return
                reason = "the connection broke off"
            except _Gone:
                self._forget()
                reason = "the server doesn't have what it had before"
            except urllib.error.HTTPError as exc:
                self._reached = True
                if exc.code == 416:
                    self._forget()
                elif exc.code not in _TRY_AGAIN:
                    raise self._unreachable(f"it answered {exc.code} {exc.reason}") from exc
                reason, wait_s = f"it answered {exc.code} {exc.reason}", _retry_after(exc)
            except BROKEN as exc:
                reason = str(getattr(exc, "reason", exc)) or type(exc).__name__
            idle = 0 if self._size() >= before + _PROGRESS_BYTES else idle + 1
            if idle >= (_TRIES_WITHOUT_PROGRESS if self._reached else _TRIES_UNREACHED):
                break
            pause = min(_LONGEST_WAIT_S, 0.5 * 2 ** min(idle, 6)) * random.uniform(0.5, 1.0)
            self._job.sleep(max(pause, wait_s))
        raise self._unreachable(reason)

    def _unreachable(self, reason: str) -> SourceUnreachable:
        got = self._size()
        kept = f" The {got} bytes that came are kept." if got else ""
        return SourceUnreachable(
            f"{self._host} doesn't deliver {self._file.path}: {reason}.{kept}",
            remedy=f"Check the network, then go on: voxedge models pull {self._job.entry.name}",
        )

    def _attempt(self) -> bool:
        """One request; True when the file is complete."""
        here = self._size()
        answer = ask(self._url, from_byte=here, tag=self._tag, environment=self._job.environment)
        with answer.body:
            self._reached = True
            self._check(answer, here)
            if answer.first_byte != here:
                self._job.listener.advance(-here)
                here = 0
            self._write_note(answer)
            return self._receive(answer, here)

    def _check(self, answer: Answer, here: int) -> None:
        file = self._file
        if answer.status == 206 and answer.first_byte != here:
            raise _Gone  # another part than the one that was asked for
        if not self._job.commit and re.fullmatch(r"[0-9a-f]{40}", answer.commit):
            self._job.commit = answer.commit  # a branch may move while its files are fetched
        total = answer.total_bytes
        # Of a full answer, one that announces too little is gone on with: the next attempt asks for the rest.
        wrong = total > file.size_bytes if answer.status == 200 else total not in {0, file.size_bytes}
        if file.pinned and wrong:
            raise self._other(f"it has {total} bytes instead of {file.size_bytes}")
        if not file.pinned and answer.content_type == "text/html":
            raise self._other("it is a web page")
        if self._linked and answer.linked_sha256 and answer.linked_sha256 != self._linked:
            self._linked = answer.linked_sha256
            if here:
                raise _Gone
        self._linked = self._linked or answer.linked_sha256
        if file.pinned and self._linked and self._linked != file.sha256:
            raise self._other("the hub names another hash")
        if not file.pinned and total:
            self._expected = total
            need_space(self._part.parent, total - here, f"{self._job.entry.name}: {file.path}")

    def _other(self, what: str) -> SourceMismatch:
        self._forget()
        return SourceMismatch(
            f"{self._host} has another {self._file.path} than the one named for {self._job.entry.name!r}: "
            f"{what}.",
            remedy="Nothing of it was kept. Try again later, or take another source: "
            f"voxedge models pull {self._job.entry.name} --from FILE",
        )

    def _write_note(self, answer: Answer) -> None:
        self._tag = answer.tag
        note = {"url": self._url, "tag": answer.tag, "total": answer.total_bytes}
        with named_errors("note the transfer", self._note):
            self._note.write_text(json.dumps(note), encoding="utf-8")

    def _receive(self, answer: Answer, here: int) -> bool:
        limit = self._file.size_bytes or self._expected or 1 << 40
        arrived = 0
        with named_errors("write what is fetched", self._part):
            # Unbuffered: a buffer would meet the full disk once more, when the file is closed.
            out = self._part.open("r+b" if here else "wb", buffering=0)
        with out:
            out.seek(here)
            while chunk := _read(answer):
                arrived += len(chunk)
                if here + arrived > limit:
                    raise self._other(f"it goes on after {limit} bytes")
                with named_errors("write what is fetched", self._part):
                    _write_all(out, chunk)
                self._job.listener.advance(len(chunk))
            out.truncate()
        if self._file.pinned:
            return here + arrived == self._file.size_bytes
        # http.client raises on a chunked body that breaks off, and gives less on a counted one.
        return answer.left_bytes in (-1, arrived)


def _read(answer: Answer) -> bytes:
    # read1 gives what has arrived, so that what came before a break is kept.
    reader = getattr(answer.body, "read1", answer.body.read)
    data: bytes = reader(CHUNK_BYTES)
    return data


def _write_all(out: FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[out.write(left) :]


def _retry_after(error: urllib.error.HTTPError) -> float:
    text = error.headers.get("Retry-After", "") if error.headers else ""
    return min(_LONGEST_WAIT_S, float(text)) if text.isascii() and text.isdigit() else 0.0
