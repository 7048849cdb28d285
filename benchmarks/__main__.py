"""Runs the benchmarks: python -m benchmarks [name ...]; results as JSON in benchmarks/results."""

import importlib
import json
import platform
import sys
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
NAMES = ("sandbox", "language", "executor", "documents", "converting", "ocr", "analysis", "toolkit")


def main() -> None:
    RESULTS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NAMES:
        print(f"== {name}", flush=True)
        try:
            module = importlib.import_module(f"benchmarks.{name}")
        except ModuleNotFoundError as missing:
            sys.exit(f"there is no benchmark {name}: {missing}")
        figures = module.measure()
        machine = {
            "cpu_count": __import__("os").cpu_count(),
            "kernel": platform.release(),
            "python": sys.version.split()[0],
        }
        path = RESULTS / f"{name}.json"
        path.write_text(
            json.dumps({"when": time.strftime("%Y-%m-%d"), "machine": machine, **figures}, indent=1) + "\n"
        )
        print(f"written to {path.relative_to(RESULTS.parents[1])}", flush=True)


if __name__ == "__main__":
    main()
