"""Asks the package index which dependencies have wheels for which platform and Python; prints a table.

    python scripts/check_wheels.py              Markdown, for docs/platforms.md
    python scripts/check_wheels.py --json       the same as JSON

A dependency counts as having a wheel when pip, told to take wheels only for that platform, finds a release
that satisfies pyproject.toml. Nothing is downloaded but what pip needs to look at (metadata).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# Debian 12 and Raspberry Pi OS 12 have glibc 2.36; a wheel may name any older one.
GLIBC = (5, 12, 17, 24, 26, 27, 28, 31, 34, 35)
PLATFORMS: dict[str, list[str]] = {
    "Linux x86-64": [*(f"manylinux_2_{n}_x86_64" for n in GLIBC), "manylinux2014_x86_64", "linux_x86_64"],
    "Linux aarch64": [*(f"manylinux_2_{n}_aarch64" for n in GLIBC), "manylinux2014_aarch64", "linux_aarch64"],
    "macOS arm64": [f"macosx_{n}_0_{kind}" for n in (11, 12, 13, 14, 15) for kind in ("arm64", "universal2")],
    "Windows x86-64": ["win_amd64"],
}


def requirements() -> dict[str, list[str]]:
    """The dependencies of pyproject.toml: "base" and each extra that installs packages of others."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    groups = {"base": project["dependencies"], **project["optional-dependencies"]}
    wanted = ("base", "llm", "speech", "translate", "examples", "plot")
    return {
        name: [r.split(";")[0].strip() for r in groups[name] if not r.startswith("voxedge")]
        for name in wanted
        if name in groups
    }


def has_wheel(requirement: str, platform: str, python: str) -> str:
    """The version of the wheel that pip would take, or ""."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed"),
            *("--quiet", "--only-binary=:all:", "--target", folder, "--report", f"{folder}/report.json"),
            *("--implementation", "cp", "--python-version", python),
        ]
        for tag in PLATFORMS[platform]:
            command += ["--platform", tag]
        done = subprocess.run([*command, requirement], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return ""
        report = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))
        return str(report["install"][0]["metadata"]["version"])


def check() -> dict[str, dict[str, dict[str, dict[str, str]]]]:
    """Extra -> dependency -> platform -> Python -> version or ""."""
    asked = [
        (group, requirement, platform, python)
        for group, found in requirements().items()
        for requirement in found
        for platform in PLATFORMS
        for python in PYTHONS
    ]
    result: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    with ThreadPoolExecutor(4) as pool:
        for (group, requirement, platform, python), version in zip(
            asked, pool.map(lambda item: has_wheel(*item[1:]), asked), strict=True
        ):
            name = re.split(r"[<>=!~ \[]", requirement)[0]
            result.setdefault(group, {}).setdefault(name, {}).setdefault(platform, {})[python] = version
    return result


def as_markdown(result: dict[str, dict[str, dict[str, dict[str, str]]]]) -> str:
    """A table: a row a dependency, a column a platform."""
    lines = ["| extra | dependency | " + " | ".join(PLATFORMS) + " |", "|" + " --- |" * (len(PLATFORMS) + 2)]
    for group, found in result.items():
        for name, platforms in found.items():
            cells = []
            for platform in PLATFORMS:
                have = [python for python in PYTHONS if platforms[platform][python]]
                cells.append(
                    "wheel"
                    if len(have) == len(PYTHONS)
                    else ("source" if not have else "wheel for " + ", ".join(have))
                )
            lines.append(f"| {group} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Checks and prints; fails when the base install would need a compiler somewhere."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args()
    result = check()
    print(json.dumps(result, indent=1) if args.json else as_markdown(result))
    lacking = sorted(
        f"{name} on {platform}, Python {python}"
        for name, platforms in result["base"].items()
        for platform, pythons in platforms.items()
        for python, version in pythons.items()
        if not version
    )
    for line in lacking:
        print(f"no wheel: {line}", file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
