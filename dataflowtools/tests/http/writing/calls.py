"""Calls of the routes that make, change and fill documents."""

import json

from dataflowtools.tests.http_service import stored


async def call(client, path, body, **headers):
    return await client.request(
        "POST",
        f"/api/file/{path}",
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        timeout_s=60,
    )


async def made(client, path, body, status=201, **headers):
    reply = await call(client, path, body, **headers)
    assert reply.status == status, reply.body
    return reply.json()


async def content_of(client, file_id) -> bytes:
    reply = await client.request("GET", f"/api/file/download/{file_id}")
    assert reply.status == 200
    return reply.body


async def written(client, content, **rest) -> bytes:
    return await content_of(client, (await made(client, "write", {"content": content, **rest}))["file_id"])


__all__ = ["call", "content_of", "made", "stored", "written"]
