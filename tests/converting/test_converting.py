"""Real conversions of small checkpoints with random weights; needs the extra ``convert`` (PyTorch)."""

import json
import shutil
from pathlib import Path

import pytest

from voxedge.bench.converted import measure, read_pairs, read_recordings, sample_size
from voxedge.cli import main
from voxedge.converting import convert, inspect
from voxedge.errors import EngineError, InputError

ROOT = Path(__file__).resolve().parents[2]
STARTER = ROOT / "models" / "starter"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    pytest.importorskip("torch", reason="needs the extra 'convert'")
    transformers = pytest.importorskip("transformers", reason="needs the extra 'convert'")
    pieces = pytest.importorskip("sentencepiece").SentencePieceProcessor(str(STARTER / "source.spm"))
    folder = tmp_path_factory.mktemp("checkpoint") / "opus-mt-en-es"
    folder.mkdir()
    vocabulary = {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}
    for token in (">>spa<<", "</s>", "<pad>"):  # the padding stands last, as in OPUS-MT
        vocabulary.setdefault(token, len(vocabulary))
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(STARTER / "source.spm", folder / name)
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "source_lang": "eng", "target_lang": "spa"})
    )
    config = transformers.MarianConfig(
        vocab_size=len(vocabulary),
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        pad_token_id=vocabulary["<pad>"],
        decoder_start_token_id=vocabulary["<pad>"],
        eos_token_id=vocabulary["</s>"],
        forced_eos_token_id=vocabulary["</s>"],
    )
    transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


def test_marian_to_int8(checkpoint, tmp_path):
    found = inspect(checkpoint)
    plain = convert(found, tmp_path / "float32", "float32")
    small = convert(found, tmp_path / "int8")
    sample = tmp_path / "sample.tsv"
    sample.write_text("Good morning.\tBuenos días.\nThank you.\tGracias.\n", encoding="utf-8")
    seen = []
    before, after = (measure(found, folder, sample, seen.append) for folder in (plain, small))
    assert after.weights_bytes < 0.5 * before.weights_bytes
    assert set(before.quality) == {"bleu", "chrf"}
    assert sum(seen) == 2 * sample_size(found, sample) == 4
    about = json.loads((small / "translation.json").read_text())
    assert about["kind"] == "tagged"
    assert about["pairs"] == [["en", "es"]]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["float32", "int8", "sample.tsv"]


def test_the_command_reports(checkpoint, tmp_path, capsys):
    assert main(["models", "convert", str(checkpoint), "-o", str(tmp_path / "out"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["size_percent"] < 50
    assert report["after"]["weights_bytes"] == (tmp_path / "out" / "model.bin").stat().st_size


def test_damaged_weights_leave_nothing(checkpoint, tmp_path):
    damaged = tmp_path / "opus-mt-en-es"
    shutil.copytree(checkpoint, damaged)
    weights = damaged / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(EngineError, match="can't be converted"):
        convert(inspect(damaged), tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["opus-mt-en-es"]


@pytest.mark.models
def test_whisper(tmp_path, model_dir):
    pytest.importorskip("torch", reason="needs the extra 'convert'")
    transformers = pytest.importorskip("transformers", reason="needs the extra 'convert'")
    folder = tmp_path / "whisper-odd"
    folder.mkdir()
    shutil.copyfile(model_dir("whisper-tiny.en") / "tokenizer.json", folder / "tokenizer.json")
    config = transformers.WhisperConfig(
        vocab_size=51864,
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
    )
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config.no_timestamps_token_id = 50362
    model.save_pretrained(folder)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    fast.save_pretrained(folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "WhisperTokenizer"
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 80})
    )
    made = convert(inspect(folder), tmp_path / "int8")
    assert (made / "tokenizer.json").is_file()
    from voxedge.recognition.modelfile import check_folder

    check_folder(made, "whisper-odd")


@pytest.mark.parametrize("content", [b"", b"no tab here\n", b"\xff\xfe\x00"])
def test_a_sample_of_text_that_can_t_be_used(tmp_path, content):
    sample = tmp_path / "sample.tsv"
    sample.write_bytes(content)
    with pytest.raises(InputError, match="can't be used"):
        read_pairs(sample)


def test_a_sample_of_recordings_needs_their_words(tmp_path):
    (tmp_path / "one.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"\.txt"):
        read_recordings(tmp_path)
    with pytest.raises(InputError):
        read_recordings(tmp_path / "missing")
    (tmp_path / "one.txt").write_text("stop")
    assert read_recordings(tmp_path) == [(tmp_path / "one.wav", "stop")]
