"""What callers see when the store or the database is out of order."""

import pytest

from dataflowtools.src.errors import StorageFull, StoreUnavailable
from dataflowtools.tests.fakes.file_catalogue import BrokenFileCatalogue, FakeFileCatalogue
from dataflowtools.tests.fakes.file_store import BrokenFileStore, FakeFileStore
from dataflowtools.tests.fakes.tag_catalogue import FakeTagCatalogue
from dataflowtools.tests.http_service import running, stored, upload
from dataflowtools.tests.multipart_bodies import Form
from servicekit.testing import assert_problem


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(StorageFull, 507, "storage_full"), (StoreUnavailable, 503, "store_unavailable")],
)
async def test_a_store_out_of_order_is_told_with_a_time_to_try_again(tmp_path, error, status, code):
    ports = {
        "file_store": BrokenFileStore(error),
        "file_catalogue": FakeFileCatalogue(),
        "tag_catalogue": FakeTagCatalogue(),
    }
    async with running(tmp_path, ports=ports) as client:
        reply = await upload(client, Form().file("a", b"a"))
        assert_problem(reply, status, code)
        assert int(reply.headers["Retry-After"]) > 0


async def test_bytes_that_are_missing_are_a_503_and_not_an_empty_file(tmp_path):
    store = FakeFileStore()
    ports = {"file_store": store, "file_catalogue": FakeFileCatalogue(), "tag_catalogue": FakeTagCatalogue()}
    async with running(tmp_path, ports=ports) as client:
        file_id = (await stored(client))["file_id"]
        store.blobs.clear()
        assert_problem(await client.request("GET", f"/api/file/download/{file_id}"), 503, "store_unavailable")
        assert (await client.request("DELETE", f"/api/file/{file_id}")).status == 204


async def test_a_lost_database_leaves_the_bytes_to_the_sweep(tmp_path):
    store = FakeFileStore()
    ports = {
        "file_store": store,
        "file_catalogue": BrokenFileCatalogue(),
        "tag_catalogue": FakeTagCatalogue(),
    }
    async with running(tmp_path, ports=ports) as client:
        assert_problem(await upload(client, Form().file("a", b"a")), 503, "database_unavailable")
        assert len(store.blobs) == 1  # perhaps the rows are there


async def test_readiness_tells_what_is_out_of_order(tmp_path):
    async with running(tmp_path) as client:
        assert (await client.request("GET", "/api/health/ready")).status == 200
        (tmp_path / "data" / "files" / "incoming").rmdir()
        reply = await client.request("GET", "/api/health/ready")
        assert reply.status == 503
        assert reply.json()["checks"]["file_store"]["status"] != "ok"
        assert reply.json()["checks"]["database"]["status"] == "ok"
