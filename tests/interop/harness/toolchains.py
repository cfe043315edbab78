"""Getting each language's client ready by its own package manager, or the reason why it is skipped."""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys

FETCH_SECONDS = 240
BUILD_SECONDS = 240

# What the package managers print when a registry cannot be reached or does not serve: names that do
# not resolve, refused or reset connections, timeouts, gateway errors. A package that is missing or
# has the wrong checksum is none of these, and fails the run.
_NO_ANSWER = re.compile(
    r"no such host|could not resolve|name resolution|name or service not known|getaddrinfo|EAI_AGAIN|ENOTFOUND"
    r"|connection refused|ECONNREFUSED|connection reset|ECONNRESET|network is unreachable|ENETUNREACH|EHOSTUNREACH"
    r"|no route to host|timed? ?out|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|failed to establish a new connection"
    r"|cannot connect to proxy|unable to connect to proxy|\b50[0234] (?:bad gateway|service|gateway|internal|server)"
    r"|\bE50[0234]\b|unexpected EOF|remote end closed connection",
    re.IGNORECASE)


class Skip(Exception):
    """The language cannot be tested here, through no fault of the project."""


class Broken(Exception):
    """The client could not be made ready, and that is a failure."""


def _run(command, seconds, cwd, env=None):
    """Runs to the end: (status, output). Status None after `seconds`, with its whole process group ended."""
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, output


def _fetch(command, cwd, env=None):
    status, output = _run(command, FETCH_SECONDS, cwd, env)
    if status == 0:
        return
    if status is None:
        raise Skip(f"its registry did not answer within {FETCH_SECONDS} s")
    match = _NO_ANSWER.search(output)
    if match:
        raise Skip(f"its registry does not answer ({match.group(0).lower()})")
    raise Broken(f"{' '.join(command)} failed with status {status}:\n{output.rstrip()}")


def _build(command, cwd, env=None):
    status, output = _run(command, BUILD_SECONDS, cwd, env)
    if status != 0:
        why = "took too long" if status is None else f"failed with status {status}"
        raise Broken(f"{' '.join(command)} {why}:\n{output.rstrip()}")


def _need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed")


def _installed(folder, lock_file):
    """True if `folder` holds what `lock_file` names, from an earlier run; else an empty folder is left."""
    with open(lock_file, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    stamp = os.path.join(folder, ".locked")
    if os.path.exists(stamp):
        with open(stamp, encoding="ascii") as f:
            if f.read() == digest:
                return True, lambda: None
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)

    def remember():
        with open(stamp, "w", encoding="ascii") as f:
            f.write(digest)
    return False, remember


def prepare_go(source, build):
    """Downloads go-nsq and builds the client. @return the command that runs it, and its extra environment."""
    _need("go")
    _fetch(["go", "mod", "download"], source)
    program = os.path.join(build, "client")
    os.makedirs(build, exist_ok=True)
    _build(["go", "build", "-o", program, "."], source, {"CGO_ENABLED": "0"})
    return [program], {}


def prepare_python(source, build):
    """Installs pynsq into a folder of the build tree, for the interpreter that runs this."""
    status, _ = _run([sys.executable, "-m", "pip", "--version"], 60, source)
    if status != 0:
        raise Skip("pip is not installed")
    requirements = os.path.join(source, "requirements.txt")
    present, remember = _installed(build, requirements)
    if not present:
        _fetch([sys.executable, "-m", "pip", "install", "--quiet", "--retries", "2", "--target", build,
                "--requirement", requirements], source)
        remember()
    return [sys.executable, os.path.join(source, "client.py")], {"PYTHONPATH": build, "PYTHONDONTWRITEBYTECODE": "1"}


def prepare_javascript(source, build):
    """Installs nsqjs as locked, without its optional native part, into a folder of the build tree."""
    _need("node", "npm")
    present, remember = _installed(build, os.path.join(source, "package-lock.json"))
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(source, name), build)
    if not present:
        _fetch(["npm", "ci", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"], build)
        remember()
    return ["node", os.path.join(source, "client.js")], {"NODE_PATH": os.path.join(build, "node_modules")}


PREPARE = {"go": prepare_go, "python": prepare_python, "javascript": prepare_javascript}
