"""An authority and a certificate for 127.0.0.1, made for one run by the openssl command."""

import os
import shutil
import subprocess

from harness.toolchains import Skip


class Certificates:
    """PEM files in `folder`: `ca` for clients, `cert` and `key` for the server."""

    def __init__(self, folder):
        if shutil.which("openssl") is None:
            raise Skip("openssl is not installed")
        self._folder = folder
        self.ca, self.cert, self.key = (os.path.join(folder, name) for name in ("ca.pem", "cert.pem", "key.pem"))
        ca_key, request, names = (os.path.join(folder, name) for name in ("ca.key", "request.pem", "names"))
        with open(names, "w", encoding="ascii") as f:
            f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        fresh_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._openssl("req", "-x509", *fresh_key, "-keyout", ca_key, "-out", self.ca, "-days", "1", "-subj", "/CN=interop")
        self._openssl("req", *fresh_key, "-keyout", self.key, "-out", request, "-subj", "/CN=localhost")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
                      "-out", self.cert, "-days", "1", "-extfile", names)

    def server_arguments(self):
        """For an nsqd that takes nothing in plain text but its HTTP API, which the runner asks."""
        return [f"--tls-cert={self.cert}", f"--tls-key={self.key}", "--https-address=", "--tls-required=tcp-https"]

    def client_environment(self):
        return {"INTEROP_CA": self.ca, "NODE_EXTRA_CA_CERTS": self.ca}

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self._folder, check=True, capture_output=True)
