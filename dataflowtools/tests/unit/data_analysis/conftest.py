"""A table read from bytes."""

import pytest

from dataflowtools.src.drivenadapters.analysis.loading.load_table import load_table
from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.src.logics.data_analysis.reading import ReadTable


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    def run(content, name="table.csv", *, limits=None, **options):
        folder = tmp_path_factory.mktemp("load")
        (folder / "in").write_bytes(content)
        with (folder / "in").open("rb") as file:
            table = load_table(file, name, ReadTable(**options), limits or AnalysisLimits(), folder)
            table.collected()
            table.close()
            return table

    return run
