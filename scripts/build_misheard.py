"""Makes ``tests/understanding/misheard.en.tsv``: commands with one word misheard, by real recognition.

Sentences are drawn from Home Assistant's English grammar with the house of ``voxedge bench intents``, spoken
by hibari and recognized by whisper-tiny.en (greedy), without noise and with a kitchen's at 12 dB. Kept are
those of two words and more of which exactly one came out as something else that the exact matcher doesn't
understand as what was meant. Sentences with a wildcard are left out: what was said there can't be known.

Run in slices, since it takes a while; the same seed gives the same sentences:
    VOXEDGE_TEST_DATA=... python scripts/build_misheard.py --seed 1 --count 400 >> pairs.tsv
"""

from __future__ import annotations

import argparse
import json
import sys
from difflib import SequenceMatcher

import numpy as np

from voxedge import recognition, speaking, store
from voxedge.audio.decode import decode
from voxedge.audio.resample import resample
from voxedge.bench.house import context_of, english_house
from voxedge.bench.mixing import mix
from voxedge.bench.sets import data_folder
from voxedge.recognition.contract import RecognitionOptions
from voxedge.understanding.engine import GrammarUnderstander
from voxedge.understanding.normalizing import tidy, tokenize
from voxedge.understanding.sampling import Sampler, samples

NAMES = 500
MOST_HEARD_WORDS = 3
PAUSE_SAMPLES = 4_000
NOISE_DB = 12.0


def words(text: str) -> list[str]:
    """The words that count."""
    return [token.text for token in tokenize(tidy(text))]


def one_word_differs(said: str, heard: str) -> bool:
    """Whether one word, and only one, came out as one to three others."""
    matcher = SequenceMatcher(None, words(said), words(heard), autojunk=False)
    changed = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    if len(changed) != 1 or changed[0][0] != "replace":
        return False
    _, first, last, start, end = changed[0]
    return last - first == 1 and end - start <= MOST_HEARD_WORDS


def main() -> None:
    """Prints the pairs: intent, slots, context, what was said, what was heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=400)
    args = parser.parse_args()
    house = english_house(data_folder(), NAMES)
    engine = GrammarUnderstander(house.grammar)
    voice = speaking.create("hibari")
    recognizer = recognition.create("whisper", store.resolve("tiny.en", kind="recognition"), threads=1)
    silence = np.zeros(PAUSE_SAMPLES, np.float32)
    place = next((data_folder() / "coffee-commands" / "noise").glob("kitchen*"))
    kitchen = np.concatenate(list(decode(place)))
    random = np.random.default_rng(args.seed)
    seen: set[str] = set()
    tried = 0
    for block, text in samples(Sampler(house.grammar, engine.lists(), seed=args.seed), args.count):
        context = context_of(block)
        found = engine.results(text, context)
        if (
            text in seen
            or len(words(text)) < 2
            or not found
            or found[0].wildcards
            or any(c.isdigit() for c in text)
        ):
            continue
        seen.add(text)
        tried += 1
        spoken = resample(np.concatenate(list(voice.synthesize(text))), voice.capabilities.rate_hz)
        clean = np.concatenate([silence, spoken, silence]).astype(np.float32)
        slots = {name: slot.value for name, slot in found[0].slots.items()}
        before = {""}
        for sound in (clean, mix(clean, kitchen, NOISE_DB, random)):
            heard = " ".join(recognizer.recognize(sound, RecognitionOptions(language="en")).text.split())
            if heard in before or not one_word_differs(text, heard):
                continue
            before.add(heard)
            again = engine.results(heard, context)
            meant = (found[0].intent, slots)
            if again and (again[0].intent, {n: s.value for n, s in again[0].slots.items()}) == meant:
                continue
            row = (found[0].intent, json.dumps(slots), json.dumps(context), text, heard)
            print("\t".join(row), flush=True)
    print(f"{tried} sentences spoken", file=sys.stderr)


if __name__ == "__main__":
    main()
