"""Real files with known content beside the repository: words found, and tables found in PDF pages."""

import io
import json
import re
import subprocess
import sys
import time
from collections import Counter

import pypdfium2

from dataflowtools.src.drivenadapters.documents.pdf_page import read_page
from dataflowtools.src.drivenadapters.documents.pdf_tables import find_tables
from dataflowtools.tests.unit.documents.making import read

# Reached: F1 .940, 1.000 of the words of most documents; the floors leave room for other versions of the engines.
F1_FLOOR = 0.90
MS_PER_PAGE = 100
WORD_FLOOR = 0.95
# Their truth writes other things too: numbers of headings, merged cells once per column, times of days.
OTHER_TRUTH = {
    "unit_test_headers_numbered.docx": 0.8,
    "word_tables.docx": 0.8,
    "xlsx_02_sample_sales_data.xlsm": 0.7,
    "xlsx_01.xlsx": 0.9,
}


def words(text: str) -> Counter:
    return Counter(re.findall(r"\w+", re.sub(r"<!--.*?-->", "", text)))


def test_the_words_of_known_documents_are_found(shared_data):
    missing = {}
    for path in sorted((shared_data / "documents").iterdir()):
        truth = path.with_name(path.name + ".md")
        if not truth.exists():
            continue
        true = words(truth.read_text(encoding="utf-8"))
        found = words(read(path.read_bytes(), path.name, format="markdown").content)
        recall = (true & found).total() / true.total()
        if recall < OTHER_TRUTH.get(path.name, WORD_FLOOR):
            missing[path.name] = recall
    assert missing == {}


def test_tables_of_the_icdar_set_are_found_fast(shared_data, tmp_path, record_property):
    pages, started = 0, time.process_time()
    for path in sorted((shared_data / "tables").glob("*.pdf")):
        document = pypdfium2.PdfDocument(io.BytesIO(path.read_bytes()))
        tables = []
        for number in range(len(document)):
            page = document[number]
            tables += [
                [["" if cell is None else cell.text for cell in row] for row in table.rows]
                for table in find_tables(read_page(page, number + 1))
            ]
            page.close()
            pages += 1
        document.close()
        (tmp_path / f"{path.stem}.json").write_text(json.dumps(tables))
    ms_per_page = (time.process_time() - started) * 1000 / pages
    scorer = shared_data.parent / "tools" / "score_tables.py"
    scored = subprocess.run(
        [sys.executable, str(scorer), str(shared_data / "tables"), str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    f1 = float(scored.stdout.split()[-1])
    record_property("table_f1", f1)
    record_property("ms_per_page", ms_per_page)
    assert f1 >= F1_FLOOR, scored.stdout
    assert ms_per_page <= MS_PER_PAGE
