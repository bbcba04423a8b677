"""Replies from a small local language model.

The model runs in a process of its own, so that its crash, its hang or its hunger for memory is an error of
one reply and not the end of the app.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from voxedge.conversation.contract import LanguageModel, Message, ReplyOptions
from voxedge.conversation.dialogue import Conversation
from voxedge.conversation.prompt import clock_fact
from voxedge.registry import load_engine

__all__ = [
    "Conversation",
    "LanguageModel",
    "Message",
    "ReplyOptions",
    "clock_fact",
    "create",
]

_GROUP = "voxedge.language_models"
_OWN = {"llama": "voxedge.conversation.llama:create"}


def create(
    engine: str,
    model_path: Path,
    *,
    model_name: str = "",
    context_tokens: int = 1024,
    threads: int = 0,
    reply_timeout_s: float = 20.0,
) -> LanguageModel:
    """Makes a language model. It loads at its first reply, or earlier by ``warm_up()``.

    Args:
        engine: ``"llama"``, or the name of an engine that a package brings (entry points
            ``voxedge.language_models``).
        model_path: A GGUF file, or a folder with one.
        model_name: Name of the model, for events and messages; "" takes the file's.
        context_tokens: Size of the context window; at least 128.
        threads: Threads of the engine; 0 takes what the machine has, at most 4.
        reply_timeout_s: With no sign of life for so long, the model counts as hung.

    Raises:
        UsageError: There is no such engine, or a number is out of range.
        ExtraMissing: The engine's package isn't installed.
        EngineLoadFailed: The file isn't there or isn't a model.
    """
    factory = cast("Callable[..., LanguageModel]", load_engine(_GROUP, engine, _OWN))
    return factory(
        model_path,
        model_name=model_name,
        context_tokens=context_tokens,
        threads=threads,
        reply_timeout_s=reply_timeout_s,
    )
