"""``voxedge chat``: talk to the local language model by keyboard or pipe."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from datetime import datetime
from time import monotonic

from voxedge import conversation, store
from voxedge.cli.output import emit_json, note, read_lines
from voxedge.config import Config
from voxedge.conversation import Conversation, ReplyOptions, clock_fact
from voxedge.errors import EXIT_INTERRUPTED, EngineError, InputError, UsageError, VoxedgeError
from voxedge.events import ErrorNote, Event, Reply, ReplyDelta, TurnEnded

HELP = "Talk to the local language model. Without TEXT: line by line from the keyboard or a pipe."
EPILOG = """examples:
  voxedge chat                                  a conversation; Ctrl-C stops an answer, Ctrl-D leaves
  voxedge chat "Tell me about the sea"          one answer
  printf 'Hello\\nWho are you?\\n' | voxedge chat   each line is a turn of one conversation
  voxedge chat - < letter.txt                   the whole of standard input is one message
  voxedge chat --json "Hello"                   events, one JSON object a line
  voxedge chat --clock "What time is it?"       tells the model the date and time

exit status: 0 answered; 3 input unusable; 4 model or package missing; 7 the model failed; 130 Ctrl-C."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the command's arguments."""
    parser.add_argument("text", metavar="TEXT", nargs="?", help="what to say; - reads all of standard input")
    parser.add_argument("--model", metavar="NAME", help="a model of the store, or a GGUF file")
    parser.add_argument("--system", metavar="TEXT", help="what the model is told about itself")
    parser.add_argument("--max-tokens", metavar="N", type=int, help="longer answers are cut off there")
    parser.add_argument("--temperature", metavar="T", type=float, help="0 always takes the likeliest word")
    parser.add_argument("--clock", action="store_true", help="tell the model the date and time")
    parser.add_argument("--threads", metavar="N", type=int, help="threads; 0 takes the machine's, at most 4")
    parser.add_argument("--config", metavar="FILE", help="a configuration; its [conversation] is used")
    parser.add_argument("--json", action="store_true", help="print events as JSON, one a line")


def run(args: argparse.Namespace) -> int:
    """Talks."""
    config = _config(args)
    own = config.conversation
    said = _lines(args.text)
    with contextlib.closing(
        conversation.create(
            own.engine,
            store.resolve(own.model, kind="language"),
            model_name=own.model,
            context_tokens=own.context_tokens,
            threads=config.runtime.threads,
            reply_timeout_s=own.reply_timeout_s,
        )
    ) as model:
        warm_up = getattr(model, "warm_up", None)
        if warm_up is not None:
            warm_up()  # loads while the person types
        return _Chat(Conversation(model, own.system_prompt), config, args).run(said)


class _Chat:
    def __init__(self, talk: Conversation, config: Config, args: argparse.Namespace) -> None:
        self._talk, self._own = talk, config.conversation
        self._json, self._clock = bool(args.json), bool(args.clock)
        self._goes_on = args.text is None
        self._turn = 0
        self._began = monotonic()

    def run(self, said: Iterator[str]) -> int:
        status = 0
        for text in said:
            try:
                stopped = self._answer(text)
            except (EngineError, InputError) as error:
                if not self._goes_on:
                    raise
                # One answer failed; the conversation goes on, and the model is restarted for the next.
                if not self._json:
                    note(f"voxedge: {error.message}\n  {error.remedy} [{error.code}]")
                status = error.exit_code
                continue
            if stopped and not self._goes_on:
                return EXIT_INTERRUPTED
            status = 0
        return status

    def _answer(self, text: str) -> bool:
        """Says one thing and prints the answer; gives whether Ctrl-C stopped it."""
        self._turn += 1
        options = ReplyOptions(
            max_tokens=self._own.max_reply_tokens,
            temperature=self._own.temperature,
            facts=self._facts(),
        )
        whole = ""
        try:
            with contextlib.closing(self._talk.say(text, options)) as pieces:  # type: ignore[type-var]
                for piece in pieces:
                    whole += piece
                    self._show(ReplyDelta(text=piece), piece)
        except KeyboardInterrupt:
            self._show(TurnEnded(outcome="cancelled"), "\n")
            if not self._json:
                note("(stopped)")
            return True
        except VoxedgeError as error:
            failed = TurnEnded(outcome="failed", error=ErrorNote(error.code, error.remedy))
            self._show(failed, "\n" if whole else "")
            raise
        self._show(Reply(text=whole, by="llm"), "\n")
        self._show(TurnEnded(outcome="reply" if whole else "no_intent"), "")
        return False

    def _facts(self) -> tuple[str, ...]:
        if not self._clock:
            return ()
        fact = clock_fact(datetime.now())
        if not fact and self._turn == 1:
            note("The machine's clock isn't set, so the model isn't told the date and time.")
        return (fact,) if fact else ()

    def _show(self, event: Event, text: str) -> None:
        if self._json:
            time = monotonic() - self._began
            emit_json(dataclasses.replace(event, turn=self._turn, time=time).to_json())
        elif text:
            print(text, end="", flush=True)


def _lines(text: str | None) -> Iterator[str]:
    """What is to be said, in turn."""
    if text is not None and text != "-":
        return iter((text,))
    if text == "-":
        return iter((_decoded(sys.stdin.buffer.read()),))
    return _typed() if sys.stdin.isatty() else _piped()


def _piped() -> Iterator[str]:
    return (line for line in read_lines("conversation") if line.strip())


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InputError(
            "Standard input isn't text in UTF-8.",
            remedy="Convert it: iconv -f latin1 -t utf-8 FILE | voxedge chat -",
            room="conversation",
        ) from exc


def _typed() -> Iterator[str]:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - input() has history and editing once it is imported
    note("Ctrl-C stops an answer, Ctrl-D leaves.")
    while True:
        try:
            line = input("> ")
        except EOFError:
            print()
            return
        if line.strip():
            yield line


def _config(args: argparse.Namespace) -> Config:
    config = Config.from_file(args.config) if args.config else Config.from_mapping({})
    given = {
        "model": args.model,
        "system_prompt": args.system,
        "max_reply_tokens": args.max_tokens,
        "temperature": args.temperature,
    }
    config = config.with_values(
        conversation={key: value for key, value in given.items() if value is not None}
    )
    if args.threads is not None:
        config = config.with_values(runtime={"threads": args.threads})
    if config.conversation.engine == "none":
        raise UsageError(
            "The configuration has no language model (conversation.engine is none).",
            remedy='Set engine = "llama" under [conversation].',
        )
    return config
