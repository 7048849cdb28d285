"""Means to install packages, from the real index or from one made for a test."""

import hashlib
import os
import ssl
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

CERTIFICATES = os.environ.get("SSL_CERT_FILE") or ssl.get_default_verify_paths().cafile or ""


async def install(client, *packages, status=200, **more):
    reply = await client.request(
        "POST", "/api/pypkg/install", json={"packages": list(packages), **more}, timeout_s=120
    )
    assert reply.status == status, reply.body[:2000]
    return reply.json()


async def installed(client, environment_id=None):
    path = "/api/pypkg/list" + (f"?environment_id={environment_id}" if environment_id else "")
    reply = await client.request("GET", path)
    assert reply.status == 200, reply.body
    return {package["name"]: package["version"] for package in reply.json()["packages"]}


def write_wheel(folder, name, files, version="1.0"):
    """A wheel with a proper list of what it holds, whatever its files are called."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    place = folder / name
    place.mkdir(exist_ok=True)
    with zipfile.ZipFile(place / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def _digest(text):
    import base64

    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        return


@contextmanager
def local_index(folder):
    """A package index on loopback: a folder per name, with its wheels."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
