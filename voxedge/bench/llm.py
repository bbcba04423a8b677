"""``voxedge bench llm``: first token and tokens per second, beside llama.cpp's own in the same run.

Both sides get the same file, threads, context window and tokens, and take turns: ours in its process with
its pipes, llama.cpp's Python binding in this process. A second part shows what the order of the prompt is
worth: the time to the first token of later turns with the clock at the end of the prompt, as here, and at
its head.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from voxedge import store
from voxedge.cli.output import emit_json, note
from voxedge.conversation.contract import Message, ReplyOptions
from voxedge.conversation.llama import LlamaModel
from voxedge.conversation.writer import REPEAT_PENALTY
from voxedge.errors import UsageError

HELP = "Measure the language model: first token and tokens per second, beside llama.cpp's own."
EPILOG = """examples:
  voxedge bench llm                          figures as text
  voxedge bench llm --json --repeat 9        as JSON
  voxedge bench llm --model my.gguf          another model"""

_SYSTEM = (
    "You are the assistant of a coffee machine in the lobby of a hotel. You speak with guests who order "
    "coffee, tea and cocoa, and who ask about the hotel, the town and the weather. Answer in two or three "
    "friendly sentences, without lists. If you don't know something, say so and name the reception."
)
_QUESTIONS = (
    "Good morning, how are you today?",
    "Tell me something about the sea.",
    "Which drink is good on a cold day?",
    "Why do people like to travel by train?",
    "Tell me a story about a small boat.",
    "What can I see in an old town?",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the measurement's arguments."""
    parser.add_argument("--model", default="smollm2-135m-instruct", metavar="NAME", help="model or GGUF file")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="threads of both sides")
    parser.add_argument("--tokens", type=int, default=48, metavar="N", help="longest answer")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="answers of each side")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Measures and prints."""
    result = measure(args.model, threads=args.threads, tokens=args.tokens, repeat=args.repeat)
    if args.json:
        emit_json(result)
    else:
        print(as_text(result))
    return 0


def measure(model: str, *, threads: int = 2, tokens: int = 48, repeat: int = 5) -> dict[str, object]:
    """Runs both parts; the figures are medians.

    Raises:
        UsageError: A number is out of range.
        VoxedgeError: The model is missing or can't be loaded.
    """
    if threads < 1 or not 2 <= tokens <= 256 or repeat < 1:
        raise UsageError(
            "The numbers are out of range.",
            remedy="--threads and --repeat: 1 or more; --tokens: 2 to 256.",
            room="conversation",
        )
    path = store.resolve(model, kind="language")
    with LlamaModel(path, name=model, context_tokens=1024, threads=threads) as ours:
        note("loading ...")
        started = perf_counter()
        _say(ours, [Message("user", "Hello")], 2)
        load_ms = (perf_counter() - started) * 1000
        theirs = _InProcess(ours.file, threads)
        sides = _side_by_side(ours, theirs, tokens, repeat)
        return {
            "bench": "llm",
            "model": model,
            "machine": f"{platform.machine()}, Python {platform.python_version()}, {sys.platform}",
            "threads": threads,
            "tokens": tokens,
            "repeat": repeat,
            "start_and_load_ms": round(load_ms, 1),
            **sides,
            "clock": _clock(ours, tokens),
        }


class _InProcess:
    """llama.cpp by its Python binding, in this process, as its README has it."""

    def __init__(self, file: Path, threads: int) -> None:
        import llama_cpp

        self._llama: Any = llama_cpp.Llama(
            str(file), n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False
        )
        self._llama.create_chat_completion([{"role": "user", "content": "Hello"}], max_tokens=2)

    def say(self, messages: Sequence[Message], tokens: int) -> tuple[float, float, str]:
        chat = [{"role": m.role, "content": m.text} for m in messages]
        started = perf_counter()
        stamps: list[float] = []
        text = ""
        options = {"max_tokens": tokens, "temperature": 0.0, "repeat_penalty": REPEAT_PENALTY}
        for part in self._llama.create_chat_completion(chat, stream=True, **options):
            content = part["choices"][0]["delta"].get("content")
            if content:
                stamps.append(perf_counter() - started)
                text += content
        return stamps[0] * 1000, _rate(stamps), text


def _say(model: LlamaModel, messages: Sequence[Message], tokens: int) -> tuple[float, float, str]:
    started = perf_counter()
    stamps: list[float] = []
    text = ""
    for piece in model.reply(messages, ReplyOptions(max_tokens=tokens)):
        stamps.append(perf_counter() - started)
        text += piece
    return stamps[0] * 1000, _rate(stamps), text


def _rate(stamps: Sequence[float]) -> float:
    """Pieces per second after the first; a piece is a token unless a token is half a character."""
    return (len(stamps) - 1) / (stamps[-1] - stamps[0]) if len(stamps) > 1 else 0.0


def _side_by_side(ours: LlamaModel, theirs: _InProcess, tokens: int, repeat: int) -> dict[str, object]:
    rows: dict[str, list[tuple[float, float, str]]] = {"ours": [], "theirs": []}
    same = 0
    for index in range(repeat):
        question = _QUESTIONS[index % len(_QUESTIONS)]
        # A new first sentence each time: both caches would otherwise hold the whole prompt.
        messages = [Message("system", f"Guest number {index}. {_SYSTEM}"), Message("user", question)]
        order = ("ours", "theirs") if index % 2 == 0 else ("theirs", "ours")
        for side in order:
            row = _say(ours, messages, tokens) if side == "ours" else theirs.say(messages, tokens)
            rows[side].append(row)
        same += rows["ours"][-1][2].strip() == rows["theirs"][-1][2].strip()
    stats = ours.last_stats
    first = {side: statistics.median(row[0] for row in rows[side]) for side in rows}
    rate = {side: statistics.median(row[1] for row in rows[side]) for side in rows}
    return {
        "prompt_tokens": stats.prompt_tokens if stats else 0,
        "first_token_ms": {side: round(value, 1) for side, value in first.items()},
        "tokens_per_s": {side: round(value, 1) for side, value in rate.items()},
        "first_token_ratio": round(
            statistics.median(a[0] / b[0] for a, b in zip(rows["ours"], rows["theirs"], strict=True)), 3
        ),
        "tokens_per_s_ratio": round(
            statistics.median(a[1] / b[1] for a, b in zip(rows["ours"], rows["theirs"], strict=True)), 3
        ),
        "same_text": f"{same} of {repeat}",
    }


def _clock(model: LlamaModel, tokens: int) -> dict[str, object]:
    """A conversation of six turns, the clock at the end of the prompt and at its head."""
    return {
        "at_the_end": _conversation(model, tokens, at_head=False),
        "at_the_head": _conversation(model, tokens, at_head=True),
    }


def _conversation(model: LlamaModel, tokens: int, *, at_head: bool) -> dict[str, object]:
    from voxedge.conversation.prompt import with_facts

    model.forget()
    said: list[Message] = []
    first_ms: list[float] = []
    read: list[int] = []
    for minute, question in enumerate(_QUESTIONS):
        clock = f"It is Tuesday, 24 November 2026, 17:{minute:02}."
        system = f"{clock} {_SYSTEM}" if at_head else _SYSTEM
        said.append(Message("user", question if at_head else with_facts(question, (clock,))))
        milliseconds, _, text = _say(model, [Message("system", system), *said], tokens)
        said.append(Message("assistant", text))
        first_ms.append(milliseconds)
        read.append(model.last_stats.read_tokens if model.last_stats else 0)
    return {
        "first_token_ms": [round(value, 1) for value in first_ms],
        "later_turns_first_token_ms": round(statistics.median(first_ms[1:]), 1),
        "read_tokens": read,
        "prompt_tokens": model.last_stats.prompt_tokens if model.last_stats else 0,
    }


def as_text(result: Mapping[str, Any]) -> str:
    """The figures as a few lines."""
    first, rate, clock = result["first_token_ms"], result["tokens_per_s"], result["clock"]
    end, head = clock["at_the_end"], clock["at_the_head"]
    return "\n".join(
        [
            f"{result['model']}, {result['threads']} threads, prompt of {result['prompt_tokens']} tokens, "
            f"medians of {result['repeat']} ({result['machine']})",
            f"  process started and model loaded   {result['start_and_load_ms']:.0f} ms",
            "                                     voxedge   llama.cpp in-process   ratio",
            f"  first token, ms                    {first['ours']:7.1f}   {first['theirs']:20.1f}"
            f"   {result['first_token_ratio']:.2f}",
            f"  tokens per second                  {rate['ours']:7.1f}   {rate['theirs']:20.1f}"
            f"   {result['tokens_per_s_ratio']:.2f}",
            f"  same text                          {result['same_text']}",
            "  later turns with a clock           at the end   at the head of the prompt",
            f"  first token, ms                    {end['later_turns_first_token_ms']:10.1f}"
            f"   {head['later_turns_first_token_ms']:10.1f}",
            f"  tokens read, turn by turn          {end['read_tokens']}   {head['read_tokens']}",
        ]
    )
