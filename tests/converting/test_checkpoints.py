"""What a folder holds is told by its files; what can't be converted is refused by name."""

import json
from pathlib import Path

import pytest

from voxedge.converting import Checkpoint, CheckpointInvalid, convert, inspect
from voxedge.errors import UsageError


def marian(folder: Path, **tokenizer: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "marian"}))
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (folder / "model.safetensors").write_bytes(b"0" * 1000)
    for name in ("source.spm", "target.spm", "vocab.json"):
        (folder / name).write_bytes(b"{}")
    return folder


def test_languages_come_from_the_tokenizer(tmp_path):
    found = inspect(marian(tmp_path / "m", source_lang="eng", target_lang="fi"))
    assert (found.kind, found.architecture, found.pairs) == ("translation", "marian", (("en", "fi"),))
    assert found.weights_bytes == 1000


def test_languages_come_from_the_folders_name(tmp_path):
    assert inspect(marian(tmp_path / "opus-mt-de-nl")).pairs == (("de", "nl"),)


def test_languages_that_nothing_tells_are_asked_for(tmp_path):
    folder = marian(tmp_path / "m", source_lang="mul", target_lang="roa")
    with pytest.raises(CheckpointInvalid) as refused:
        inspect(folder)
    assert "--pairs" in refused.value.remedy
    assert inspect(folder, [("en", "it"), ("it", "en")]).pairs == (("en", "it"), ("it", "en"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: (f / "config.json").unlink(), "no config.json"),
        (lambda f: (f / "config.json").write_text("{"), "can't be read"),
        (lambda f: (f / "config.json").write_text("[]"), "no object"),
        (lambda f: (f / "config.json").write_text('{"model_type": "llama"}'), "'llama'"),
        (lambda f: (f / "config.json").write_text("{}"), "unknown"),
        (lambda f: (f / "model.safetensors").unlink(), "no weights"),
        (lambda f: (f / "model.safetensors").write_bytes(b""), "no weights"),
        (lambda f: (f / "source.spm").unlink(), "source.spm"),
    ],
)
def test_what_is_no_checkpoint_is_named(tmp_path, spoil, says):
    folder = marian(tmp_path / "opus-mt-en-fi")
    spoil(folder)
    with pytest.raises(CheckpointInvalid) as refused:
        inspect(folder)
    assert says in refused.value.message


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_folder(tmp_path, name):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CheckpointInvalid):
        inspect(tmp_path / name)


def test_an_existing_folder_is_not_overwritten(tmp_path):
    checkpoint = inspect(marian(tmp_path / "opus-mt-en-fi"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("keep")
    with pytest.raises(UsageError, match="already"):
        convert(checkpoint, tmp_path / "out")
    assert (tmp_path / "out" / "mine").read_text() == "keep"


def test_an_unknown_quantization_is_named(tmp_path):
    checkpoint = Checkpoint(folder=tmp_path, architecture="marian", kind="translation", weights_bytes=1)
    with pytest.raises(UsageError, match="int3"):
        convert(checkpoint, tmp_path / "out", "int3")
