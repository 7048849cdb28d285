"""Requests about pictures."""

import json
from typing import Any

from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import Client, Reply


class SeeingClient:
    """Posts pictures to a running service."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def post(
        self, path: str, picture: bytes, *, name: str = "a.png", accept: str = "", **fields: Any
    ) -> Reply:
        form = Form()
        for field, value in fields.items():
            form.text(field, value if isinstance(value, str) else json.dumps(value))
        form.file(name, picture)
        headers = {**form.headers, **({"Accept": accept} if accept else {})}
        return await self.client.request(
            "POST", f"/api/ocr/{path}", body=form.body, headers=headers, timeout_s=240
        )

    async def extract(self, picture: bytes, **fields: Any) -> dict[str, Any]:
        reply = await self.post("extract", picture, **fields)
        assert reply.status == 200, reply.body
        return reply.json()

    async def barcodes(self, picture: bytes, **fields: Any) -> list[dict[str, Any]]:
        reply = await self.post("barcode", picture, **fields)
        assert reply.status == 200, reply.body
        return reply.json()["barcodes"]
