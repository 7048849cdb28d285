"""Means to install packages, from the real index or from one made for a test."""

import base64
import hashlib
import io
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
    """A wheel in an index's folder, with a proper list of what it holds, whatever its files are called."""
    place = folder / name
    place.mkdir(exist_ok=True)
    path = place / f"{name}-{version}-py3-none-any.whl"
    path.write_bytes(wheel_bytes(name, files, version))
    return path


def wheel_bytes(name, files, version="1.0", needs=()):
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return packed.getvalue()


async def send_form(client, path, *parts, **fields):
    """Parts are (field, filename, bytes)."""
    lines = b""
    for name, value in fields.items():
        lines += f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, filename, content in parts:
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'
        lines += head.encode() + content + b"\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    return await client.request("POST", path, body=lines + b"--edge--\r\n", headers=headers, timeout_s=120)


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


class _Quiet(SimpleHTTPRequestHandler):
    password = None

    def log_message(self, *_):
        return

    def do_GET(self):
        expected = f"Basic {base64.b64encode((self.password or '').encode()).decode()}"
        if self.password and self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        super().do_GET()


@contextmanager
def local_index(folder, password=None):
    """A package index on loopback: a folder per name, with its wheels; `password` is name:password."""
    handler = type("Handler", (_Quiet,), {"password": password})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
