"""Tables over HTTP, beside pandas + openpyxl, Polars, DuckDB and pandera on the same files.

The service's figures are whole requests: spooling, a limited worker, reading, counting, JSON. A peer's are one
fresh process, its imports counted apart; it has no sandbox, no HTTP and reads the file where it lies.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "deps/servicekit"),
    str(ROOT / "deps/executor"),
    str(ROOT / "deps/rowkit"),
]
REPEATS = 3
XLSX_ROWS, CSV_ROWS = 100_000, 1_000_000
RULES = [
    {"rule": "not_null", "column": "price"},
    {"rule": "range", "column": "qty", "min": 0, "max": 98},
    {"rule": "set", "column": "city", "values": ["Beijing", "Shanghai", "Oslo", "Bergen"]},
    {"rule": "pattern", "column": "code", "pattern": "[0-9]{5}"},
]
GROUP = {
    "kind": "group",
    "by": ["city"],
    "measures": [{"function": name, "column": "price"} for name in ("mean", "std", "min", "max", "median")]
    + [{"function": "rows"}],
}
_PEERS = {
    "xlsx: pandas + openpyxl read and describe": "import pandas as pd\nT()\nd = pd.read_excel('t.xlsx')\nd.describe(include='all')",
    "xlsx: polars (calamine) read and describe": "import polars as pl\nT()\npl.read_excel('t.xlsx').describe()",
    "csv: pandas read, describe all": "import pandas as pd\nT()\npd.read_csv('t.csv').describe(include='all')",
    "csv: polars read, describe": "import polars as pl\nT()\npl.read_csv('t.csv').describe()",
    "csv: duckdb SUMMARIZE": "import duckdb\nT()\nduckdb.sql(\"SUMMARIZE SELECT * FROM 't.csv'\").fetchall()",
    "csv: pandas group statistics": "import pandas as pd\nT()\npd.read_csv('t.csv').groupby('city').price.agg(['mean', 'std', 'min', 'max', 'median', 'size'])",
    "csv: polars group statistics": "import polars as pl\nT()\np = pl.col('price')\npl.scan_csv('t.csv').group_by('city').agg(p.mean().alias('a'), p.std().alias('b'), p.min().alias('c'), p.max().alias('d'), p.median().alias('e'), pl.len()).collect()",
    "csv: duckdb group statistics": "import duckdb\nT()\nduckdb.sql(\"SELECT city, avg(price), stddev(price), min(price), max(price), median(price), count(*) FROM 't.csv' GROUP BY 1\").fetchall()",
    "csv: pandera (pandas) validation": """
import pandas as pd, pandera.pandas as pa
T()
schema = pa.DataFrameSchema({"price": pa.Column(float, nullable=False), "qty": pa.Column(int, pa.Check.in_range(0, 98)),
    "city": pa.Column(None, pa.Check.isin(["Beijing", "Shanghai", "Oslo", "Bergen"])), "code": pa.Column(str, pa.Check.str_matches("^[0-9]{5}$"))})
try:
    schema.validate(pd.read_csv('t.csv', dtype={"code": str}), lazy=True)
except pa.errors.SchemaErrors as error:
    print(len(error.failure_cases), file=__import__('sys').stderr)""",
    "csv: pandas validation by hand": """
import pandas as pd
T()
d = pd.read_csv('t.csv', dtype={"code": str})
bad = {"price": d.price.isna(), "qty": ~d.qty.between(0, 98), "city": ~d.city.isin(["Beijing", "Shanghai", "Oslo", "Bergen"]), "code": ~d.code.str.fullmatch("[0-9]{5}")}
[d.loc[mask, name] for name, mask in bad.items()]""",
}
_TIMED = """
import json, sys, time
_start = [time.perf_counter()]
def T():
    _start[0] = time.perf_counter()
exec(sys.argv[1])
seconds = time.perf_counter() - _start[0]
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak / 1024]))
"""


def make_files(folder: Path) -> None:
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(7)
    cities = rng.choice(
        ["Beijing", "Shanghai", "Oslo", "Bergen", "Lima"], CSV_ROWS, p=[0.3, 0.3, 0.2, 0.19, 0.01]
    )
    frame = pl.DataFrame(
        {
            "id": np.arange(CSV_ROWS),
            "名称": rng.choice(["苹果", "香蕉", "橙子", "梨"], CSV_ROWS),
            "city": cities,
            "price": np.round(rng.normal(100, 30, CSV_ROWS), 2),
            "qty": rng.integers(0, 100, CSV_ROWS),
            "ratio": rng.random(CSV_ROWS).round(4),
            "day": np.array("2024-01-01", dtype="M8[D]") + rng.integers(0, 700, CSV_ROWS).astype("m8[D]"),
            "code": rng.integers(10_000, 99_999, CSV_ROWS),
        }
    )
    frame.write_csv(folder / "t.csv")
    wide = frame.head(XLSX_ROWS).with_columns(
        pl.lit("abc").alias("note"), (pl.col("price") * 2).alias("double")
    )
    wide.write_excel(folder / "t.xlsx")


async def service(folder: Path) -> dict[str, Any]:
    from dataflowtools.src.bootstrap import bootstrap
    from dataflowtools.src.common.settings import Settings
    from servicekit.testing import serving

    settings = Settings(data_dir=folder / "data", analysis_workers=1)
    async with bootstrap(settings) as app, serving(app) as client:
        files = {name: await upload(client, folder / name) for name in ("t.csv", "t.xlsx")}
        csv, xlsx = {"file_id": files["t.csv"]}, {"file_id": files["t.xlsx"]}
        read = {"text_columns": ["code"]}
        requests = {
            "xlsx 100k x 10: profile": ("analyze", xlsx),
            "csv 1M x 8: group statistics": ("analyze", {**csv, "options": {"analysis": GROUP}}),
            "csv 1M x 8: full profile": ("analyze", csv),
            "csv 1M x 8: validation, 4 rules": (
                "validate",
                {**csv, "rules": RULES, "options": {"read": read}},
            ),
        }
        return {name: await timed(client, *request) for name, request in requests.items()}


async def upload(client: Any, path: Path) -> str:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = await client.request("POST", "/api/file/upload", body=body, headers=headers, timeout_s=60)
    return str(reply.json()["file_id"])


async def timed(client: Any, what: str, body: dict[str, Any]) -> dict[str, Any]:
    seconds = []
    for _ in range(REPEATS + 1):  # the first one starts the worker
        start = time.perf_counter()
        reply = await client.request("POST", f"/api/data_analysis/{what}", json=body, timeout_s=120)
        seconds.append(time.perf_counter() - start)
        if reply.status != 200:
            sys.exit(f"{what}: {reply.body[:500]!r}")
    found = reply.json()
    counts = {"errors_found": found["counts"]["errors"]} if "counts" in found else {}
    return {
        "best_s": round(min(seconds[1:]), 3),
        "median_s": round(statistics.median(seconds[1:]), 3),
        **counts,
    }


def peers(folder: Path) -> dict[str, Any]:
    figures = {}
    for name, program in _PEERS.items():
        times = []
        repeats = 1 if "openpyxl" in name else REPEATS
        for _ in range(repeats):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", _TIMED, program],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                times = []
                figures[name] = {"failed": done.stderr.strip().splitlines()[-1][:200]}
                break
            times.append(json.loads(done.stdout.splitlines()[-1]))
        if times:
            best = min(times)
            figures[name] = {"best_s": round(best[0], 3), "peak_mb": round(best[1])}
        print(f"  {name}: {figures[name]}", flush=True)
    return figures


def measure() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder)
        own = asyncio.run(service(folder))
        for what, figure in own.items():
            print(f"  service: {what}: {figure}", flush=True)
        return {
            "service": own,
            "peers": peers(folder),
            "targets_s": {"xlsx": 1.5, "csv statistics": 1.0, "csv validation": 0.5},
        }
