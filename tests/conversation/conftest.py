"""A real small model for the tests of conversation; they skip where it isn't in the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxedge.errors import VoxedgeError

MODEL = "smollm2-135m-instruct"


@pytest.fixture(scope="session")
def gguf() -> Path:
    pytest.importorskip("llama_cpp", reason="needs the extra llm")
    from voxedge import store

    try:
        path = Path(store.resolve(MODEL, kind="language"))
    except VoxedgeError as error:
        pytest.skip(f"{error.message} {error.remedy}")
    return next(iter(sorted(path.glob("*.gguf")))) if path.is_dir() else path


@pytest.fixture(scope="module")
def shared_model(gguf):
    """One loaded model for the tests of a file that do it no harm."""
    from voxedge.conversation.llama import LlamaModel

    with LlamaModel(gguf, name=MODEL, context_tokens=512, threads=1, reply_timeout_s=60) as model:
        yield model


@pytest.fixture
def fresh_model(gguf):
    """A model of its own for a test that kills it; not yet loaded."""
    from voxedge.conversation.llama import LlamaModel

    with LlamaModel(gguf, name=MODEL, context_tokens=512, threads=1, reply_timeout_s=60) as model:
        yield model
