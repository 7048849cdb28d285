"""The jobs of templates: list the slots, check data against them, fill one record or many."""

import io
import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from dataflowtools.src.drivenadapters.documents.detect import ENCRYPTED, detect, ending
from dataflowtools.src.drivenadapters.documents_out.caveats import Caveats
from dataflowtools.src.drivenadapters.documents_out.dangers import warn_of_package
from dataflowtools.src.drivenadapters.documents_out.inputs import inputs_of, output_of
from dataflowtools.src.drivenadapters.documents_out.pdf.write import write_pdf
from dataflowtools.src.drivenadapters.documents_out.pictures import Pictures
from dataflowtools.src.drivenadapters.documents_out.templates import check_data
from dataflowtools.src.drivenadapters.documents_out.templates.filled import TemplateFile
from dataflowtools.src.drivenadapters.documents_out.templates.missing import tracked
from dataflowtools.src.drivenadapters.documents_out.templates.records import records_of
from dataflowtools.src.drivenadapters.documents_out.templates.sandbox import Jail, compiled
from dataflowtools.src.drivenadapters.documents_out.templates.sheet_template import SheetTemplate
from dataflowtools.src.drivenadapters.documents_out.templates.slots import SlotFinder
from dataflowtools.src.drivenadapters.documents_out.templates.text_template import TextTemplate
from dataflowtools.src.drivenadapters.documents_out.templates.word_template import WordTemplate
from dataflowtools.src.drivenadapters.documents_out.templates.written_numbers import with_numbers
from dataflowtools.src.drivenadapters.documents_out.texts import blocks_of_text
from dataflowtools.src.drivenadapters.workers.job import Job
from dataflowtools.src.errors import (
    DocumentTooLarge,
    InvalidTemplate,
    InvalidTemplateData,
    MissingFields,
    PasswordRequired,
    RequestRefused,
    UnsupportedConversion,
    UnsupportedType,
)
from dataflowtools.src.logics.file.clean_names import clean_name

_MAIN, _RECORDS = "main", "records"
_TEXTS = frozenset({"md", "html", "txt"})
_PRINTED = frozenset({"docx", "xlsx"})  # what a converter prints
_MOST_PRINTED = 100
_PROGRESS_EVERY = 50
_PIECE_BYTES = 1 << 20
_ENTRY_TIME = (1980, 1, 1, 0, 0, 0)
Json = Mapping[str, Any]


@dataclass(slots=True)
class _Work:
    """A template with the records to fill it with."""

    template: TemplateFile
    name: str
    request: Json
    caveats: Caveats
    records: list[Any]
    single: bool
    slots: list[dict[str, Any]] = field(default_factory=list)
    left_out: dict[int, RequestRefused] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return "/data" if self.single else "/records/{}"

    @property
    def leaves_out(self) -> bool:
        """Whether a record that cannot be filled in is left out, instead of all being refused."""
        return self.request.get("bad_records") == "leave_out" and not self.single


def slots(job: Job, arguments: Json) -> dict[str, Any]:
    """List the template's slots."""
    work = _work(job, arguments)
    return {"slots": work.slots, "format": work.template.ending, "warnings": work.caveats.listed()}


def validate(job: Job, arguments: Json) -> dict[str, Any]:
    """Check the data against the slots."""
    work = _work(job, arguments)
    faults = check_data.faults_of(work.slots, work.records, single=work.single)
    for name in check_data.unknown_fields(work.slots, work.records):
        work.caveats.add("unknown_field", f"The template has no use for the field {name[:100]}.")
    return {
        "valid": not faults, "errors": faults, "records": len(work.records), "warnings": work.caveats.listed(),
    }  # fmt: skip


def fill(job: Job, arguments: Json) -> dict[str, Any]:
    """Fill the template: one document, one for each record in a zip, or all in one document."""
    work = _work(job, arguments)
    if not work.leaves_out:
        _refuse_faults(work)
    wanted = work.request.get("to") or work.template.ending
    _refuse_target(work.template.ending, wanted)
    printed = wanted == "pdf" and work.template.ending in _PRINTED
    target = work.template.ending if printed else wanted
    with output_of(job) as file:
        files = _fill(job, work, target, file, apart=printed)
    return {
        "files": files, "records": len(work.records) - len(work.left_out), "to_print": printed, "zipped": _is_zip(work),
        "name": f"{PurePosixPath(work.name).stem}.zip", "warnings": work.caveats.listed(),
    }  # fmt: skip


def pack(job: Job, arguments: Json) -> dict[str, Any]:
    """Put the files that came with the job into one zip, under their names."""
    listed = arguments["inputs"]
    inputs = inputs_of(job, listed)
    with output_of(job) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as out:
        for one in listed:
            with out.open(zipfile.ZipInfo(one["name"], _ENTRY_TIME), "w") as entry:
                shutil.copyfileobj(inputs[one["file_id"]], entry, _PIECE_BYTES)
    return {}


def _is_zip(work: _Work) -> bool:
    asked = work.request.get("output", "auto")
    return asked == "zip" or (asked == "auto" and (len(work.records) > 1 or work.leaves_out))


def _fill(job: Job, work: _Work, target: str, file: BinaryIO, *, apart: bool) -> list[dict[str, Any]]:
    if _is_zip(work) and apart:
        return _fill_apart(job, work, target, file)
    if _is_zip(work):
        name = _fill_zip(job, work, target, file)
    elif work.request.get("output") == "merged":
        name = _fill_together(work, target, file)
    else:
        name = _fill_one(work, target, file)
    return [{"name": name, "start": 0, "length": file.tell()}]


def _work(job: Job, arguments: Json) -> _Work:
    listed, request, caveats = arguments["inputs"], arguments["request"], Caveats()
    names = {one["file_id"]: one["name"] for one in listed}
    inputs = inputs_of(job, listed)
    template = _template(inputs[_MAIN], names[_MAIN], Pictures(inputs), caveats)
    finder = SlotFinder()
    template.find_slots(finder)
    records, single = request.get("records"), False
    if _RECORDS in inputs:
        records = records_of(inputs[_RECORDS], names[_RECORDS], job.scratch, request["most"])
    elif records is None:
        records, single = [request.get("data", {})], True
    if len(records) > request.get("most", len(records)):
        raise DocumentTooLarge(f"One request fills at most {request['most']} records.")
    return _Work(template, names[_MAIN], request, caveats, records, single, finder.listed())


def _template(file: BinaryIO, name: str, pictures: Pictures, caveats: Caveats) -> TemplateFile:
    found = detect(file, name)
    if found == ENCRYPTED:
        raise PasswordRequired("The template is encrypted; it cannot be filled.", field="/file_id")
    if found in _PRINTED:
        warn_of_package(file, caveats)
    if found == "docx":
        return WordTemplate(file, pictures, caveats)
    if found == "xlsx":
        return SheetTemplate(file, caveats)
    if found in _TEXTS:
        return TextTemplate(file, "html" if found == "html" else "md" if ending(name) == "md" else "txt")
    raise UnsupportedType(f"Templates are docx, xlsx, md, html and txt, not {found}.")


def _refuse_faults(work: _Work) -> None:
    if not work.records:
        raise InvalidTemplateData("There is no record to fill the template with.", [])
    faults = check_data.faults_of(work.slots, work.records, single=work.single)
    wrong = [one for one in faults if one["code"] == "wrong_type"]
    if wrong:
        raise InvalidTemplateData(f"Fields of the wrong type: {_names(wrong)}.", wrong)


def _refuse_missing(work: _Work, missing: Mapping[int, Sequence[str]]) -> None:
    """Name all that is missing at once: what was shown, and what the data lack for certain."""
    if work.request.get("missing") == "empty":
        return
    found: dict[tuple[int, str], dict[str, Any]] = {
        (one["record"], one["field"]): one
        for one in check_data.faults_of(work.slots, work.records, single=work.single)
        if one["code"] == "missing_field"
    }
    for number, names in missing.items():
        for name in names:
            message = f"The field {name} is missing."
            one = check_data.fault(number, name, "missing_field", message, work.base.format(number))
            found.setdefault((number, name), one)
    if found:
        faults = list(found.values())[: check_data.MAX_FAULTS]
        raise MissingFields(f"Missing fields: {_names(faults)}.", faults)


def _names(faults: Sequence[Json]) -> str:
    return ", ".join(dict.fromkeys(str(one["field"])[:100] for one in faults[:50]))[:500]


def _refuse_target(has: str, target: str) -> None:
    if target not in {has, "pdf"}:
        raise UnsupportedConversion(
            f"A {has} template is filled as {has} or pdf, not {target[:40]!r}.", field="/to"
        )


def _filled(work: _Work, number: int, target: str, file: BinaryIO) -> list[str]:
    """Fill in one record; what is wrong with it is told as that record's, and what it lacks is returned."""
    try:
        return _fill_record(work, work.records[number], target, file)
    except InvalidTemplateData as exc:
        faults = [_of_record(fault, work.base.format(number)) for fault in exc.extra["faults"]]
        raise InvalidTemplateData(exc.message, [{"record": number, **fault} for fault in faults]) from exc
    except InvalidTemplate as exc:
        if not work.single:
            exc.message = f"Record {number + 1}: {exc.message}"
        raise


def _of_record(fault: Json, base: str) -> dict[str, Any]:
    return {**fault, "pointer": base + str(fault["pointer"]).removeprefix("/data")}


def _fill_record(work: _Work, record: Json, target: str, file: BinaryIO) -> list[str]:
    record = with_numbers(work.slots, record)
    if target == work.template.ending:
        return work.template.fill(record, file)
    held = io.BytesIO()
    missing = work.template.fill(record, held)
    text = held.getvalue().decode()
    write_pdf(blocks_of_text(work.template.ending, text), {}, Pictures({}), work.caveats, file)
    return missing


def _fill_one(work: _Work, target: str, file: BinaryIO) -> str:
    _refuse_missing(work, {0: _filled(work, 0, target, file)})
    return _namer(work, target)(0)


def _fill_together(work: _Work, target: str, file: BinaryIO) -> str:
    if not isinstance(work.template, WordTemplate) or target != "docx":
        raise UnsupportedConversion("Only docx templates are merged into one document.", field="/output")
    if work.leaves_out:
        raise UnsupportedConversion(
            "Records are left out of a zip only, not of one document.", field="/bad_records"
        )
    records = [with_numbers(work.slots, record) for record in work.records]
    _refuse_missing(work, dict(enumerate(work.template.fill_together(records, file))))
    return f"{PurePosixPath(work.name).stem}-merged.docx"


def _fill_zip(job: Job, work: _Work, target: str, file: BinaryIO) -> str:
    packed = zipfile.ZIP_DEFLATED if target in _TEXTS else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", packed) as out:
        for name, data in _each(job, work, target):
            entry = zipfile.ZipInfo(name, _ENTRY_TIME)
            entry.compress_type = packed
            out.writestr(entry, data)
    return f"{PurePosixPath(work.name).stem}.zip"


def _fill_apart(job: Job, work: _Work, target: str, file: BinaryIO) -> list[dict[str, Any]]:
    """Write the results one after another, to be printed one by one."""
    if len(work.records) > _MOST_PRINTED:
        message = f"At most {_MOST_PRINTED} records become PDF files of their own at once; ask for merged, or {target}."
        raise UnsupportedConversion(message, field="/to")
    listed = []
    for name, data in _each(job, work, target):
        start = file.tell()
        file.write(data)
        listed.append({"name": name, "start": start, "length": file.tell() - start})
    return listed


def _each(job: Job, work: _Work, target: str) -> Iterator[tuple[str, bytes]]:
    """Fill record by record; after the last one everything that was missing is told, or who was left out."""
    name_of, missing = _namer(work, target), dict[int, list[str]]()
    taken: set[str] = set()
    for number in range(len(work.records)):
        if number % _PROGRESS_EVERY == 0:
            job.progress(number / len(work.records), f"record {number + 1} of {len(work.records)}")
        held = io.BytesIO()
        try:
            if work.leaves_out:
                _fill_if_good(work, number, target, held)
            else:
                missing[number] = _filled(work, number, target, held)
            name = name_of(number)
        except (InvalidTemplate, InvalidTemplateData, MissingFields) as exc:
            if not work.leaves_out:
                raise
            work.left_out[number] = exc
            continue
        yield _unused(name, taken), held.getvalue()
    if work.leaves_out:
        _tell_left_out(work)
    else:
        _refuse_missing(work, missing)


def _fill_if_good(work: _Work, number: int, target: str, file: BinaryIO) -> None:
    """Fill in one record, and refuse it at once for what is wrong with it or missing."""
    alone = replace(work, records=[work.records[number]])
    _refuse_faults(alone)
    _refuse_missing(alone, {0: _filled(work, number, target, file)})


def _tell_left_out(work: _Work) -> None:
    """Warn of every record that is not among the results; when none is, tell what is wrong with the first."""
    if work.records and len(work.left_out) == len(work.records):
        raise work.left_out[0]
    for number, exc in work.left_out.items():
        said = exc.message.removeprefix(f"Record {number + 1}: ")
        work.caveats.add("record_left_out", f"Record {number + 1} was left out: {said}")


def _namer(work: _Work, target: str) -> Callable[[int], str]:
    """Make what names each result: by a template of its own, or by a number."""
    stem, wanted = PurePosixPath(work.name).stem, work.request.get("name", "")
    if not wanted:
        if work.single or len(work.records) == 1:
            return lambda _: f"{stem}-filled.{target}"
        digits = len(str(len(work.records)))
        return lambda number: f"{stem}-{number + 1:0{digits}d}.{target}"
    jail = Jail(autoescape=False)
    program = compiled(jail, wanted, "name")

    def name(number: int) -> str:
        jail.missing.clear()
        shown = clean_name(program.render(tracked(work.records[number])))
        if jail.missing:
            _refuse_missing(work, {number: list(jail.missing)})
        stem = shown.removesuffix(".pdf") if work.request.get("to") == "pdf" else shown
        return stem if ending(stem) == target else f"{stem}.{target}"

    return name


def _unused(name: str, taken: set[str]) -> str:
    stem, _, last = name.rpartition(".")
    number, fresh = 1, name
    while fresh.casefold() in taken:
        number += 1
        fresh = f"{stem} ({number}).{last}"
    taken.add(fresh.casefold())
    return fresh
