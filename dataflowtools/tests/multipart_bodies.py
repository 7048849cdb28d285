"""Multipart bodies as clients write them."""

from dataclasses import dataclass, field

BOUNDARY = "------------------------4c1f9d"


@dataclass
class Form:
    """Collects parts; `body` and `headers` are what goes over the wire."""

    parts: list[bytes] = field(default_factory=list)

    def file(
        self, name: str | bytes, content: bytes, *, field_name: str = "file", media_type: str = "x/y"
    ) -> "Form":
        raw = name if isinstance(name, bytes) else name.encode().replace(b'"', b"%22")
        head = f'form-data; name="{field_name}"; filename="'.encode() + raw + b'"'
        self.parts.append(_part(head, content, f"Content-Type: {media_type}\r\n".encode()))
        return self

    def text(self, field_name: str, value: str) -> "Form":
        self.parts.append(_part(f'form-data; name="{field_name}"'.encode(), value.encode()))
        return self

    @property
    def body(self) -> bytes:
        return b"".join(self.parts) + f"--{BOUNDARY}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def _part(disposition: bytes, content: bytes, more: bytes = b"") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: ".encode() + disposition + b"\r\n" + more
    return head + b"\r\n" + content + b"\r\n"
