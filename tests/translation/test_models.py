"""Model folders and packages: ours, Argos, broken ones; quality; language detection."""

from __future__ import annotations

import json
import lzma
import random
import shutil
import zipfile

import pytest

from voxedge.bench.argos import make_package
from voxedge.errors import EngineLoadFailed, LanguageUnsupported
from voxedge.translation.argos import PackageInvalid, unpack_argos
from voxedge.translation.contract import TranslationOptions
from voxedge.translation.detect import LanguageDetector
from voxedge.translation.engine import CTranslate2Engine
from voxedge.translation.layout import read_layout


def argos_package(starter_folder, path, leave_out=()):
    """The starter model as an Argos package, complete or not."""
    whole = make_package(starter_folder, path.with_suffix(".whole"), "en", "es")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as archive:
        for name in source.namelist():
            if name not in leave_out:
                archive.writestr(name, source.read(name))
    return path


SENTENCES = ["Where is the train station?", "I have a dog, and {name} has a cat.", "We don't know it."]


def test_argos_package_translates_identically(starter_folder, starter_engine, tmp_path):
    package = argos_package(starter_folder, tmp_path / "en_es.argosmodel")
    folder = tmp_path / "out"
    folder.mkdir()
    entry = unpack_argos(package, folder)
    assert entry["pairs"] == ["en-es"]
    engine = CTranslate2Engine(folder, threads=1)
    options = TranslationOptions()
    plain = [SENTENCES[0], "I have a dog, and \ue001 has a cat.", SENTENCES[2]]
    asked = {"source": "en", "target": "es", "options": options}
    assert [h[0].text for h in engine.translate_sentences(plain, **asked)] == [
        h[0].text for h in starter_engine.translate_sentences(plain, **asked)
    ]
    with pytest.raises(LanguageUnsupported):
        engine.translate_sentences(["Hola."], source="es", target="en", options=options)
    engine.close()


def test_argos_folder_as_argos_unpacks_it(starter_folder, tmp_path):
    package = argos_package(starter_folder, tmp_path / "en_es.argosmodel")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "raw")
    layout = read_layout(tmp_path / "raw" / "p")
    assert layout.pairs == {("en", "es")}
    assert layout.source_suffix == ()


@pytest.mark.parametrize("missing", ["p/metadata.json", "p/model/model.bin", "p/sentencepiece.model"])
def test_incomplete_packages_are_named(starter_folder, tmp_path, missing):
    package = argos_package(starter_folder, tmp_path / "x.argosmodel", leave_out=(missing,))
    with pytest.raises(PackageInvalid, match=missing.rpartition("/")[2].replace(".", r"\.")):
        unpack_argos(package, tmp_path)


def hostile(tmp_path, name, data=b"x"):
    package = tmp_path / "evil.argosmodel"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/metadata.json", '{"from_code": "en", "to_code": "es"}')
        archive.writestr(name, data)
    return package


@pytest.mark.parametrize(
    "name", ["../outside.txt", "/tmp/outside.txt", "p/../../outside.txt", "C:\\outside.txt"]
)
def test_paths_out_of_the_folder_are_refused(tmp_path, name):
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(PackageInvalid, match="leads out"):
        unpack_argos(hostile(tmp_path, name), folder)
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "outside.txt").exists()


def test_zip_bombs_are_refused(tmp_path):
    with pytest.raises(PackageInvalid, match="far too much"):
        unpack_argos(hostile(tmp_path, "p/model/model.bin", b"\0" * 50_000_000), tmp_path)


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_package_is_named(tmp_path, data):
    file = tmp_path / "x.argosmodel"
    file.write_bytes(data)
    with pytest.raises(PackageInvalid):
        unpack_argos(file, tmp_path)


@pytest.mark.parametrize("missing", ["model.bin", "config.json", "source.spm"])
def test_folders_with_missing_files_are_named(starter_folder, tmp_path, missing):
    folder = tmp_path / "m"
    shutil.copytree(starter_folder, folder)
    (folder / missing).unlink()
    with pytest.raises(EngineLoadFailed, match=missing.replace(".", r"\.")):
        CTranslate2Engine(folder)


def test_a_cut_off_model_is_named(starter_folder, tmp_path):
    folder = tmp_path / "m"
    shutil.copytree(starter_folder, folder)
    (folder / "model.bin").write_bytes((starter_folder / "model.bin").read_bytes()[:100_000])
    with pytest.raises(EngineLoadFailed):
        CTranslate2Engine(folder)
    (folder / "translation.json").write_text("{")
    with pytest.raises(EngineLoadFailed, match=r"translation\.json"):
        CTranslate2Engine(folder)
    with pytest.raises(EngineLoadFailed, match="no such folder"):
        CTranslate2Engine(tmp_path / "none")


def fake(folder, vocabulary, *files):
    folder.mkdir()
    for name in ("model.bin", *files):
        (folder / name).write_bytes(b"x")
    (folder / "config.json").write_text('{"add_source_eos": false}')
    (folder / "shared_vocabulary.json").write_text(json.dumps(vocabulary))
    return folder


def test_layouts_of_other_families(tmp_path):
    opus = read_layout(fake(tmp_path / "opus-mt-en-es", ["</s>", "a"], "source.spm", "target.spm"))
    assert (opus.kind, opus.pairs, opus.source_suffix) == ("plain", {("en", "es")}, ("</s>",))
    many = read_layout(
        fake(tmp_path / "opus-mt-en-roa", [">>spa<<", ">>fra<<", "a"], "source.spm"),
        [("en", "es"), ("en", "fr")],
    )
    assert many.source_prefix("en", "es") == [">>spa<<"]
    m2m = read_layout(fake(tmp_path / "m2m", ["__en__", "__fi__", "a"], "sentencepiece.bpe.model"))
    assert (m2m.source_prefix("en", "fi"), m2m.target_prefix("fi")) == (["__en__"], ["__fi__"])
    nllb = read_layout(fake(tmp_path / "nllb", ["eng_Latn", "fin_Latn", "a"], "sentencepiece.bpe.model"))
    assert nllb.pairs == {("en", "fi"), ("fi", "en")}
    assert (nllb.source_prefix("en", "fi"), nllb.target_prefix("fi")) == (["eng_Latn"], ["fin_Latn"])
    fire = read_layout(fake(tmp_path / "firefox-enes", ["</s>", "a"], "vocab.spm"))
    assert fire.pairs == {("en", "es")}
    with pytest.raises(EngineLoadFailed, match="languages"):
        read_layout(fake(tmp_path / "nameless", ["a"], "source.spm"))


@pytest.mark.data
@pytest.mark.parametrize(("source", "target", "least"), [("en", "es", 58.0), ("es", "en", 58.0)])
def test_starter_quality_on_a_part_of_the_test_set(starter, data_dir, source, target, least):
    import sacrebleu

    rows = [
        line.split("\t") for line in (data_dir / "parallel/test.en-es.tsv").read_text().splitlines()[:300]
    ]
    texts = [row[source == "es"] for row in rows]
    wanted = [row[source == "en"] for row in rows]
    answers = starter.translate(texts, source=source, target=target)
    assert sacrebleu.corpus_chrf([a.translation for a in answers], [wanted]).score >= least


@pytest.mark.data
def test_language_detection(data_dir):
    detector = LanguageDetector()
    rng = random.Random(5)
    whole, three = [], []
    for language in ("es", "de", "fr"):
        rows = [
            r.split("\t")
            for r in (data_dir / f"parallel/test.en-{language}.tsv").read_text().splitlines()[:600]
        ]
        whole += [(language, row[1]) for row in rows] + [("en", row[0]) for row in rows[:200]]
    for language, sentence in whole:
        words = sentence.split()
        if len(words) >= 3:
            start = rng.randrange(len(words) - 2)
            three.append((language, " ".join(words[start : start + 3])))
    for sentences, least in ((whole, 0.97), (three, 0.90)):
        assert (
            sum(detector.detect(text) == language for language, text in sentences) / len(sentences) >= least
        )
    assert detector.detect("123 !") == ""


def test_detection_of_the_other_candidates():
    detector = LanguageDetector()
    assert detector.detect("Dove si trova la stazione dei treni, per favore?") == "it"
    assert detector.detect("Onde fica a estação de trem mais próxima, por favor?") == "pt"
    assert detector.detect("Waar is het dichtstbijzijnde treinstation, alstublieft?") == "nl"


def test_auto_per_line(starter):
    answers = starter.translate(
        ["¿Dónde está la estación de tren?", "I am here."], source="auto", target="en"
    )
    assert answers[0].source == "es"
    assert "station" in answers[0].translation
    assert answers[1].translation == "I am here."


def test_training_saw_no_test_sentence(data_dir, repository, monkeypatch):
    pytest.importorskip("numpy")
    monkeypatch.syspath_prepend(str(repository / "scripts"))
    monkeypatch.setenv("VOXEDGE_TEST_DATA", str(data_dir))
    from translation_data import comparison_key, data_folder, test_keys, training_pairs

    keys = test_keys(data_folder())
    with lzma.open(data_dir / "parallel/test.cocoa-formality.en-es.tsv.xz", "rt", encoding="utf-8") as lines:
        assert all(comparison_key(line.split("\t")[0]) in keys for line in list(lines)[1:])
    pairs = training_pairs(data_folder(), ("en-es",), keys)
    assert len(pairs) > 100_000
    assert not any(comparison_key(p.left) in keys or comparison_key(p.right) in keys for p in pairs)
