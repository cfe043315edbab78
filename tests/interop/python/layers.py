"""What every connection is to be layered with, as the runner's environment says."""

import os
import ssl


def options():
    """The arguments of a pynsq Reader or Writer."""
    asked = {}
    for layer in os.environ.get("INTEROP_LAYERS", "").split():
        if layer == "tls":
            asked["tls_v1"] = True
            asked["tls_options"] = {"ca_certs": os.environ["INTEROP_CA"], "cert_reqs": ssl.CERT_REQUIRED}
        elif layer == "auth":
            asked["auth_secret"] = os.environ["INTEROP_SECRET"]
        else:
            asked[layer] = True
    return asked
