"""What the daemons of a part are started with, and what the client program is told of it."""

import os
import shutil
import ssl
import subprocess

from harness.certificates import Certificates
from harness.server import Access
from harness.toolchains import Skip

PACKAGED = os.path.join(os.path.dirname(__file__), "..", "..", "..", "packaging", "secured")
SECRET = "interop & secret"  # with bytes that have to be escaped somewhere
ADMIN = f"""
[[identity]]
name = "interop"
secret = "{SECRET}"
admin = true
"""
PERMISSIONS = {"interop": 'publish = ["interop_*"]\nsubscribe = ["interop_*/*"]\n', "operator": "admin = true\n"}


class Setup:
    """Daemons as they are without any flag."""

    def __init__(self):
        self.nsqd_flags, self.nsqd_access = [], Access()
        self.lookupd_flags, self.lookupd_access = [], Access()
        self.environment = {}


def _write_secret(path, text):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def layered(layers, folder):
    """A client whose connections have these layers, as INTEROP_LAYERS takes them; the runner's have none."""
    setup = Setup()
    if "tls" in layers:
        certificates = Certificates(folder)
        setup.nsqd_flags += certificates.server_arguments()
        setup.environment.update(certificates.client_environment())
    if "auth" in layers:
        auth_file = os.path.join(folder, "auth.toml")
        _write_secret(auth_file, ADMIN)
        setup.nsqd_flags.append(f"--auth-file={auth_file}")
        setup.nsqd_access = Access(SECRET)
    setup.environment.update({"INTEROP_LAYERS": layers, "INTEROP_SECRET": SECRET})
    return setup


def secured(layers, folder):
    """The secured cluster of docs/operations.md, with the files of packaging/secured."""
    if shutil.which("openssl") is None:
        raise Skip("openssl is not installed")

    def issue(*arguments):
        return subprocess.run([os.path.join(PACKAGED, "issue"), *arguments], cwd=folder, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def issued(name):
        return os.path.join(folder, name)

    issue("authority")
    issue("host", "127.0.0.1", "localhost")
    entries = [issue("client", name) + permissions for name, permissions in PERMISSIONS.items()]
    _write_secret(issued("auth.toml"), "".join(entries))
    secrets = {}
    for name in PERMISSIONS:
        with open(issued(f"{name}.secret"), encoding="ascii") as file:
            secrets[name] = file.read()

    tls = ssl.create_default_context(cafile=issued("ca.pem"))
    tls.load_cert_chain(issued("operator.pem"), issued("operator.key"))
    files = [f"--tls-cert={issued('127.0.0.1.pem')}", f"--tls-key={issued('127.0.0.1.key')}",
             f"--tls-root-ca-file={issued('ca.pem')}"]
    setup = Setup()
    setup.lookupd_flags = [f"--config={os.path.join(PACKAGED, 'nsqlookupd.toml')}", *files]
    setup.lookupd_access = Access(tls=tls)
    setup.nsqd_flags = [f"--config={os.path.join(PACKAGED, 'nsqd.toml')}", f"--auth-file={issued('auth.toml')}", *files]
    setup.nsqd_access = Access(secrets["operator"], tls, "--https-address")
    setup.environment = {
        "INTEROP_LAYERS": layers, "INTEROP_SECRET": secrets["interop"], "INTEROP_CA": issued("ca.pem"),
        "INTEROP_CERT": issued("interop.pem"), "INTEROP_KEY": issued("interop.key"), "NODE_EXTRA_CA_CERTS": issued("ca.pem")}
    return setup
