"""What a parent does before it forks, so that its children have nothing left to load."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
import warnings
from pathlib import Path
from typing import Final

from coderunner.guest.language.policy_tables import words

_STANDARD: Final = words("""
    asyncio base64 bisect calendar collections contextlib copy csv dataclasses datetime decimal enum fractions
    functools hashlib heapq io itertools json logging math operator pathlib random re secrets statistics string
    textwrap threading time typing uuid concurrent.futures.thread
""")
_TABLES: Final = ("numpy", "pandas")
_DATA_SCIENCE: Final = words("""
    pandas.plotting matplotlib matplotlib.pyplot matplotlib.dates matplotlib.ticker
    scipy.stats scipy.optimize scipy.linalg scipy.interpolate scipy.signal scipy.sparse
    sklearn.linear_model sklearn.model_selection sklearn.preprocessing sklearn.metrics sklearn.ensemble
    sklearn.cluster sklearn.tree sklearn.pipeline sklearn.datasets
""")
_OUR_LAZY: Final = [
    f"{__package__}.{name}" for name in ("parameters", "own_files", "transformer", "rehearsal")
]
_OUR_TABLES: Final = [f"{__package__}.{name}" for name in ("library_bundles", "library_values")]
_OUR_DATA: Final = [f"{__package__}.{name}" for name in ("figures", "charts", "box_plots")]
# The interpreter makes code fast in its ninth call and counts in it until then, on pages that children would copy.
_TIMES: Final = 12
_FIGURES: Final = 6  # one figure already calls most of its functions several times
_ENVIRONMENT: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Arrow's allocator starts a thread of its own when it is loaded; a parent that forks must have none.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PLOTLY_RENDERER": "plotly_mimetype",
}


def warm_slim() -> None:
    """Load what a plain run needs, and the parts of the standard library that programs like."""
    for name in (*_OUR_LAZY, *_STANDARD):
        importlib.import_module(name)
    touch_slim()


def warm_tables() -> None:
    """Load numpy and pandas as well and touch them once."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    warm_slim()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*_TABLES, *_OUR_TABLES):
            importlib.import_module(name)
        for _ in range(_TIMES):
            _touch_frame()
    _forget()


def warm_data_science() -> None:
    """Load the other data libraries as well and touch them once."""
    warm_tables()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*_DATA_SCIENCE, *_OUR_DATA):
            importlib.import_module(name)
        from coderunner.guest.language import figures

        figures.configure()
        for _ in range(_FIGURES):
            _touch_figure()
    _forget()


def touch_slim() -> None:
    """Fault in the pages that every run uses; for a parked child before it is handed a run."""
    from coderunner.guest.language.rehearsal import rehearse

    for _ in range(_TIMES):
        rehearse()


def touch_data_science() -> None:
    """The same, with the pages that most runs of the data libraries use."""
    touch_slim()
    _touch_frame()


def _touch_frame() -> None:
    import pandas as pd

    from coderunner.guest.language.bundles import bundle_of
    from coderunner.guest.language.values import to_json

    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"]})
    summary = frame.describe()
    summary.to_string()
    bundle_of(summary)
    to_json(summary, 10_000)
    frame.groupby("b")["a"].sum()


def _touch_figure() -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.plot([1, 2, 3])
    axes.set_title("warm 温")
    figure.savefig(io.BytesIO(), format="png")
    plt.close(figure)


def _forget() -> None:
    """Leave no figure, no warning registry, no garbage and no second thread for the children."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
    for module in list(sys.modules.values()):
        registry = getattr(module, "__warningregistry__", None)
        if isinstance(registry, dict):
            registry.clear()
    gc.collect()
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise RuntimeError(f"warming left {threads} threads; a parent that forks must have one")
