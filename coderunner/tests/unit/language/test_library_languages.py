"""The small languages inside libraries: what they run, format, import and open for a restricted program."""

import tempfile
from pathlib import Path

import pytest

from coderunner.tests.unit.language.conftest import Guest

TEXT_AS_CODE = {
    "module behind a module": "import sympy\nsympy.lambdify([], 'numpy.f2py.os.getcwd()', modules=['numpy'])()",
    "function of a module": "import sympy\nf = sympy.lambdify([], 'numpy.f2py.os.getcwd', modules=['numpy'])\nf()()",
    "a class built": "import sympy\nsympy.lambdify([], 'type(type(1))(\"A\",(),{})')()",
    "format in text": 'import sympy\nsympy.lambdify([], \'"{0.__cl" "ass__}".format(1)\')()',
    "nested sympify": "import sympy\nsympy.sympify('lambdify(x, \"type(type(1))(chr(65),(),{})\")(1)')",
    "patsy": "import patsy, numpy as np\npatsy.dmatrix('np.f2py.os.getcwd()', {})",
    "formula": "import statsmodels.formula.api as f, numpy as np\nf.ols('a ~ np.f2py.os.getpid()', pd.DataFrame({'a': [1, 2.]}))",
    "formulaic": "import formulaic, numpy as np\nformulaic.model_matrix('np.f2py.os.getcwd()', pd.DataFrame({'a': [1]}), context={'np': np})",
    "altair's eval": "import altair.utils.execeval as e\ne.eval_block('import os; os')",
    "bokeh's runner": "from bokeh.application.handlers.code_runner import CodeRunner\nCodeRunner('import os', 'x', [])",
    "numpy's runner": "import numpy.testing as t\nt.runstring('import os', {})",
    "raw memory by eval": "pd.DataFrame({'a': [1]}).eval('a.values.ctypes', engine='python')",
    "template": 'import docxtpl, docx\nd = docx.Document()\nd.add_paragraph("{{ x.__init__ }}")\nd.save("t.docx")\nt = docxtpl.DocxTemplate("t.docx")\nt.render({"x": d})',
    "template filter": "import docxtpl, docx\nd = docx.Document()\nd.add_paragraph('{{ x|attr(n) }}')\nd.save('t.docx')\nt = docxtpl.DocxTemplate('t.docx')\nt.render({'x': d, 'n': '__cl' + 'ass__'})",
    "a builtin that is not called by its name": "import sympy, json\nsympy.lambdify(sympy.Symbol('x'), '[vars][0](x)')(json)",
    "a text given to eval()": "import sympy\nsympy.sympify('f(s.utilities.decorator.sys)', locals={'f': str, 's': sympy})",
    "a module by its private name": "import random, sympy\nsympy.lambdify(sympy.Symbol('x'), 'x._os.getpid()')(random)",
    "reading by name": "pd.eval('pd.core.ops.operator.attrgetter(pd)')",
    "a module behind a module in an expression": "l = [pd]\npd.eval('l[0].io.common', engine='python')",
    "a module behind a local in an expression": "l = [pd]\npd.DataFrame({'a': [1]}).eval('@l[0].io.common')",
    "a module behind a module in a template": "import docxtpl, docx\nd = docx.Document()\nd.add_paragraph('{{ f(pd.compat.sys) }}')\nd.save('t.docx')\nt = docxtpl.DocxTemplate('t.docx')\nt.render({'pd': pd, 'f': str})",
    "a module behind a module in a template of tables": "from pandas.io.formats.style import Styler\nopen('t.tpl', 'w').write('{{ f(pd.compat.sys) }}')\nStyler.from_custom_template('.', html_table='t.tpl')(pd.DataFrame({'a': [1]})).to_html(pd=pd, f=str)",
    "a module behind a module through a filter": "import docxtpl, docx\nd = docx.Document()\nd.add_paragraph('{{ [pd]|map(attribute=n)|list }}')\nd.save('t.docx')\nt = docxtpl.DocxTemplate('t.docx')\nt.render({'pd': pd, 'n': 'compat.sys'})",
    "names of the policy's guards": "import sympy\nclass Own(sympy.Symbol):\n    def __call__(self, owner, *more): return owner\nsympy.var('<write>', cls=Own)\npd.anything = 1",
    "builtins of a program": "import sympy\nsympy.var('__builtins__')",
    "programs of packages": "from altair.utils.plugin_registry import PluginRegistry\nPluginRegistry('console_scripts').enable('f2py')",
}
NAMES = {
    "array of names": "import numpy as np\npd.Series([1]).agg(np.array(['__class__']))",
    "series of names": "pd.Series([1]).agg(pd.Series(['__class__']))",
    "generator of names": "pd.Series([1]).agg(x for x in ['__class__'])",
    "set of names": "pd.DataFrame({'a': [1]}).agg({'__class__'})",
    "mapping of names": "from collections import UserDict\npd.DataFrame({'a': [1]}).agg(UserDict(a='__class__'))",
    "private name": "pd.Series([1]).agg('_mgr')",
    "private name in a named aggregation": "pd.DataFrame({'a': [1], 'b': [2]}).groupby('a').agg(x=('b', '__class__'))",
}
FORMATS = {
    "styler": "pd.DataFrame({'a': [1]}).style.format('{0.__class__}').to_html()",
    "ticker": "import matplotlib.ticker as t\nt.StrMethodFormatter('{x.__class__}')(1, 1)",
    "tick labels": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.yaxis.set_major_formatter('{x.__class__}')\nax.plot([1, 2])\nfig.canvas.draw()",
    "bar labels": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.bar_label(ax.bar([1], [2]), fmt='{.__class__}')",
}
IMPORTS = {
    "plotly": "import plotly.utils as u\nu.get_module('os')",
    "plotly's own": "import plotly\nplotly.optional_imports.get_module('subprocess')",
    "bokeh": "from bokeh.util.dependencies import import_required\nimport_required('subprocess', 'x')",
    "figure hooks": "import matplotlib.pyplot as plt\nplt.rcParams['figure.hooks'] = ['builtins:print']\nplt.figure()",
    "hooks for a while": "import matplotlib.pyplot as plt\nwith plt.rc_context({'figure.hooks': ['builtins:print']}): plt.figure()",
    "thread pools' library": "import threadpoolctl\nthreadpoolctl.ThreadpoolController().lib_controllers[0].dynlib",
    "thread pools' classes": "from threadpoolctl import LibController",
    "foreign buffer": "import pyarrow as pa\npa.foreign_buffer(4096, 10).to_pybytes()",
}
FILES = {
    "arrow file": "import pyarrow as pa\npa.OSFile('/etc/passwd').read(9)",
    "arrow map": "import pyarrow as pa\npa.memory_map('/etc/passwd').read(9)",
    "arrow stream": "import pyarrow as pa\npa.input_stream('/etc/passwd').read(9)",
    "arrow csv": "from pyarrow.csv import read_csv\nread_csv('/etc/passwd')",
    "arrow writer": "import pyarrow as pa\npa.RecordBatchFileWriter('/etc/coderunner-test', pa.schema([]))",
    "parquet": "pd.DataFrame({'a': [1]}).to_parquet('/etc/coderunner-test')",
    "saved document": "import pymupdf\nd = pymupdf.open()\nd.new_page()\nd.save('/etc/coderunner-test')",
    "arrow set": "import pyarrow.dataset as d\nd.dataset('/etc')",
    "xml entity": "import lxml.etree as E\nE.fromstring('<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>', E.XMLParser(resolve_entities=True, load_dtd=True))",
    "xml file": "import lxml.etree as E\nE.parse('/etc/passwd')",
    "xslt": "import lxml.etree as E\nE.XSLT(E.fromstring('<a/>'))",
    "picture": "import cv2\ncv2.imread('/etc/passwd')",
    "path that changes": "import pyarrow as pa\nclass P:\n    seen = 0\n    def __fspath__(self):\n        P.seen += 1\n        return 'x' if P.seen == 2 else '/etc/passwd'\npa.OSFile(P()).read(9)",
    "path that changes for the auditor": "import sqlite3\nclass P:\n    def __fspath__(self): return 'x.db'\nsqlite3.connect(P())",
    "document": "import pymupdf\npymupdf.open('/etc/passwd')",
    "connection": "import sqlite3\nsqlite3.Connection('x.db')",
    "authoriser": "import sqlite3\nsqlite3.connect(':memory:').set_authorizer(None)",
}
LIBRARIES_STAY = {
    "dataclass field": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\ndataclasses.fields(A)[0].name = '__class__'\ndataclasses.asdict(A(1))",
    "dataclass field by name": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nsetattr(dataclasses.fields(A)[0], 'name', '__dict__')",
    "name of a field that is code": "import dataclasses\nclass X:\n    def __getitem__(self, got): return got\nclass A: x = X()\nA.__annotations__['x[().__class__.__base__.__subclasses__()]'] = int\nrepr(dataclasses.dataclass(init=False, eq=False)(A)())",
    "name of a field that is special": "import dataclasses\nclass A: pass\nA.__annotations__['__getattribute__'] = int\ndataclasses.dataclass(A)",
    "attributes set by copying": "import copy, json\nclass A: pass\ncopy.dispatch_table[A] = lambda a: (lambda: json, (), (None, {'dumps': 1}))\ncopy.copy(A())",
    "special methods of an enum": "import copy, enum, json\nE = enum.Enum('E', {'a': 1, '__reduce_ex__': lambda self, protocol: (lambda: json, (), (None, {'dumps': 1}))})\ncopy.copy(E.a)",
    "special methods of an enum by pairs": "import enum\nenum.IntEnum('E', [('a', 1), ('__reduce__', len)])",
    "special accessors": "pd.api.extensions.register_index_accessor('__reduce_ex__')(list)",
    "attributes set by copying, by import": "from copy import dispatch_table",
    "what guards parameters": "import matplotlib\nmatplotlib.RcParams.validate['figure.hooks'] = list",
    "what guards parameters, through an object": "import matplotlib.pyplot as plt\nplt.rcParams.validate['figure.hooks'] = list",
    "generator of a template's code": "from pandas.io.formats.style import Styler\nimport json\nbase = Styler.env.code_generator_class\nclass Own(base):\n    def visit_Template(self, node, frame=None): self.stream.write('name = None; blocks = {}; debug_info = \"\"\\ndef root(context): yield str([vars][0](context.resolve(\"j\")))')\nStyler.env.code_generator_class = Own\nprint(Styler.env.from_string('x').render(j=json))",
    "parser into a class": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--x', dest='to_csv', default=1)\np.parse_args([], namespace=pd.DataFrame)",
    "parser of special names": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--x', dest='__class__')",
    "function": "import functools, json\ndef f(): pass\nfunctools.update_wrapper(json.dumps, f)",
    "class": "import functools\ndef f(): pass\nfunctools.wraps(f)(pd.DataFrame)",
    "private by a class": "import functools\ndef f(): pass\nfor c in pd.DataFrame.mro()[:-1]: functools.update_wrapper(c, f)\nvars(pd.DataFrame())",
}
DOORS = {
    f"{group}: {name}": code
    for group, programs in (
        ("text", TEXT_AS_CODE), ("name", NAMES), ("format", FORMATS), ("import", IMPORTS), ("file", FILES), ("library", LIBRARIES_STAY),
    )
    for name, code in programs.items()
}  # fmt: skip


@pytest.mark.parametrize("code", DOORS.values(), ids=DOORS)
def test_a_librarys_language_stays_within_the_policy(data_guest, code):
    ran = data_guest(f"import pandas as pd\n{code}\nprint('through')")
    assert ran.status == "policy_violation", ran
    assert "through" not in ran.stdout


def test_sql_opens_files_in_the_work_dir_only(guest):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as outside:  # /tmp is the run's own in the jail
        target = Path(outside, "out.db")
        for statement in (f"attach '{target}' as a", f"vacuum into '{target}'"):
            made = 'c = sqlite3.connect("x.db")\nc.execute("create table t(a)")\nc.commit()'
            ran = guest(f'import sqlite3\n{made}\nc.execute("{statement}")')
            assert ran.status == "error", ran
            assert not target.exists()
    inside = "attach 'b.db' as b", "attach ':memory:' as m", "vacuum into 'c.db'"
    code = "\n".join(f'c.execute("{statement}")' for statement in inside)
    ran = guest(f'import sqlite3\nc = sqlite3.connect("x.db")\n{code}')
    assert ran.status == "success", ran.stderr
    assert "c.db" in ran.files


WORKS = {
    "columns with an underscore": "df = pd.DataFrame({'_a': [1, 1], '_b': [2, 3]})\nprint(df.groupby('_a').agg(x=('_b', 'sum')), df.agg({'_b': 'sum'}), df.pivot_table('_b', '_a', aggfunc='sum'), df.agg(f for f in ['min', 'max']))",
    "parser": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--x', type=int, default=3)\ng = p.add_mutually_exclusive_group()\ng.add_argument('-v', action='store_true')\ns = p.add_subparsers(dest='c')\ns.add_parser('go').add_argument('n')\nprint(p.parse_args(['-v', 'go', '1'], argparse.Namespace(y=1)))",
    "enums": "import enum\nprint(list(enum.Enum('A', 'x y')), list(enum.Enum('B', ['x', 'y'], start=3)), list(enum.IntEnum('C', {'x': 1})), list(enum.Flag('D', [('x', 1), ('y', 2)], module='m')), enum.StrEnum('E', []).__members__)",
    "accessors": "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n    def __init__(self, df): self._df = df\n    def n(self): return len(self._df)\nprint(pd.DataFrame({'a': [1]}).geo.n())",
    "dataclass kinds": "import dataclasses\nfrom typing import ClassVar\n@dataclasses.dataclass(frozen=True, slots=True, order=True, kw_only=True)\nclass A:\n    _x: int = 1\n    名: str = 'a'\n    kind: ClassVar[int] = 3\n    more: dataclasses.InitVar[int] = 2\n    def __post_init__(self, more): pass\nprint(A(_x=2), A() < A(_x=2), dataclasses.replace(A(), 名='b', more=1), hash(A()) == hash(A()))",
    "dataclass fields": "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = dataclasses.field(default=1, metadata={'a': 1})\nprint([(f.name, f.type, f.metadata['a']) for f in dataclasses.fields(A)], dataclasses.asdict(A()))",
    "styler": "print('1.50' in pd.DataFrame({'a': [1.5]}).style.format('{:.2f}').to_html())",
    "logging": "import logging\nlogging.basicConfig(format='{levelname} {message}', style='{')\nlogging.warning('hi')\nprint(1)",
    "ticker": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\nax.yaxis.set_major_formatter('{x:.1f} km')\nfig.canvas.draw()\nprint(ax.get_yticklabels()[0].get_text())",
    "bar labels": "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nprint(ax.bar_label(ax.bar([1], [2]), fmt='{:.1f}')[0].get_text())",
    "template": "import docxtpl, docx\nd = docx.Document()\nd.add_paragraph('{{ x.a }} {{ y.upper() }}')\nd.save('t.docx')\nt = docxtpl.DocxTemplate('t.docx')\nt.render({'x': {'a': 1}, 'y': 'z'})\nt.save('o.docx')\nprint(docx.Document('o.docx').paragraphs[0].text)",
    "arrow": "import pyarrow as pa, pyarrow.parquet as pq\npq.write_table(pa.table({'a': [1]}), 't.parquet')\nprint(pq.ParquetFile('t.parquet').metadata.num_rows)",
    "xml": "import lxml.etree as E\nE.ElementTree(E.fromstring('<a><b/></a>')).write('x.xml')\nprint(E.parse('x.xml', E.XMLParser(remove_blank_text=True)).getroot().tag)",
    "path of one's own": "import pathlib\nclass P:\n    def __fspath__(self): return 'x.txt'\nwith open(P(), 'w') as f: f.write('1')\nprint(open(P()).read(), pd.read_csv(P(), header=None).shape, pathlib.Path(P()).exists())",
    "picture": "import cv2, numpy as np\ncv2.imwrite('x.png', np.zeros((2, 2), 'uint8'))\nprint(cv2.imread('x.png').shape)",
    "document": "import pymupdf\nd = pymupdf.open()\nd.new_page()\nd.save('x.pdf')\nprint(len(pymupdf.open('x.pdf')))",
    "formulas": "import patsy, numpy as np\nprint(patsy.dmatrix('np.log(a) + C(b)', {'a': [1, 2], 'b': ['x', 'y']}).shape)",
    "formulas with builtins and functions": "import patsy, numpy as np\ndef twice(v): return 2 * np.array(v)\nprint(patsy.dmatrix('twice(a) + abs(np.array(open)) + I(a * 2)', {'a': np.array([1, 2]), 'open': [3, 4]}).shape)",
    "expressions": "k = 2\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'yy', 'z'], 'd': pd.date_range('2024-01-01', periods=3)})\nprint(df.query('a > @k or b.str.len() > 1').shape, df.query('d.dt.month == 1 and a in [1, 2]').shape, df.eval('c = a * 2 + sin(a)').shape, pd.eval('df.a + df.a').tolist())",
    "symbols": "import sympy as sp, numpy as np\nx, y = sp.symbols('x y')\nprint(sp.lambdify((x, y), sp.sin(x) * y + sp.Piecewise((1, x > 0), (0, True)) + sp.Max(x, y))(np.array([1.0]), 3), sp.lambdify(x, sp.gamma(x), 'scipy')(2.0), sp.lambdify(x, 'x + 1')(1), sp.sympify('max(1, x) + abs(-3) + factorial(5)'), sp.solve('x**2 - 4'))\nsp.var('a b')\nsp.var('g', cls=sp.Function)\nprint(a + b + g(a))",
    "templates": "import docxtpl, docx\nclass Who:\n    name = 'bob'\nd = docx.Document()\nd.add_paragraph('{{ who.name|upper }} {% for r in rows %}{{ loop.index }}:{{ r.a }}-{{ r[\"b\"] }} {{ r.items()|list }}{% endfor %} {{ missing }}{{ d.get(1) }} {{ rows|map(attribute=\"a\")|list }}')\nd.save('t.docx')\nt = docxtpl.DocxTemplate('t.docx')\nt.render({'who': Who(), 'rows': [{'a': 1, 'b': 2}], 'd': {1: 2}})\nt.save('o.docx')\nprint(docx.Document('o.docx').paragraphs[0].text)",
    "traceback": "import traceback\ntry: 1 / 0\nexcept ZeroDivisionError as error: print(traceback.format_exc(), traceback.format_exception(error)[-1])",
    "rotating log": "from logging.handlers import RotatingFileHandler\nimport logging\nlogging.getLogger('x').addHandler(RotatingFileHandler('a.log'))\nlogging.getLogger('x').error('boom')\nprint(open('a.log').read())",
}


FORMULAS = {
    "patsy": "import patsy\npatsy.dmatrix('f([vars][0](j)) - 1', {'j': json, 'f': f})",
    "formulaic": "import formulaic\nformulaic.model_matrix('f([vars][0](j)) - 1', pd.DataFrame({'a': [1]}), context={'j': json, 'f': f})",
}


@pytest.mark.parametrize("code", FORMULAS.values(), ids=FORMULAS)
def test_a_formula_finds_the_builtins_of_the_program(data_guest, code):
    """It found the interpreter's: vars() of a module handed out the modules behind it, and getattr at the end."""
    ran = data_guest(
        f"import pandas as pd, json\ngot = []\ndef f(value):\n    got.append(value)\n    return [1.0]\n"
        f"try:\n    {code.replace(chr(10), chr(10) + '    ')}\nexcept Exception as error: print(error)\nprint(got)"
    )
    assert ran.status == "success", ran
    assert "vars() of this is refused" in ran.stdout
    assert ran.stdout.endswith("[]\n")


@pytest.mark.parametrize("code", WORKS.values(), ids=WORKS)
def test_a_librarys_language_works_for_ordinary_use(data_guest, code):
    ran = data_guest(f"import pandas as pd\n{code}")
    assert ran.status == "success", ran.stderr
    assert ran.stdout


def test_a_failing_log_line_shows_no_path_of_the_host(guest):
    ran = guest("import logging\nlogging.warning('%d', 'x')\nprint('on')")
    assert ran.stdout == "on\n"
    assert "Logging error" in ran.stderr
    assert "/coderunner/" not in ran.stderr


@pytest.mark.parametrize(
    "template", ["{.real:.1f}", "{[0]}", "{} {.imag}", "{:{}}", "{0.real} {}", "{} {0.real}", "{a.real} {}"]
)
def test_a_format_counts_its_fields_as_python_does(guest, template):
    code = f"try: print({template!r}.format({'[1, 2]' if '[' in template else '1.5'}, 7, a=2))\nexcept Exception as e: print(type(e).__name__, e)"
    assert guest(code).stdout == guest(code, security_level="isolated").stdout


def test_the_runtime_is_readable_however_it_is_named(guest_python, tmp_path):
    """An interpreter that is started through a link reads its own fonts and data by their real paths."""
    prefix = Path(guest_python).parents[1]
    link = tmp_path / "link"
    link.symlink_to(prefix)
    font = next(prefix.rglob("DejaVuSans.ttf"))
    linked = Guest(str(link / "bin" / "python"), "slim", tmp_path)
    try:
        ran = linked(f"with open({str(font)!r}, 'rb') as file: print(len(file.read(4)))")
    finally:
        linked.close()
    assert ran.stdout == "4\n", ran.stderr
