"""Rich results as nbformat outputs: every representation, bounded, marked for a sandboxed frame."""

import base64
import hashlib
import json
import struct
import subprocess

import pytest

CHART = "application/vnd.coderunner.chart.v1+json"
TABLE = "application/vnd.dataresource+json"
PNG = b"\x89PNG\r\n\x1a\n"


def png_size(encoded):
    data = base64.b64decode(encoded)
    assert data.startswith(PNG)
    return struct.unpack(">II", data[16:24])


def validate(guest_python, outputs):
    """Let nbformat itself say whether these are its outputs."""
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": "x",
                "metadata": {},
                "source": "",
                "execution_count": 1,
                "outputs": outputs,
            }
        ],
    }
    code = "import sys, json, nbformat; nbformat.validate(json.load(sys.stdin))"
    checked = subprocess.run(
        [guest_python, "-c", code], input=json.dumps(notebook), capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr[-1500:]


SHOWN = {
    "frame": ("import pandas as pd\npd.DataFrame({'a': [1]})", ["text/plain", "text/html", TABLE]),
    "series": ("import pandas as pd\npd.Series([1], name='s')", ["text/plain", "text/html", TABLE]),
    "multi-index": (
        "import pandas as pd\npd.DataFrame({'a': [1, 2]}, index=pd.MultiIndex.from_tuples([('x', 1), ('y', 2)]))",
        ["text/html", TABLE],
    ),
    "duplicate columns": (
        "import pandas as pd\npd.DataFrame([[1, 2]], columns=['a', 'a'])",
        ["text/plain", "text/html", TABLE],
    ),
    "levels of columns": (
        "import pandas as pd\npd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([('x', 'p')]))",
        ["text/html", TABLE],
    ),
    "cells that pandas has no JSON for": (
        "import pandas as pd\npd.DataFrame({'b': [b'\\xff'], 'i': pd.arrays.IntervalArray.from_breaks([0, 1])})",
        ["text/html", TABLE],
    ),
    "dates": (
        "import pandas as pd\npd.DataFrame({'t': pd.date_range('2020', periods=2, tz='UTC')})",
        ["text/html", TABLE],
    ),
    "styler": ("import pandas as pd\npd.DataFrame({'a': [1]}).style.highlight_max()", ["text/html"]),
    "array": ("import numpy as np\nnp.eye(2)", ["text/plain", "application/json"]),
    "figure": (
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nfig",
        ["image/png", CHART],
    ),
    "image": ("from PIL import Image\nImage.new('RGB', (3, 2))", ["image/png"]),
    "palette image": ("from PIL import Image\nImage.new('CMYK', (3, 2))", ["image/png"]),
    "plotly": ("import plotly.express as px\npx.line(x=[1], y=[2])", ["application/vnd.plotly.v1+json"]),
    "plotly shown": (
        "import plotly.express as px\npx.line(x=[1], y=[2]).show()",
        ["application/vnd.plotly.v1+json"],
    ),
    "altair": (
        "import altair as alt, pandas as pd\nalt.Chart(pd.DataFrame({'a': [1]})).mark_bar().encode(x='a:Q')",
        ["application/vnd.vegalite.v6+json"],
    ),
    "bokeh": ("from bokeh.plotting import figure\np = figure()\np.line([1], [2])\np", ["text/html"]),
    "sympy": ("import sympy\nsympy.Symbol('x') ** 2", ["text/latex", "text/plain"]),
    "sympy matrix": ("import sympy\nsympy.Matrix([[1, 2]])", ["text/latex"]),
    "notebook html": ("from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))", ["text/html"]),
    "notebook markdown": ("from IPython.display import Markdown\nMarkdown('# x')", ["text/markdown"]),
    "own html": ("class X:\n    def _repr_html_(self): return '<b>x</b>'\nX()", ["text/html", "text/plain"]),
    "own svg": ("class X:\n    def _repr_svg_(self): return '<svg/>'\nX()", ["image/svg+xml"]),
    "own markdown": ("class X:\n    def _repr_markdown_(self): return '# x'\nX()", ["text/markdown"]),
    "own png": ("class X:\n    def _repr_png_(self): return b'x'\nX()", ["image/png"]),
    "own bundle": (
        "class X:\n    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/html': 'x', 'application/x.y+json': {'a': float('nan')}}, {'k': 1}\nX()",
        ["text/html", "application/x.y+json"],
    ),
    "statsmodels": (
        "import statsmodels.api as sm, numpy as np\nsm.OLS(np.arange(9.), np.ones(9)).fit().summary()",
        ["text/html", "text/latex"],
    ),
    "sklearn": ("from sklearn.linear_model import LinearRegression\nLinearRegression()", ["text/html"]),
}


@pytest.mark.parametrize("level", ["restricted", "isolated"])
@pytest.mark.parametrize(("code", "mimes"), SHOWN.values(), ids=SHOWN)
def test_a_value_is_shown_in_its_representations(data_guest, code, mimes, level):
    ran = data_guest(code, security_level=level)
    assert ran.status == "success", ran.stderr
    (output,) = ran.outputs
    assert set(mimes) <= set(output["data"]), list(output["data"])
    assert output["data"]["text/plain"]
    if "text/html" in output["data"]:
        assert output["metadata"]["text/html"]["isolated"] is True


def test_all_of_them_are_valid_for_nbformat(data_guest, guest_python):
    outputs = [output for code, _ in SHOWN.values() for output in data_guest(code).outputs]
    outputs += data_guest("1 / 0").outputs
    assert {output["output_type"] for output in outputs} == {"display_data", "execute_result", "error"}
    validate(guest_python, outputs)


def test_bokeh_shows_in_its_notebook_mode(data_guest):
    ran = data_guest(
        "from bokeh.plotting import figure, show, output_notebook\noutput_notebook()\np = figure()\np.line([1], [2])\nshow(p)"
    )
    assert ran.status == "success", ran.stderr
    assert ran.bundle("application/vnd.bokehjs_exec.v0+json") is not None


def test_a_table_of_odd_cells_keeps_every_one(data_guest):
    ran = data_guest("import pandas as pd\npd.DataFrame([[b'\\xff', 2]], columns=['a', 'a'])")
    assert ran.bundle(TABLE)["data"] == [{"index": 0, "a": "/w==", "a.1": 2}]


def test_scripts_in_html_are_noted(guest):
    code = "class X:\n    def __init__(self, h): self.h = h\n    def _repr_html_(self): return self.h\n"
    noted = guest(
        code + "display(X('<b>x</b>'), X('<script>1</script>'), X('<img onerror=alert(1)>'))"
    ).outputs
    assert [output["metadata"]["text/html"]["scripts"] for output in noted] == [False, True, True]


def test_display_shows_in_order_and_at_once(guest):
    ran = guest("display(1, 'x')\ndisplay([2])")
    assert [output["data"]["text/plain"] for output in ran.outputs] == ["1", "'x'", "[2]"]


def test_every_open_figure_is_shown_once_in_the_formats_asked_for(data_guest):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.figure()\nplt.bar(['a'], [1])\nplt.figure()\nplt.scatter([1], [2]);\n"
    ran = data_guest(code, figure={"formats": ["png", "svg"], "dpi": 50, "size": [4, 3]})
    assert len(ran.outputs) == 3
    assert png_size(ran.bundle("image/png")) == (200, 150)
    assert ran.bundle("image/svg+xml").startswith("<?xml")
    assert ran.outputs[0]["metadata"]["image/svg+xml"]["isolated"] is True
    assert ran.outputs[0]["metadata"]["image/png"] == {"width": 200, "height": 150}
    assert [output["data"][CHART]["charts"][0]["kind"] for output in ran.outputs] == [
        "line",
        "bar",
        "scatter",
    ]


def test_a_figure_that_was_returned_is_not_shown_twice(data_guest):
    ran = data_guest("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1])\nfig")
    assert len(ran.outputs) == 1
    assert ran.outputs[0]["output_type"] == "execute_result"


def test_a_closed_figure_is_not_shown(data_guest):
    ran = data_guest("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig('x.png')\nplt.close()")
    assert ran.outputs == []
    assert ran.files == ["x.png"]


def test_figures_are_shown_after_an_error_too(data_guest):
    ran = data_guest("import matplotlib.pyplot as plt\nplt.plot([1])\n1 / 0")
    assert ran.status == "error"
    assert [output["output_type"] for output in ran.outputs] == ["error", "display_data"]


def test_an_impossible_figure_is_a_clean_error(data_guest):
    ran = data_guest("import matplotlib.pyplot as plt\nplt.figure(figsize=(1e5, 1e5))\nplt.plot([1])")
    assert ran.status == "error"
    assert "pixels" in ran.verdict["exceptions"][0]["message"]


def test_outputs_are_bounded_in_number_and_size(data_guest, guest):
    ran = guest("for n in range(1000): display(n)", limits={"outputs": 10})
    assert len(ran.outputs) == 11
    assert ran.outputs[-1]["metadata"]["truncated"]["reason"] == "the number of outputs"
    ran = guest("for n in range(100): display('x' * 10_000)", limits={"output_bytes": 50_000})
    assert 4 <= len(ran.outputs) <= 6
    assert ran.outputs[-1]["metadata"]["truncated"]
    ran = data_guest(
        "import matplotlib.pyplot as plt\nfor n in range(60):\n    plt.figure()\n    plt.plot([n])",
        limits={"outputs": 3},
        figure={"formats": ["png"], "dpi": 20},
    )
    assert len(ran.outputs) == 4


def test_an_output_that_is_too_large_keeps_its_smaller_representations(data_guest):
    ran = data_guest(
        "class X:\n    def _repr_html_(self): return 'h' * 100_000\nX()", limits={"output_bytes": 20_000}
    )
    assert list(ran.outputs[0]["data"]) == ["text/plain"]
    assert ran.outputs[0]["metadata"]["truncated"]["left_out"] == ["text/html"]


def test_a_large_frame_is_a_preview_with_its_true_shape(data_guest):
    ran = data_guest("import pandas as pd\npd.DataFrame({'a': range(10**6), 'b': 'x'})")
    assert len(ran.bundle(TABLE)["data"]) == 100
    assert ran.outputs[0]["metadata"][TABLE] == {"shape": [10**6, 2], "truncated": True}
    assert len(ran.bundle("text/html")) < 50_000


CHARTS = {
    "line": ("plt.plot([1, 2], [3, 4], label='a')", {"kind": "line", "label": "a", "x": [1, 2], "y": [3, 4]}),
    "bar": (
        "plt.bar(['x', 'y'], [1, 2], label='b')",
        {"kind": "bar", "label": "b", "x": ["x", "y"], "y": [1, 2], "orientation": "vertical"},
    ),
    "barh": (
        "plt.barh(['x', 'y'], [1, 2])",
        {"kind": "bar", "x": ["x", "y"], "y": [1, 2], "orientation": "horizontal"},
    ),
    "scatter": (
        "plt.scatter([1, 2], [3, 4], s=[10, 20])",
        {"kind": "scatter", "x": [1, 2], "y": [3, 4], "size": [10, 20]},
    ),
    "points": ("plt.plot([1, 2], [3, 4], 'o')", {"kind": "scatter", "x": [1, 2], "y": [3, 4]}),
    "pie": (
        "plt.pie([1, 3], labels=['a', 'b'])",
        {"kind": "pie", "labels": ["a", "b"], "shares": [0.25, 0.75]},
    ),
    "hist": (
        "plt.hist([1, 2, 2], bins=[0.5, 1.5, 2.5])",
        {"kind": "hist", "edges": [0.5, 1.5, 2.5], "counts": [1, 2]},
    ),
    "box": (
        "plt.boxplot([[1, 2, 3]])",
        {"kind": "box", "boxes": [{"position": 1, "low": 1, "q1": 1.5, "median": 2, "q3": 2.5, "high": 3}]},
    ),
    "heatmap": (
        "plt.imshow([[1, 2], [3, 4]])",
        {"kind": "heatmap", "shape": [2, 2], "values": [[1, 2], [3, 4]]},
    ),
    "dates": (
        "import datetime\nplt.plot([datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)], [1, 2])",
        {"kind": "line", "x": ["2020-01-01", "2020-01-02"]},
    ),
    "periods": (
        "import pandas as pd\npd.Series([1, 2], index=pd.date_range('2020-01-01', periods=2)).plot()",
        {"kind": "line", "x": ["2020-01-01", "2020-01-02"]},
    ),
    "error bars": (
        "plt.errorbar([1], [2], yerr=[1], label='e')",
        {"kind": "errorbar", "label": "e", "y_range": [[1, 3]]},
    ),
    "stem": ("plt.stem([1, 2], [3, 4])", {"kind": "stem", "x": [1, 2], "y": [3, 4]}),
    "contour": (
        "plt.contourf([[0, 1], [1, 2]], levels=[0, 1, 2])",
        {"kind": "contour", "levels": [0, 1, 2], "filled": True},
    ),
    "pandas bars": (
        "import pandas as pd\npd.DataFrame({'a': [1, 2]}, index=['p', 'q']).plot.bar()",
        {"kind": "bar", "label": "a", "x": ["p", "q"]},
    ),
    "seaborn bars": (
        "import seaborn as sns\nsns.barplot(x=['a', 'b'], y=[1, 2])",
        {"kind": "bar", "x": ["a", "b"], "y": [1, 2]},
    ),
}


@pytest.mark.parametrize(("code", "expected"), CHARTS.values(), ids=CHARTS)
def test_a_chart_is_read_as_typed_data(data_guest, code, expected):
    ran = data_guest(
        f"import matplotlib.pyplot as plt\n{code};\nplt.title('T')\nplt.xlabel('X')\nplt.ylabel('Y');"
    )
    assert ran.status == "success", ran.stderr
    (chart,) = ran.bundle(CHART)["charts"]
    series = chart["series"][0]
    assert {key: series.get(key) for key in expected} == expected
    assert chart["kind"] == expected["kind"]
    assert (chart["title"], chart["x"]["label"], chart["y"]["label"]) == ("T", "X", "Y")


def test_chinese_labels_draw(data_guest):
    code = "import matplotlib.pyplot as plt\n{}\nfig = plt.figure(figsize=(2, 1))\nfig.text(0.1, 0.4, '{}', fontsize=20)\n"
    shown = {}
    for text in ("销售", "额度"):
        for style in (
            "",
            "import seaborn as sns; sns.set_theme()",
            "plt.rcParams['font.sans-serif'] = ['SimHei']",
        ):
            ran = data_guest(code.format(style, text), figure={"formats": ["png"], "size": [2, 1]})
            assert ran.status == "success", ran.stderr
            assert ran.stderr == ""
            shown[text, style] = ran.bundle("image/png")
    assert shown["销售", ""] != shown["额度", ""]


def test_outputs_and_texts_keep_their_order(guest):
    """Text is flushed before an output is sent, so a reader sees both in the program's order."""
    ran = guest("print('a', end='')\ndisplay(1)\nprint('b')")
    assert ran.stdout == "ab\n"


def test_a_figure_that_cannot_be_measured_is_drawn_whole(data_guest):
    code = (
        "import matplotlib.pyplot as plt, numpy as np\nfrom matplotlib.image import NonUniformImage\nfig, ax = plt.subplots()\n"
        "image = NonUniformImage(ax)\nimage.set_data(np.arange(2.), np.arange(2.), np.eye(2))\nax.add_image(image)"
    )
    ran = data_guest(code + ";")
    assert ran.status == "success", ran.stderr
    assert png_size(ran.bundle("image/png")) == (640, 480)


DRAWN = {
    "a line": "plt.plot([1, 2, 3])\nplt.title('a plot')",
    "a long label": "plt.plot([1, 2])\nplt.xlabel('a label that is longer than the axes ' * 4)",
    "a legend outside": "plt.plot([1, 2], label='β')\nplt.legend(loc='upper left', bbox_to_anchor=(1.05, 1))",
    "a colour bar": "plt.imshow([[1, 2], [3, 4]])\nplt.colorbar(label='weight')",
    "offset ticks": "plt.plot([1e-9, 2e-9], [1e12, 3e12])\nplt.text(3e-9, 1e12, 'outside')",
    "several axes": "fig, axes = plt.subplots(2, 2)\naxes[0, 0].pie([1, 2])\nfig.suptitle('all')\naxes[1, 1].twinx()",
    "three dimensions": "plt.figure().add_subplot(projection='3d').plot([0, 1], [1, 2], [2, 3])",
    "a layout": "fig, ax = plt.subplots(layout='constrained')\nax.set_ylabel('y')",
}


@pytest.mark.parametrize("drawing", DRAWN.values(), ids=DRAWN)
def test_a_figure_is_cut_just_as_matplotlib_cuts_it(data_guest, drawing):
    """The quick measuring must not change a pixel."""
    own = "plt.savefig('own.png', bbox_inches='tight', dpi=100)\nimport hashlib\nprint(hashlib.md5(open('own.png', 'rb').read()).hexdigest())"
    first = data_guest(f"import matplotlib.pyplot as plt\n{drawing}\n{own}\nplt.close()")
    shown = data_guest(f"import matplotlib.pyplot as plt\n{drawing};")
    picture = base64.b64decode(shown.bundle("image/png"))
    assert hashlib.md5(picture).hexdigest() == first.stdout.strip()
