"""Training data for the starter translation model: choosing, filtering, encoding, batching.

Used by ``train_translation.py``. Sentence pairs come from ``$VOXEDGE_TEST_DATA/parallel``;
only sets whose licence allows any use are read. Every sentence that occurs in a test file,
in any language and on either side, is taken out of the training pairs first.
"""

from __future__ import annotations

import io
import json
import lzma
import os
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import sentencepiece as spm

TRAINING_SETS = ("tatoeba", "android", "ha-app")
"""CC BY 2.0 FR, Apache 2.0, Apache 2.0. The Multi30k files are non-commercial and stay out."""

LANGUAGES = ("en", "es", "de", "fr")
PHRASE_COPIES = 12
TEST_PREFIXES = ("test.", "eval.")
MAX_TOKENS = 96
EXACT_LENGTH_TOKENS = 32
"""Up to this length all sources of a batch are equally long, so that no mask is needed."""


def data_folder() -> Path:
    """Return the folder of sentence pairs."""
    root = Path(__file__).resolve().parent.parent
    base = os.environ.get("VOXEDGE_TEST_DATA", str(root / ".." / "shared" / "data"))
    return Path(base) / "parallel"


def comparison_key(sentence: str) -> str:
    """Return the sentence case-folded, without punctuation, with single spaces."""
    kept = (" " if unicodedata.category(char)[0] in "PSZC" else char for char in sentence.casefold())
    return " ".join("".join(kept).split())


def transcript_style(sentence: str) -> str:
    """Return the sentence as a speech recognizer without punctuation would write it."""
    lowered = sentence.lower().replace("’", "'")
    kept = [
        char if char.isalnum() or char in "'-" or unicodedata.category(char)[0] == "M" else " "
        for char in lowered
    ]
    return " ".join(word.strip("'-") for word in "".join(kept).split() if word.strip("'-"))


def read_rows(path: Path) -> Iterator[list[str]]:
    """Yield the tab-separated rows of a plain or xz-compressed file."""
    opener = lzma.open if path.suffix == ".xz" else open
    with opener(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield unicodedata.normalize("NFC", line.rstrip("\r\n")).split("\t")


def test_keys(folder: Path) -> set[str]:
    """Return the keys of every cell of every test and evaluation file, all languages."""
    keys: set[str] = set()
    for path in sorted(folder.iterdir()):
        if path.name.startswith(TEST_PREFIXES):
            for row in read_rows(path):
                keys.update(comparison_key(cell) for cell in row)
    keys.discard("")
    return keys


@dataclass(frozen=True)
class Pair:
    """One sentence pair: languages and texts of both sides."""

    left_language: str
    right_language: str
    left: str
    right: str


def training_pairs(folder: Path, pairs: Iterable[str], forbidden: set[str]) -> list[Pair]:
    """Read the training pairs of e.g. ``("en-es",)`` that share no sentence with a test file."""
    chosen: dict[tuple[str, str, str], Pair] = {}
    for name in pairs:
        left_language, right_language = name.split("-")
        for set_name in TRAINING_SETS:
            for row in read_rows(folder / f"train.{set_name}.{name}.tsv.xz"):
                left, right = row[0].strip(), row[1].strip()
                if not left or not right:
                    continue
                if comparison_key(left) in forbidden or comparison_key(right) in forbidden:
                    continue
                chosen.setdefault((name, left, right), Pair(left_language, right_language, left, right))
    return list(chosen.values())


def phrase_pairs(pairs: Iterable[str], forbidden: set[str]) -> list[Pair]:
    """Read our own phrase book, several copies of it: the corpora hardly have greetings and orders."""
    rows = list(read_rows(Path(__file__).resolve().with_name("phrases.tsv")))
    found: list[Pair] = []
    for name in pairs:
        left_language, right_language = name.split("-")
        at, to = LANGUAGES.index(left_language), LANGUAGES.index(right_language)
        for row in rows:
            left, right = row[at].strip(), row[to].strip()
            if comparison_key(left) not in forbidden and comparison_key(right) not in forbidden:
                found += [Pair(left_language, right_language, left, right)] * PHRASE_COPIES
    return found


def train_vocabulary(folder: Path, work_dir: Path, size: int, forbidden: set[str]) -> Path:
    """Train the shared SentencePiece model on all four languages; return its path."""
    target = work_dir / "shared.model"
    if target.exists():
        return target
    rng = random.Random(13)
    texts: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for pair in training_pairs(folder, ("en-es", "en-de", "en-fr"), forbidden):
        texts[pair.left_language].add(pair.left)
        texts[pair.right_language].add(pair.right)
    sentences: list[str] = []
    for language in LANGUAGES:
        pool = sorted(texts[language])
        rng.shuffle(pool)
        # English and Spanish carry the first directions, hence the larger share.
        pool = pool[: 110_000 if language in ("en", "es") else 70_000]
        sentences += pool
        sentences += [transcript_style(text) for text in pool[: len(pool) // 6]]
    rng.shuffle(sentences)
    prefix = work_dir / "shared.partial"
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_prefix=str(prefix),
        vocab_size=size,
        model_type="unigram",
        byte_fallback=True,
        character_coverage=1.0,
        num_threads=2,
        minloglevel=1,
    )
    Path(f"{prefix}.model").replace(target)
    return target


MARK_BASE = 0xE000
"""Placeholders are the private-use characters U+E001 to U+E009 in text."""

MARKS = 9
_WORD = re.compile(r"[\w'’-]*\w")


def masked_copy(left: str, right: str, rng: random.Random) -> tuple[str, str] | None:
    """Put placeholders for words that both sides share; None where there is nothing to mask.

    It teaches the model to carry through what must not be translated: ``{name}``, URLs, emoji.
    """
    left_words, right_words = _WORD.findall(left), _WORD.findall(right)
    shared = [
        word
        for word in dict.fromkeys(left_words)
        if (word[0].isupper() or word[0].isdigit() or len(word) > 3)
        and left_words.count(word) == 1
        and right_words.count(word) == 1
    ]
    rng.shuffle(shared)
    chosen = set(shared[: rng.choice((1, 1, 2, 3))])
    if not chosen and rng.random() < 0.9:
        return None
    number = 0
    marks: dict[str, str] = {}
    for word in left_words:
        if word in chosen:
            number += 1
            marks[word] = chr(MARK_BASE + number)
    left = _WORD.sub(lambda match: marks.get(match[0], match[0]), left)
    right = _WORD.sub(lambda match: marks.get(match[0], match[0]), right)
    if not chosen or rng.random() < 0.15:
        mark = chr(MARK_BASE + number + 1)
        gap = rng.choice((" ", " ", ""))
        left, right = f"{left}{gap}{mark}", f"{right}{gap}{mark}"
    return left, right


class Vocabulary:
    """The token numbering of a Marian model over a shared SentencePiece model.

    ``</s>`` is 0, ``<unk>`` 1, then the pieces, the language tokens ``>>es<<``, and
    ``<pad>`` last: CTranslate2's Marian converter drops the last row.
    """

    def __init__(self, spm_path: Path) -> None:
        self.processor = spm.SentencePieceProcessor(model_file=str(spm_path))
        special = {"<s>", "</s>", "<unk>"}
        pieces = [self.processor.id_to_piece(index) for index in range(self.processor.get_piece_size())]
        self.tokens = ["</s>", "<unk>"] + [piece for piece in pieces if piece not in special]
        self.tokens += [f">>{language}<<" for language in LANGUAGES] + ["<pad>"]
        self.number = {token: index for index, token in enumerate(self.tokens)}
        self._from_piece_id = np.array([self.number.get(piece, 1) for piece in pieces], dtype=np.int32)

    @property
    def pad(self) -> int:
        """Number of the padding token, which also starts the decoder."""
        return len(self.tokens) - 1

    def encode(self, texts: list[str]) -> list[np.ndarray]:
        """Return one int32 array of token numbers a text, without end token."""
        encoded = self.processor.encode(texts, out_type=int, num_threads=2)
        return [self._collapse_marks(self._from_piece_id[np.array(ids, dtype=np.int64)]) for ids in encoded]

    def _collapse_marks(self, ids: np.ndarray) -> np.ndarray:
        """Turn the three bytes of a placeholder into one control byte, ``<0x01>`` to ``<0x09>``."""
        lead = self.number["<0xEE>"]
        if lead not in ids:
            return ids
        kept: list[int] = []
        numbers = ids.tolist()
        position = 0
        while position < len(numbers):
            if numbers[position] == lead and numbers[position + 1] == self.number["<0x80>"]:
                mark = numbers[position + 2] - self.number["<0x80>"]
                kept.append(self.number["<0x00>"] + mark)
                position += 3
            else:
                kept.append(numbers[position])
                position += 1
        return np.array(kept, dtype=np.int32)

    def write_json(self, path: Path) -> None:
        """Write ``vocab.json`` as the Marian tokenizer of transformers reads it."""
        path.write_text(json.dumps(self.number, ensure_ascii=False, indent=0), encoding="utf-8")


@dataclass
class Corpus:
    """Encoded samples, end tokens included: clean, spoken-style source, with placeholders."""

    clean: list[np.ndarray]
    noisy: list[np.ndarray]
    targets: list[np.ndarray]
    masked: list[tuple[np.ndarray, np.ndarray] | None]

    def __len__(self) -> int:
        return len(self.targets)


def noisy_copy(text: str, rng: random.Random) -> str:
    """Return a spoken-style variant of a source sentence."""
    if rng.random() < 0.75:
        return transcript_style(text) or text
    return text.rstrip(".!?¡¿ ") or text


def encode_corpus(pairs: list[Pair], vocabulary: Vocabulary, seed: int) -> Corpus:
    """Encode every pair in both directions; over-long samples are left out."""
    rng = random.Random(seed)
    sources = [pair.left for pair in pairs] + [pair.right for pair in pairs]
    targets = [pair.right for pair in pairs] + [pair.left for pair in pairs]
    tags = [pair.right_language for pair in pairs] + [pair.left_language for pair in pairs]
    clean = vocabulary.encode(sources)
    noisy = vocabulary.encode([noisy_copy(text, rng) for text in sources])
    encoded_targets = vocabulary.encode(targets)
    masked = [masked_copy(*both, rng) for both in zip(sources, targets, strict=True)]
    masked_sources = vocabulary.encode([both[0] if both else "" for both in masked])
    masked_targets = vocabulary.encode([both[1] if both else "" for both in masked])
    corpus = Corpus([], [], [], [])
    tail = np.array([0], dtype=np.int32)
    for index, tag in enumerate(tags):
        plain, rough, target = clean[index], noisy[index], encoded_targets[index]
        if max(len(plain), len(rough), len(target)) > MAX_TOKENS - 2 or not len(target):
            continue
        head = np.array([vocabulary.number[f">>{tag}<<"]], dtype=np.int32)
        corpus.clean.append(np.concatenate([head, plain, tail]))
        corpus.noisy.append(np.concatenate([head, rough, tail]))
        corpus.targets.append(np.concatenate([target, tail]))
        corpus.masked.append(
            (
                np.concatenate([head, masked_sources[index], tail]),
                np.concatenate([masked_targets[index], tail]),
            )
            if masked[index]
            else None
        )
    return corpus


@dataclass(frozen=True)
class Batch:
    """Numbers of one batch, each of shape [sentences, tokens], padded with ``pad``."""

    source: np.ndarray
    target: np.ndarray


class Batches:
    """Deterministic epochs of length-bucketed batches: (seed, epoch) fixes every batch."""

    def __init__(
        self, corpus: Corpus, pad: int, *, seed: int, tokens: int, noisy: float, masked: float
    ) -> None:
        self._corpus = corpus
        self._pad = pad
        self._seed = seed
        self._tokens = tokens
        self._noisy = noisy
        self._masked = masked
        self._epoch = -1
        self._plan: list[np.ndarray] = []
        self._chance = np.zeros(0)

    def _sample(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        corpus, chance = self._corpus, self._chance[index]
        masked = corpus.masked[index]
        if chance < self._noisy:
            return corpus.noisy[index], corpus.targets[index]
        if masked is not None and chance > 1.0 - self._masked:
            return masked
        return corpus.clean[index], corpus.targets[index]

    def locate(self, epoch: int) -> int:
        """Prepare an epoch and return its number of batches."""
        if epoch == self._epoch:
            return len(self._plan)
        rng = np.random.default_rng([self._seed, epoch])
        corpus = self._corpus
        self._chance = rng.random(len(corpus))
        lengths = np.array([[len(side) for side in self._sample(i)] for i in range(len(corpus))])
        source_lengths, target_lengths = lengths[:, 0], lengths[:, 1]
        # Longer sources are rare: they share a bucket of eight lengths, with padding.
        bucket = np.where(source_lengths <= EXACT_LENGTH_TOKENS, source_lengths, -(-source_lengths // 8) * 8)
        order = np.lexsort((target_lengths + rng.random(len(corpus)) * 2.0, bucket))
        plan: list[np.ndarray] = []
        start = 0
        widest = 0
        for position, index in enumerate(order):
            widest_now = max(widest, int(bucket[index]), int(target_lengths[index]))
            full = (position - start + 1) * widest_now > self._tokens
            if position > start and (full or bucket[index] != bucket[order[start]]):
                plan.append(order[start:position])
                start, widest_now = position, max(int(bucket[index]), int(target_lengths[index]))
            widest = widest_now
        plan.append(order[start:])
        self._plan = [plan[i] for i in rng.permutation(len(plan))]
        self._epoch = epoch
        return len(self._plan)

    def batch(self, epoch: int, index: int) -> Batch:
        """Return batch ``index`` of an epoch."""
        self.locate(epoch)
        rows = self._plan[index]
        samples = [self._sample(int(row)) for row in rows]
        return Batch(
            self._padded([source for source, _ in samples]),
            self._padded([target for _, target in samples]),
        )

    def _padded(self, rows: list[np.ndarray]) -> np.ndarray:
        width = max(len(row) for row in rows)
        table = np.full((len(rows), width), self._pad, dtype=np.int64)
        for position, row in enumerate(rows):
            table[position, : len(row)] = row
        return table
