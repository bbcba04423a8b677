"""What goes into a prompt, and in which order. Pure logic: no model, no clock, no threads.

Reading the prompt is what a small machine spends its time on, and llama.cpp keeps what it has read as long
as the beginning stays the same. So the order here is: the system prompt (never changes), the turns so far
(only grow), and at the very end, in the last message, the facts that change from turn to turn. A clock at
the head of the prompt would make the machine read everything again for each question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from voxedge.clock import is_set
from voxedge.conversation.contract import Message
from voxedge.errors import TextInvalid

ChatMessage: TypeAlias = "dict[str, str]"
"""A message as chat templates take it: ``{"role": ..., "content": ...}``."""
Template: TypeAlias = Callable[["list[ChatMessage]"], str]
"""Renders messages to the text of a prompt, ready for the model to answer."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}"
    "{{ '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""For a model file that names no chat template of its own: the form that most small models were taught."""

MARKERS = ("<|im_end|>", "<|im_start|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<start_of_turn>", "</s>")
"""A reply ends before one of these: small models sometimes spell the mark out instead of using its token."""

MAX_TEXT_CHARACTERS = 1_000_000
"""Longer texts are refused before they are sent anywhere: no context window takes a tenth of that."""

# Not strftime's: the prompt is English whatever the locale of the machine.
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_SPELLED_MARK = re.compile(r"<(?=[|/a-zA-Z])|\[(?=/?INST\])")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a prompt.

    Attributes:
        text: The characters.
        role: ``"template"`` for what the template wrote, where the spelling of a special token is that
            token; else who wrote it, and there it is only characters.
    """

    text: str
    role: Literal["template", "system", "user", "assistant"]


def clock_fact(now: datetime) -> str:
    """The date and time as a fact for `voxedge.conversation.ReplyOptions`; "" from a clock that isn't set.

    Example:
        >>> clock_fact(datetime(2026, 11, 24, 17, 5))
        'It is Tuesday, 24 November 2026, 17:05.'
    """
    if not is_set(now.timestamp()):
        return ""
    return f"It is {_DAYS[now.weekday()]}, {now.day} {_MONTHS[now.month - 1]} {now.year}, {now:%H:%M}."


def with_facts(text: str, facts: Sequence[str]) -> str:
    """The user's words with what is known at this moment, as the last message of a prompt has them.

    The facts stand before the words, because models of 135 M parameters answer the last thing they read.
    """
    known = " ".join(fact.strip() for fact in facts if fact.strip())
    return f"({known})\n\n{text}" if known else text


def checked(messages: Sequence[Message]) -> list[ChatMessage]:
    """Messages in the form that templates take: one optional system message, then user and assistant in turn.

    Neighbours of the same role become one message: a turn that an intent has answered leaves the user's
    words without an answer here, and many templates refuse that.

    Raises:
        TextInvalid: No message, an empty or far too long one, a wrong order, or text that isn't Unicode.
    """
    merged: list[ChatMessage] = []
    for index, message in enumerate(messages):
        text = message.text.strip()
        if message.role not in ("system", "user", "assistant"):
            raise _invalid(f"Message {index + 1} has an unknown role.", "Use system, user or assistant.")
        if message.role == "system" and index > 0:
            raise _invalid("A system message stands after other messages.", "Put it first, and only one.")
        if len(text) > MAX_TEXT_CHARACTERS:
            raise _invalid(
                f"Message {index + 1} has {len(text)} characters.",
                f"Keep messages under {MAX_TEXT_CHARACTERS}.",
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise _invalid(f"Message {index + 1} isn't Unicode text.", "Decode it as UTF-8 first.") from exc
        if not text:
            if message.role == "user":
                raise _invalid("The message is empty.", "Say or type something.")
            continue
        if merged and merged[-1]["role"] == message.role:
            merged[-1]["content"] += "\n" + text
        else:
            merged.append({"role": message.role, "content": text})
    if not merged or merged[-1]["role"] != "user":
        raise _invalid("The last message isn't the user's.", "End the messages with one of the user.")
    return merged


def _invalid(message: str, remedy: str) -> TextInvalid:
    return TextInvalid(message, remedy=remedy, room="conversation")


def segments(messages: Sequence[ChatMessage], template: Template) -> list[Segment]:
    """Renders messages and says of each stretch who wrote it.

    The template is rendered with stand-ins for the texts and cut at them. So what somebody says can never
    become a special token (the end of a message, say), and equal messages give equal tokens wherever they
    stand, which keeps the cache.

    Raises:
        ValueError: The template takes no such messages, or doesn't print each text once.
    """
    marks = [f"\ue000{index}\ue001" for index in range(len(messages))]
    stand_ins = [{**message, "content": mark} for message, mark in zip(messages, marks, strict=True)]
    rest = _render(stand_ins, template)
    pieces: list[Segment] = []
    for message, mark in zip(messages, marks, strict=True):
        before, found, rest = rest.partition(mark)
        if not found or mark in rest:
            raise ValueError("the chat template doesn't print each message once")
        pieces.append(Segment(before, "template"))
        pieces.append(Segment(message["content"], message["role"]))  # type: ignore[arg-type]
    pieces.append(Segment(rest, "template"))
    return [piece for piece in pieces if piece.text]


def _render(messages: list[ChatMessage], template: Template) -> str:
    try:
        return template(messages)
    except Exception as exc:  # a template is a program from the model's file: anything goes
        if messages[0]["role"] != "system" or len(messages) < 2:
            raise ValueError(f"the chat template fails: {type(exc).__name__}") from exc
        # Gemma's and early Mistral's templates know no system message: it goes before the first words.
        first = {**messages[1], "content": messages[0]["content"] + "\n\n" + messages[1]["content"]}
        try:
            return template([first, *messages[2:]])
        except Exception as again:
            raise ValueError(f"the chat template fails: {type(again).__name__}") from again


def defused(text: str) -> str:
    """Text in which no special token is spelled, for tokenizers that must read a prompt in one piece.

    Example:
        >>> defused("a <|im_end|> b")
        'a < |im_end|> b'
    """
    return _SPELLED_MARK.sub(lambda match: match.group() + " ", text)


def first_turn_kept(turn_tokens: Sequence[int], budget_tokens: int) -> int:
    """Which turn the prompt begins with, so that all from there on fit.

    Whole turns go, oldest first, and always about half a window of them: cutting one turn each time would
    change the beginning of the prompt at every question, and the cache would never hold again. The answer
    depends on the turns alone, so that a longer history of the same conversation gives the same cut until
    the next half window is full.

    Args:
        turn_tokens: Tokens of each turn (the user's words and the reply), oldest first; the last is the
            question that is to be answered.
        budget_tokens: What fits.

    Raises:
        TextInvalid: The last turn alone doesn't fit.
    """
    if not turn_tokens or turn_tokens[-1] > budget_tokens:
        raise _invalid(
            "The message is longer than the model's context window.",
            "Shorten it, or raise context_tokens under [conversation].",
        )
    step = max(1, budget_tokens // 2)
    total = sum(turn_tokens)
    dropped, first = 0, 0
    for cut in range(0, total + step, step):
        while first < len(turn_tokens) - 1 and dropped < cut:
            dropped += turn_tokens[first]
            first += 1
        if total - dropped <= budget_tokens:
            break
    return first


def turns_of(messages: Sequence[ChatMessage]) -> tuple[list[ChatMessage], list[list[ChatMessage]]]:
    """Splits messages into the system message (a list of one, or none) and turns that begin with the user."""
    head = list(messages[:1]) if messages and messages[0]["role"] == "system" else []
    turns: list[list[ChatMessage]] = []
    for message in messages[len(head) :]:
        if message["role"] == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return head, turns


def fitted(
    messages: Sequence[ChatMessage], count: Callable[[Mapping[str, str]], int], budget_tokens: int
) -> list[ChatMessage]:
    """The messages that fit: the system message, and the newest turns.

    Args:
        messages: As `checked` gives them.
        count: Tokens of one message, what the template puts around it included.
        budget_tokens: What the prompt may have.

    Raises:
        TextInvalid: The system message and the last turn alone don't fit.
    """
    head, turns = turns_of(messages)
    sizes = [sum(count(message) for message in turn) for turn in turns]
    left = budget_tokens - sum(count(message) for message in head)
    first = first_turn_kept(sizes, left)
    return head + [message for turn in turns[first:] for message in turn]
