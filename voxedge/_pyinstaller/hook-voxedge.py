"""Engines are imported by their names, which PyInstaller can't see; catalogue and intents travel along."""

from importlib.util import find_spec

from PyInstaller.utils.hooks import collect_all, collect_data_files, collect_submodules

LEFT_OUT = ("voxedge.bench", "voxedge._pyinstaller")
BY_NAME = (
    "faster_whisper",
    "py3langid",
    "pycrfsuite",
    "sentencepiece",
    "sentencex",
    "sounddevice",
    "webrtcvad",
)
WHOLE = ("llama_cpp", "hibari", "hibari_tts")

hiddenimports = collect_submodules("voxedge", filter=lambda name: not name.startswith(LEFT_OUT))
hiddenimports += [name for name in BY_NAME if find_spec(name)]
datas = collect_data_files("voxedge") + collect_data_files("faster_whisper")
binaries = []
for package in filter(find_spec, WHOLE):
    its_datas, its_binaries, its_imports = collect_all(package)
    datas += its_datas
    binaries += its_binaries
    hiddenimports += its_imports
