"""The unit file, the install script and the configuration that it brings."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voxedge.config import Config
from voxedge.daemon.settings import DaemonSettings
from voxedge.daemon.wyoming_service import settings_of


@pytest.fixture
def install(repository, tmp_path):
    root = tmp_path / "root"
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    program = venv / "bin" / "voxedge"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)

    def run(*words, check=True):
        script = repository / "scripts" / "install_service.sh"
        return subprocess.run(
            [script, "--root", root, *words], check=check, capture_output=True, text=True, timeout=30
        )

    run.root, run.venv = root, venv
    return run


def test_installing_twice_changes_nothing_the_second_time(install):
    first = install("--venv", install.venv).stdout
    unit = install.root / "etc/systemd/system/voxedge.service"
    assert f"ExecStart={install.venv}/bin/voxedge serve" in unit.read_text()
    assert "voxedge.service: written" in first
    config = install.root / "etc/voxedge/voxedge.toml"
    config.write_text(config.read_text() + "# mine\n")
    second = install("--venv", install.venv).stdout
    assert "voxedge.service: unchanged" in second
    assert "kept as it is" in second
    assert config.read_text().endswith("# mine\n")


def test_uninstalling_keeps_the_configuration_unless_it_is_told(install):
    install("--venv", install.venv)
    assert "kept:" in install("--uninstall").stdout
    assert not (install.root / "etc/systemd/system/voxedge.service").exists()
    assert (install.root / "etc/voxedge/voxedge.toml").exists()
    install("--uninstall", "--purge")
    assert not (install.root / "etc/voxedge").exists()
    install("--uninstall")  # once more is no error


@pytest.mark.parametrize(
    "words", [["--nonsense"], ["--purge"], ["--wheel"], ["--wheel", "none.whl"], ["--venv", "/nowhere"]]
)
def test_wrong_options_are_named(install, words):
    done = install(*words, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("install_service: ")
    assert not install.root.exists()


def test_a_dry_run_touches_nothing(install):
    assert "would run" in install("--venv", install.venv, "--dry-run").stdout
    assert not install.root.exists()


def test_its_configuration_can_be_served(repository):
    config = Config.from_file(repository / "packaging" / "voxedge.toml", environment={})
    DaemonSettings.from_config(config)
    assert settings_of(config.daemon).loopback


def systemd_analyze(*words):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze isn't installed")
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60, check=False)


def test_the_unit_is_valid(repository, tmp_path):
    unit = tmp_path / "voxedge.service"
    text = (repository / "packaging" / "voxedge.service").read_text()
    unit.write_text(text.replace("/opt/voxedge/bin/voxedge", sys.executable))
    done = systemd_analyze("verify", unit)
    assert done.returncode == 0
    assert done.stderr == ""


def test_the_unit_is_exposed_little(repository):
    done = systemd_analyze("security", "--offline=true", repository / "packaging" / "voxedge.service")
    level = float(re.search(r"Overall exposure level for voxedge.service: ([\d.]+)", done.stdout)[1])
    assert level <= 3.0


def test_the_container_runs_as_nobody_special(repository):
    lines = Path(repository / "Containerfile").read_text().splitlines()
    assert "USER voxedge" in lines
    assert lines.index("USER voxedge") > max(i for i, line in enumerate(lines) if line.startswith("RUN"))
