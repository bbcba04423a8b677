"""What a user gets: light imports, help, a wheel with its data, rules that hold, docs that are true."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile

import pytest

from voxedge.cli import COMMANDS
from voxedge.cli.bench import BENCHES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HEAVY = [
    "numpy",
    "av",
    "ctranslate2",
    "faster_whisper",
    "hassil",
    "hibari",
    "llama_cpp",
    "onnxruntime",
    "sounddevice",
    "tokenizers",
    "tqdm",
    "huggingface_hub",
    "sentencepiece",
    "webrtcvad",
    "yaml",
    "requests",
    "matplotlib",
    "asyncio",
]


def run(*words: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=100, check=False, **options
    )


@pytest.mark.parametrize("statement", ["import voxedge", "import voxedge.cli", "from voxedge import Config"])
def test_importing_loads_no_engine_and_no_numpy(statement):
    done = run("-c", f"import sys; {statement}; print(' '.join(sys.modules))")
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert done.returncode == 0, done.stderr
    assert "voxedge" in loaded
    assert loaded & set(HEAVY) == set()


def test_importing_starts_no_thread_and_prints_nothing():
    done = run("-c", "import voxedge, threading; assert threading.active_count() == 1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_public_name_is_there():
    import voxedge

    for name in voxedge.__all__:
        assert getattr(voxedge, name) is not None
    with pytest.raises(AttributeError):
        _ = voxedge.nothing_of_the_kind


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_and_loads_no_engine_for_it(command):
    code = (
        "import sys; from voxedge.cli import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print('LOADED', *sys.modules)"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    shown, _, loaded = done.stdout.partition("LOADED")
    assert "example" in shown
    assert f"voxedge {command}" in shown
    engines = {"llama_cpp", "ctranslate2", "faster_whisper", "onnxruntime", "av"}
    assert {name.split(".")[0] for name in loaded.split()} & engines == set()


@pytest.mark.parametrize("name", BENCHES)
def test_every_measurement_has_help_with_examples(name):
    done = run("-m", "voxedge", "bench", name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"voxedge bench {name}" in done.stdout


def test_an_unknown_measurement_names_the_nearest():
    done = run("-m", "voxedge", "bench", "lmm")
    assert done.returncode == 2
    assert "Did you mean 'llm'?" in done.stderr
    done = run("-m", "voxedge", "bench")
    assert (done.returncode, "Which measurement?" in done.stderr) == (2, True)


def test_the_import_rules_hold(repository):
    done = run("-c", "from importlinter.cli import lint_imports_command as c; c()", cwd=repository)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_a_broken_import_rule_would_be_found(repository, tmp_path):
    """The counter-test: the rules see a room that imports another."""
    import shutil

    shutil.copytree(repository / "voxedge", tmp_path / "voxedge")
    shutil.copy(repository / "pyproject.toml", tmp_path)
    bad = tmp_path / "voxedge" / "speaking" / "espeak.py"
    bad.write_text(bad.read_text(encoding="utf-8") + "\nimport voxedge.recognition\n", encoding="utf-8")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"
    )
    done = run("-c", code, cwd=tmp_path)
    assert done.returncode == 1
    assert "voxedge.speaking.espeak -> voxedge.recognition" in done.stdout


@pytest.fixture(scope="session")
def wheel(repository, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=repository)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_the_catalogue_the_intents_and_the_licence(wheel, repository):
    names = zipfile.ZipFile(wheel).namelist()
    for folder, pattern in (("models", "*.toml"), ("intents", "**/*.yaml")):
        files = [path.relative_to(repository) for path in (repository / folder).glob(pattern)]
        assert files
        assert {f"voxedge/_data/{path.as_posix()}" for path in files} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert "voxedge/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "demos/"))]


def test_the_wheel_works_without_the_checkout(wheel, tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(wheel.parent / 'unpacked')!r})\n"
        "import voxedge; print(voxedge.__file__)\n"
        "from voxedge import resources; print(len(list(resources.models_dir().glob('*.toml'))))\n"
        "from voxedge.cli import main; sys.exit(main(['config']))"
    )
    zipfile.ZipFile(wheel).extractall(wheel.parent / "unpacked")
    done = run("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "unpacked" in done.stdout.splitlines()[0]
    assert int(done.stdout.splitlines()[1]) > 3
    assert "[conversation]" in done.stdout


def pyproject(repository) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


def packages(requirements: list[str]) -> set[str]:
    names = {re.split(r"[<>=!~; \[]", requirement)[0] for requirement in requirements}
    return {name.lower() for name in names if not name.startswith("voxedge")}


def test_each_dependency_has_its_line_in_the_docs_and_no_other_has(repository):
    project = pyproject(repository)["project"]
    wanted = packages(project["dependencies"])
    for requirements in project["optional-dependencies"].values():
        wanted |= packages(requirements)
    page = (repository / "docs" / "dependencies.md").read_text(encoding="utf-8").partition("## System")[0]
    told = {row.lower() for row in re.findall(r"^\| ([\w.-]+) \|", page, re.MULTILINE)} - {"package", "---"}
    assert told == wanted


def test_the_base_install_has_nothing_that_needs_a_compiler(repository):
    base = packages(pyproject(repository)["project"]["dependencies"])
    assert base.isdisjoint({"llama-cpp-python", "webrtcvad", "pyaudio", "fasttext"})


def test_the_reference_is_current(repository):
    done = run("scripts/make_reference.py", "--check", cwd=repository)
    assert done.returncode == 0, done.stderr


def markdown(repository):
    return [*sorted((repository / "docs").rglob("*.md")), repository / "README.md"]


def test_no_page_tells_to_install_the_other_voxedge(repository):
    for page in markdown(repository):
        assert "pip install voxedge" not in page.read_text(encoding="utf-8"), page


def test_the_python_in_the_docs_can_be_parsed(repository):
    found = 0
    for page in markdown(repository):
        for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S):
            code = block
            if re.search(r"^return|^ +return", block, re.M) and not re.search(
                r"^def |^async def ", block, re.M
            ):
                code = "def snippet():\n" + "".join(f"    {line}\n" for line in block.splitlines())
            ast.parse(code)
            found += 1
    assert found > 5


def test_commands_in_the_docs_exist(repository):
    for page in markdown(repository):
        for block in re.findall(r"^```(?:bash|console|sh)\n(.*?)^```", page.read_text("utf-8"), re.M | re.S):
            for command, sub in re.findall(r"(?:^|\| *)(?:\$ )?voxedge ([a-z]+)(?: ([a-z]+))?", block, re.M):
                assert command in COMMANDS, f"{page.name}: voxedge {command}"
                if command == "bench":
                    assert sub in BENCHES, f"{page.name}: voxedge bench {sub}"


@pytest.mark.parametrize(
    "script",
    ["scripts/common.sh", "scripts/demo", "scripts/kiosk", "scripts/vehicle", "scripts/test", ".ci/run"],
)
def test_shell_scripts_can_be_parsed(repository, script):
    done = subprocess.run(["bash", "-n", script], cwd=repository, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_test_script_tells_its_options(repository):
    done = subprocess.run(
        ["scripts/test", "--help"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "--quick" in done.stdout
    wrong = subprocess.run(["scripts/test", "--quik"], cwd=repository, capture_output=True, check=False)
    assert wrong.returncode == 2


def test_the_scripts_refuse_other_pythons_with_words(repository, tmp_path):
    """A PATH on which the only Python is one that says it is 3.9."""
    for name in ("bash", "dirname", "sed", "env"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\ncase "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac\n')
    fake.chmod(0o755)
    done = subprocess.run(
        [tmp_path / "bash", "scripts/demo"],
        cwd=repository,
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "voxedge needs Python 3.10 to 3.13" in done.stderr
    assert "3.9.2" in done.stderr
