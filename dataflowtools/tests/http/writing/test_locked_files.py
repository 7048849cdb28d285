"""Documents behind a password, changed over a real socket and opened by another program."""

import io
import zipfile

import docx
import msoffcrypto
import pypdf
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from dataflowtools.src.drivenadapters.documents_out.locks import lock_office
from dataflowtools.src.drivenadapters.documents_out.office_package import CONTENT_TYPES, OutPackage
from dataflowtools.tests.http.writing.calls import call, stored
from dataflowtools.tests.http.writing.test_edit import edited
from dataflowtools.tests.unit.documents.making import pdf, show
from servicekit.testing import assert_problem

TYPES = b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
pytestmark = pytest.mark.asyncio(loop_scope="package")


def locked_pdf(user: str, owner: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf([show("one"), show("two")])))
    writer.encrypt(user, owner, algorithm="AES-256")
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


def locked_office() -> bytes:
    plain, held = io.BytesIO(), io.BytesIO()
    document = docx.Document()
    document.add_paragraph("old")
    document.save(plain)
    OOXMLFile(plain).encrypt("open sesame", held)
    return held.getvalue()


def unlocked(data: bytes) -> io.BytesIO:
    opened = io.BytesIO()
    office = msoffcrypto.OfficeFile(io.BytesIO(data))
    office.load_key(password="open sesame")
    office.decrypt(opened)
    return opened


async def test_a_document_behind_a_password_is_changed_and_locked_again(client):
    operation = {"op": "replace_text", "find": "old", "replace": "new"}
    after, _ = await edited(client, "a.docx", locked_office(), operation, password="open sesame")
    assert docx.Document(unlocked(after)).paragraphs[0].text == "new"


async def test_a_small_document_is_locked_so_that_it_opens_again():
    plain, held = io.BytesIO(), io.BytesIO()
    OutPackage(parts={CONTENT_TYPES: TYPES, "a.xml": b"<a/>"}).save(plain)
    lock_office(plain, "open sesame", held)

    with zipfile.ZipFile(unlocked(held.getvalue())) as package:
        assert package.read("a.xml") == b"<a/>"
        assert package.read(CONTENT_TYPES).strip() == TYPES


@pytest.mark.parametrize(("user", "reading"), [("secret", "secret"), ("", "")])
async def test_a_pdf_behind_a_password_is_changed_and_locked_again(client, user, reading):
    turn = {"op": "rotate", "angle": 90}
    after, _ = await edited(client, "a.pdf", locked_pdf(user, "secret"), turn, password="secret")
    reader = pypdf.PdfReader(io.BytesIO(after))

    assert reader.is_encrypted
    assert reader.decrypt(reading)
    assert [page.rotation for page in reader.pages] == [90, 90]
    if user:
        assert not pypdf.PdfReader(io.BytesIO(after)).decrypt("")


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
async def test_an_encrypted_document_asks_for_the_password_that_opens_it(client, name):
    data = locked_pdf("secret", "secret") if name == "a.pdf" else locked_office()
    operation = (
        {"op": "rotate", "angle": 90} if name == "a.pdf" else {"op": "append", "content": {"text": "x"}}
    )
    body = {"file_id": (await stored(client, name, data))["file_id"], "operations": [operation]}

    assert_problem(await call(client, "edit", body), 422, "password_required")
    assert_problem(await call(client, "edit", {**body, "password": "wrong"}), 422, "password_incorrect")
