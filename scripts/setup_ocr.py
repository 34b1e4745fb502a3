"""Makes sure that tesseract is there with its data for English and Chinese, for scans and images.

In : PATH. Out: nothing, or a SetupError. Where something is missing it is installed with apt-get, if this user may.
"""
from __future__ import annotations

import shutil
import subprocess

from setup_apt import apt_get, may_install
from setup_report import SetupError

LANGUAGES = ("eng", "chi_sim")
PACKAGES = ("tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-chi-sim")
HINT = (
    f"install tesseract with its data for {' and '.join(LANGUAGES)} so that it is on PATH; "
    f"on Debian: apt-get install {' '.join(PACKAGES)}"
)


def prepare_ocr() -> None:
    """Returns when tesseract is on PATH and reads the languages."""
    if not missing():
        print(f"  ocr: {shutil.which('tesseract')}, {', '.join(LANGUAGES)}")
        return
    if not may_install():
        raise SetupError(f"{missing()} not found, and this user cannot install with apt-get", HINT)
    apt_get(PACKAGES, HINT)
    if missing():
        raise SetupError(f"{missing()} still not found after apt-get install", HINT)


def missing() -> str:
    """What is not there, in words; empty when all is."""
    program = shutil.which("tesseract")
    if program is None:
        return "tesseract"
    listed = subprocess.run([program, "--list-langs"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    installed = set((listed.stdout + listed.stderr).split())
    lacking = [language for language in LANGUAGES if language not in installed]
    return f"tesseract's data for {' and '.join(lacking)}" if lacking else ""
