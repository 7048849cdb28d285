"""Parquet and Arrow files with types and names that Polars does not hold."""

import io
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataflowtools.src.logics.data_analysis.limits import AnalysisLimits
from dataflowtools.tests.unit.data_analysis.tables import codes


def columnar(form, table):
    buffer = io.BytesIO()
    if form == "parquet":
        pq.write_table(table, buffer)
        return buffer.getvalue()
    with (pa.ipc.new_file if form == "arrow" else pa.ipc.new_stream)(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


@pytest.mark.parametrize("stream_bytes", [0, 1 << 30])
@pytest.mark.parametrize("form", ["parquet", "arrow", "arrows"])
def test_whole_numbers_beyond_64_bits_stay_text_in_columnar_files_too(read, form, stream_bytes):
    table = pa.table(
        {
            "big": pa.array([2**64 - 1, 1], pa.uint64()), "small": pa.array([7, None], pa.uint64()),
            "wide": pa.array([Decimal("1" * 38), None], pa.decimal128(38, 0)),
            "count": pa.array([Decimal(3), None], pa.decimal128(38, 0)),
        }
    )  # fmt: skip
    limits = AnalysisLimits(stream_bytes=stream_bytes)
    found = read(columnar(form, table), f"t.{form}", limits=limits).collected()
    assert found.to_dict(as_series=False) == {
        "big": ["18446744073709551615", "1"],
        "small": [7, None],
        "wide": ["1" * 38, None],
        "count": [3, None],
    }


@pytest.mark.parametrize("form", ["parquet", "arrow", "arrows"])
def test_columns_of_one_name_are_told_apart_in_columnar_files_too(read, form):
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    found = read(columnar(form, table), f"t.{form}")
    assert found.collected().rows(named=True) == [{"a": 1, "a_2": 2}]
    assert codes(found) == ["columns_renamed"]
