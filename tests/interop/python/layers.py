"""What every connection is to be layered with, as the runner's environment says."""

import os
import ssl

import tornado.httpclient


def options():
    """The arguments of a pynsq Reader or Writer."""
    asked = {}
    for layer in os.environ.get("INTEROP_LAYERS", "").split():
        if layer == "tls":
            asked["tls_v1"] = True
            asked["tls_options"] = {"ca_certs": os.environ["INTEROP_CA"], "cert_reqs": ssl.CERT_REQUIRED}
            if "INTEROP_CERT" in os.environ:
                asked["tls_options"].update(certfile=os.environ["INTEROP_CERT"], keyfile=os.environ["INTEROP_KEY"])
        elif layer == "auth":
            asked["auth_secret"] = os.environ["INTEROP_SECRET"]
        else:
            asked[layer] = True
    return asked


def prepare_discovery():
    """What asks a nsqlookupd over TLS: pynsq leaves that to tornado's defaults, which hold for readers made after this."""
    if "INTEROP_CERT" in os.environ:
        tornado.httpclient.AsyncHTTPClient.configure(None, defaults={
            "ca_certs": os.environ["INTEROP_CA"], "client_cert": os.environ["INTEROP_CERT"],
            "client_key": os.environ["INTEROP_KEY"]})
