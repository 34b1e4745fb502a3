"""Installs Debian packages, for the parts of the set-up that need programs of the system."""
from __future__ import annotations

import os
import shutil
import subprocess

from setup_report import SetupError, step, tail


def may_install() -> bool:
    """Whether this user can install with apt-get."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_get(packages: tuple[str, ...], hint: str) -> None:
    """Installs packages without questions; a SetupError with `hint` when that fails."""
    run("update", hint=hint)
    run("install", "-y", "--no-install-recommends", *packages, hint=hint)


def run(*arguments: str, hint: str) -> None:
    """Runs apt-get."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", *arguments]
    with step(" ".join(command)):
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise SetupError(f"{' '.join(command)} failed:\n{tail(done.stdout + done.stderr)}", hint)
