"""Makes sure that a Chromium and its driver can be found, for the browser tests.

In : PATH. Out: nothing, or a SetupError. Where they are missing it installs them with apt-get, if it may; it
downloads nothing by itself and changes nothing else.
"""
from __future__ import annotations

import shutil
from typing import Optional

from setup_apt import apt_get, may_install
from setup_report import SetupError

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRIVERS = ("chromedriver",)
# Chinese text is a row of empty boxes in a screenshot without a font for it.
PACKAGES = ("chromium", "chromium-driver", "fonts-noto-cjk")
HINT = (
    "install a Chromium (or Chrome) and the chromedriver of the same version so that both are on PATH; "
    f"on Debian: apt-get install {' '.join(PACKAGES)}"
)


def prepare_browser() -> None:
    """Returns when a browser and a driver are on PATH."""
    if not missing():
        print(f"  browser: {first_on_path(BROWSERS)}, {first_on_path(DRIVERS)}")
        return
    wanted = " and ".join(missing())
    if not may_install():
        raise SetupError(f"{wanted} not found, and this user cannot install with apt-get", HINT)
    apt_get(PACKAGES, HINT)
    if missing():
        raise SetupError(f"{' and '.join(missing())} still not found after apt-get install", HINT)


def missing() -> list[str]:
    """The kinds of program, of the two needed, that PATH does not have."""
    kinds = {BROWSERS[0]: BROWSERS, DRIVERS[0]: DRIVERS}
    return [kind for kind, names in kinds.items() if first_on_path(names) is None]


def first_on_path(names: tuple[str, ...]) -> Optional[str]:
    """The path of the first of these programs that exists."""
    return next((path for path in map(shutil.which, names) if path), None)
