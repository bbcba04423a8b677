"""The CTranslate2 engine: one folder with a model, its SentencePiece files and its way of tagging.

CTranslate2 translates tokens; everything around them (which tokens mark the language, whether an end
token is wanted) differs between the families of models and is in a `Layout`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, cast

from voxedge.cores import share
from voxedge.errors import ClosedError, EngineError, EngineLoadFailed, LanguageUnsupported
from voxedge.events import NEVER, CancelToken
from voxedge.registry import need
from voxedge.translation.contract import (
    MARK_BASE,
    MARKS,
    EngineCapabilities,
    Hypothesis,
    TranslationOptions,
)
from voxedge.translation.layout import Layout, read_layout

BATCH_TOKENS = 512
"""Tokens of one batch: more gains nothing on a few cores (words a second flat from here on)."""

SENTENCES_AT_ONCE = 128
"""Between groups of so many sentences the cancel token is looked at."""

_SPECIAL = frozenset({"<s>", "</s>", "<unk>", "<pad>"})


class _Result(Protocol):
    hypotheses: list[list[str]]
    scores: list[float]
    attention: list[list[list[float]]]


class _Tokens(Protocol):
    def encode(self, text: str, out_type: type) -> list[str]: ...

    def decode(self, tokens: list[str]) -> str: ...


class CTranslate2Engine:
    """Translates sentences with a CTranslate2 model. Safe to use from several threads.

    Args:
        folder: Folder of the model (see `voxedge.translation.layout`). Verified by whoever hands it in.
        threads: Cores to use, by two batches at once; 0 takes what CTranslate2 thinks right.
        model: Name to report; "" takes the folder's.
        pairs: Pairs that the folder doesn't tell itself, such as ``[("en", "fi")]``.
        compute_type: How CTranslate2 computes: ``auto`` takes the fastest on this machine, ``default`` what
            the weights are kept as.

    Raises:
        EngineLoadFailed: Files are missing or damaged.
        ExtraMissing: SentencePiece isn't installed.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        threads: int = 0,
        model: str = "",
        pairs: Sequence[tuple[str, str]] = (),
        compute_type: str = "auto",
    ) -> None:
        self._layout: Layout = read_layout(Path(folder), pairs)
        need("sentencepiece", "translate", "Translating")
        self._source_pieces = _load_pieces(self._layout.source_pieces)
        self._target_pieces = (
            self._source_pieces
            if self._layout.target_pieces == self._layout.source_pieces
            else _load_pieces(self._layout.target_pieces)
        )
        self._model = _load_model(self._layout.model_folder, threads, compute_type)
        self._closed = False
        self._lock = threading.Lock()
        self._capabilities = EngineCapabilities(
            engine="ctranslate2",
            model=model or Path(folder).name,
            pairs=self._layout.pairs,
            placeholders=self._layout.placeholders,
            max_tokens=self._layout.max_tokens,
        )

    @property
    def capabilities(self) -> EngineCapabilities:
        """What it can do."""
        return self._capabilities

    def count_tokens(self, sentence: str) -> int:
        """How many tokens of the model the sentence is."""
        return len(self._source_pieces.encode(sentence, out_type=str))

    def translate_sentences(
        self,
        sentences: Sequence[str],
        *,
        source: str,
        target: str,
        options: TranslationOptions,
        strict: bool = False,
        links: bool = False,
        cancel: CancelToken = NEVER,
    ) -> list[list[Hypothesis]]:
        """Translates sentences; see `SentenceEngine.translate_sentences`."""
        if (source, target) not in self._capabilities.pairs:
            known = ", ".join(sorted(f"{a}-{b}" for a, b in self._capabilities.pairs))
            raise LanguageUnsupported(
                f"The model {self._capabilities.model!r} doesn't translate {source!r} to {target!r}.",
                remedy=f"It knows {known}.",
                room="translation",
            )
        answers: list[list[Hypothesis]] = [[] for _ in sentences]
        # Neighbours of like length waste least padding; the order is put right at the end.
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        for start in range(0, len(order), SENTENCES_AT_ONCE):
            cancel.raise_if_cancelled()
            chosen = order[start : start + SENTENCES_AT_ONCE]
            tokens = [self._encode(sentences[i], source, target) for i in chosen]
            results = self._run(tokens, target, options, strict, links)
            for index, asked, result in zip(chosen, tokens, results, strict=True):
                attention = result.attention if links else [[] for _ in result.hypotheses]
                answers[index] = [
                    self._hypothesis(words, score, target, asked, weights)
                    for words, score, weights in zip(result.hypotheses, result.scores, attention, strict=True)
                ]
        return answers

    def close(self) -> None:
        """Gives the model's memory back; may be called twice."""
        with self._lock:
            if not self._closed:
                self._closed = True
                unload: Callable[[], None] | None = getattr(self._model, "unload_model", None)
                if unload is not None:
                    unload()

    def _encode(self, sentence: str, source: str, target: str) -> list[str]:
        pieces = self._source_pieces.encode(sentence, out_type=str)
        if self._layout.placeholders:
            pieces = _collapse_marks(pieces)
        head = self._layout.source_prefix(source, target)
        return [*head, *pieces, *self._layout.source_suffix]

    def _run(
        self, tokens: list[list[str]], target: str, options: TranslationOptions, strict: bool, links: bool
    ) -> list[_Result]:
        longest = max(len(item) for item in tokens)
        prefix = self._layout.target_prefix(target)
        number = options.alternatives
        if self._closed:
            raise ClosedError("The translator was closed.", remedy="Make a new one.", room="translation")
        translate: Callable[..., list[_Result]] = self._model.translate_batch  # type: ignore[attr-defined]
        try:
            return translate(
                tokens,
                target_prefix=[prefix] * len(tokens) if prefix else None,
                beam_size=max(options.beam, number),
                num_hypotheses=number,
                max_batch_size=BATCH_TOKENS,
                batch_type="tokens",
                max_decoding_length=2 * longest + 16,
                max_input_length=0,
                return_scores=True,
                return_attention=links,
                use_vmap=self._layout.shortlist,
                repetition_penalty=1.2 if strict else 1.0,
                no_repeat_ngram_size=3 if strict else 0,
            )
        except (RuntimeError, ValueError) as exc:
            raise EngineError(
                f"The model {self._capabilities.model!r} failed: {type(exc).__name__}.",
                remedy="Check its files: voxedge models verify",
                room="translation",
            ) from exc

    def _hypothesis(
        self, tokens: list[str], score: float, target: str, asked: list[str], weights: list[list[float]]
    ) -> Hypothesis:
        prefix = self._layout.target_prefix(target)
        skipped = len(prefix) if prefix and tokens[: len(prefix)] == prefix else 0
        kept = [
            (token, weights[i] if i < len(weights) else [])
            for i, token in enumerate(tokens)
            if i >= skipped and token not in _SPECIAL and not self._layout.is_tag(token)
        ]
        text = self._decode([token for token, _ in kept])
        links = _links(asked, kept, self._layout) if weights else ()
        # CTranslate2 divides the log-probability by the length already (length_penalty 1).
        return Hypothesis(text, math.exp(min(0.0, score)), links)

    def _decode(self, tokens: list[str]) -> str:
        if not self._layout.placeholders:
            return self._target_pieces.decode(tokens).strip()
        marks = {f"<0x0{n}>": chr(MARK_BASE + n) for n in range(1, MARKS + 1)}
        bytes_of = {mark: [f"<0x{byte:02X}>" for byte in mark.encode()] for mark in marks.values()}
        spelled: list[str] = []
        for token in tokens:
            spelled += bytes_of[marks[token]] if token in marks else [token]
        return self._target_pieces.decode(spelled).strip()


def _links(
    asked: list[str], kept: list[tuple[str, list[float]]], layout: Layout
) -> tuple[tuple[int, int], ...]:
    """Offsets of tokens that belong together: where the decoder looked most when it wrote a token."""
    words = [i for i, token in enumerate(asked) if token not in _SPECIAL and not layout.is_tag(token)]
    if not words:
        return ()
    source = dict(zip(words, _offsets([asked[i] for i in words]), strict=True))
    target = _offsets([token for token, _ in kept])
    found: list[tuple[int, int]] = []
    for (_, weights), offset in zip(kept, target, strict=True):
        likely = max((i for i in words if i < len(weights)), key=lambda i: weights[i], default=None)
        if likely is not None:
            found.append((source[likely], offset))
    return tuple(found)


def _offsets(tokens: list[str]) -> list[int]:
    """Where the first letter of each token stands in the text that they make."""
    found: list[int] = []
    length = 0
    for token in tokens:
        blank = token.startswith("▁") and length > 0
        found.append(length + blank)
        size = 1 if token.startswith("<0x") else len(token.lstrip("▁"))
        length += blank + size
    return found


def _collapse_marks(pieces: list[str]) -> list[str]:
    """Turns a placeholder's three bytes into the one control byte that the model was trained with."""
    kept: list[str] = []
    position = 0
    while position < len(pieces):
        if pieces[position : position + 2] == ["<0xEE>", "<0x80>"] and position + 2 < len(pieces):
            number = int(pieces[position + 2][3:5], 16) - 0x80
            if 1 <= number <= MARKS:
                kept.append(f"<0x0{number}>")
                position += 3
                continue
        kept.append(pieces[position])
        position += 1
    return kept


def _load_pieces(path: Path) -> _Tokens:
    import sentencepiece

    try:
        processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as exc:
        raise EngineLoadFailed(
            f"The SentencePiece file {path.name!r} can't be read.",
            remedy="Get the model anew: voxedge models pull NAME",
            room="translation",
        ) from exc
    return cast(_Tokens, processor)


def _load_model(folder: Path, threads: int, compute_type: str) -> object:
    import ctranslate2

    at_once, each = share(threads)
    try:
        return ctranslate2.Translator(
            str(folder), device="cpu", compute_type=compute_type, inter_threads=at_once, intra_threads=each
        )
    except (RuntimeError, ValueError, OSError) as exc:
        raise EngineLoadFailed(
            f"The translation model in {folder.name!r} can't be loaded: it is damaged or of another version.",
            remedy="Get the model anew: voxedge models pull NAME",
            room="translation",
        ) from exc
