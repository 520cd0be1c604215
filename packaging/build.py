"""Build a program that needs no Python, for the system this runs on (see README.md).

uv run --no-project packaging/build.py
"""

import argparse
import shutil
import subprocess
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILT = ROOT / "build" / "bundle"
"""The build folder, which git ignores."""

PYINSTALLER = "pyinstaller>=6.22,<7"
EXTRAS = "serve,share"
_ELF = b"\x7fELF"
_LICENCE_NAMES = ("LICEN", "COPYING", "NOTICE", "AUTHORS")


def main() -> int:
    """Build the program, then check it."""
    parser = argparse.ArgumentParser(description="Build a program that needs no Python.")
    parser.add_argument(
        "--no-check", action="store_true", help="skip the checks of the built program"
    )
    arguments = parser.parse_args()
    python = environment()
    run(python, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN", HERE / "roop.spec",
        f"--distpath={BUILT / 'dist'}", f"--workpath={BUILT / 'work'}")  # fmt: skip
    folder = BUILT / "dist" / "roop"
    strip(folder)
    write_licences(python, folder)
    sys.stdout.write(f"{folder}: {size(folder) / 1e6:.0f} MB\n")
    if not arguments.no_check:
        run(python, HERE / "check.py", folder / program_name())
    return 0


def environment() -> Path:
    """Install roop and PyInstaller into a new environment and return its Python.

    The versions are those of requirements.txt: a bundle holds what was tested. The extras are for
    people who cannot install them later.
    """
    folder = BUILT / "environment"
    run("uv", "venv", "--quiet", "--clear", "--python", sys.executable, folder)
    bin_folder = folder / ("Scripts" if sys.platform == "win32" else "bin")
    python = bin_folder / ("python.exe" if sys.platform == "win32" else "python")
    install = ("uv", "pip", "install", "--quiet", "--python", python)
    run(*install, "--requirement", ROOT / "requirements.txt", PYINSTALLER)
    run(*install, f"{ROOT}[{EXTRAS}]")
    return python


def strip(folder: Path) -> None:
    """Remove symbol tables from Linux binaries, which saves 40 MB.

    Libraries in ``*.libs`` folders were patched when their wheels were built, and are left alone.
    """
    tool = shutil.which("strip")
    if sys.platform != "linux" or tool is None:
        return
    for path in folder.rglob("*.so*"):
        patched = path.parent.name.endswith(".libs")
        if path.is_symlink() or patched or path.open("rb").read(4) != _ELF:
            continue
        run(tool, "--strip-unneeded", path)


def write_licences(python: Path, folder: Path) -> None:
    """Write the licence of every part, and where the sources are, beside the program."""
    page = (HERE / "licences" / "page.txt").read_text(encoding="utf-8")
    facts = evaluate(python, "av.__version__, av.ffmpeg_version_info, av.__file__")
    version, ffmpeg, file = facts.split("\n")
    page = page.format(av=version, ffmpeg=ffmpeg) + (ROOT / "NOTICE").read_text(encoding="utf-8")
    (folder / "LICENCES.txt").write_text(page, encoding="utf-8")
    licences = folder / "licences"
    shutil.rmtree(licences, ignore_errors=True)
    licences.mkdir()
    shutil.copy(HERE / "licences" / "GPL-3.0.txt", licences)
    shutil.copy(ROOT / "LICENSE", licences / "roop.txt")
    for distribution in distributions(path=[str(Path(file).parents[1])]):
        copy_licences(distribution, licences)


def copy_licences(distribution: Distribution, licences: Path) -> None:
    """Copy the licence files of an installed package into a folder of its name."""
    for file in distribution.files or ():
        inside = file.parent.name.endswith(".dist-info") or "licenses" in file.parts
        if inside and file.name.upper().startswith(_LICENCE_NAMES):
            target = licences / distribution.name / file.name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(str(distribution.locate_file(file)), target)


def evaluate(python: Path, expressions: str) -> str:
    """Return the values of ``expressions`` about PyAV in the environment, one per line."""
    printed = run(python, "-c", f"import av; print({expressions}, sep='\\n')", capture=True)
    return printed.strip()


def program_name() -> str:
    """Return the file name of the program on this system."""
    return "roop.exe" if sys.platform == "win32" else "roop"


def size(folder: Path) -> int:
    """Return the total size of the files in ``folder``, bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if not path.is_symlink())


def run(*command: str | Path, capture: bool = False) -> str:
    """Run a command that must succeed and return its output if ``capture`` is set."""
    done = subprocess.run(
        list(map(str, command)), check=True, text=True, stdout=subprocess.PIPE if capture else None
    )
    return done.stdout or ""


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:  # the command has printed why
        sys.exit(f"error: {error}")
