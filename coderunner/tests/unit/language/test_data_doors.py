"""ATTACKS.md C: the doors of the data libraries, closed where the guard can see them and without effect where it cannot."""

import pytest

REFUSED = {
    "read a system file": "pd.read_csv('/etc/passwd')",
    "read by fwf": "pd.read_fwf('/etc/passwd')",
    "read by table": "pd.read_table('/etc/passwd')",
    "read over http": "pd.read_csv('http://127.0.0.1:9/x.csv')",
    "read a file url": "pd.read_csv('file:///etc/passwd')",
    "read pickle": "pd.read_pickle('x')",
    "write pickle": "pd.DataFrame().to_pickle('x')",
    "clipboard": "pd.read_clipboard()",
    "hdf": "pd.HDFStore('x')",
    "eval with a local": "pd.DataFrame({'a': [1]}).eval('@pd.compat.sys.modules[\"subprocess\"].getoutput(\"id -u\")')",
    "query with a local": "pd.DataFrame({'a': [1]}).query('@pd.io.common.os.system(\"id\")')",
    "query with a dunder": "pd.DataFrame({'a': [1]}).query('a.__class__')",
    "pd.eval with a dunder": "pd.eval('().__class__')",
    "eval by getattr": "getattr(pd, 'ev' + 'al')('().__class__')",
    "apply by name": "pd.Series([1]).apply('__getattribute__', args=('__class__',))",
    "agg by name": "pd.Series([1]).agg('__class__')",
    "agg by list": "pd.Series([1]).agg(['__class__'])",
    "agg by dict": "pd.DataFrame({'a': [1]}).agg({'a': '__class__'})",
    "transform by name": "pd.Series([1]).transform('__class__')",
    "groupby agg by name": "pd.DataFrame({'a': [1]}).groupby('a').agg('__class__')",
    "unbound apply": "pd.Series.apply(pd.Series([1]), '__getattribute__', args=('__class__',))",
    "subclass apply": "class S(pd.Series):\n    def go(self): return super().apply('__class__')\nS([1]).go()",
    "apply through a method caller": "import operator\noperator.methodcaller('apply', '__class__')(pd.Series([1]))",
    "private of pandas": "pd._libs",
    "block manager": "pd.DataFrame({'a': [1]})._mgr",
    "write outside": "pd.DataFrame({'a': [1]}).to_csv('/var/tmp/guest-escape.csv')",
    "html outside": "pd.DataFrame({'a': [1]}).to_html('/var/tmp/guest-escape.html')",
    "sqlite elsewhere": "import sqlite3\nsqlite3.connect('/var/tmp/guest-escape.db')",
    "sqlite extension": "import sqlite3\nsqlite3.connect(':memory:').enable_load_extension(True)",
    "memmap elsewhere": "np.memmap('/etc/passwd', mode='r')",
    "fromfile elsewhere": "np.fromfile('/etc/passwd', dtype='u1')",
    "loadtxt elsewhere": "np.loadtxt('/etc/passwd', dtype=str)",
    "genfromtxt elsewhere": "np.genfromtxt('/etc/passwd', dtype=str)",
    "data source": "np.lib.npyio.DataSource().open('/etc/passwd')",
    "load with pickles": "np.load('x.npy', allow_pickle=True)",
    "dump": "np.array([1]).dump('x')",
    "ctypeslib": "np.ctypeslib",
    "f2py": "np.f2py",
    "as_strided": "np.lib.stride_tricks.as_strided(np.array([1]), (10**9,))",
    "as_strided by from": "from numpy.lib.stride_tricks import as_strided",
    "ctypes pointer": "np.array([1]).ctypes",
    "bit generator pointer": "np.random.PCG64().ctypes",
    "numpy testing": "import numpy.testing\nnumpy.testing.rundocs()",
    "processes by joblib": "import joblib\njoblib.Parallel(n_jobs=2, backend='loky')(joblib.delayed(abs)(v) for v in [1, 2])",
    "processes by multiprocessing": "import joblib\njoblib.Parallel(n_jobs=2, backend='multiprocessing')(joblib.delayed(abs)(v) for v in [1, 2])",
    "style from a file": "import matplotlib.pyplot as plt\nplt.style.use('/etc/passwd')",
    "rc file": "import matplotlib\nmatplotlib.rc_file('/etc/passwd')",
    "imread elsewhere": "import matplotlib.pyplot as plt\nplt.imread('/etc/passwd')",
    "addfont elsewhere": "import matplotlib.font_manager as f\nf.fontManager.addfont('/etc/passwd')",
    "tex": "import matplotlib.pyplot as plt\nplt.rcParams['text.usetex'] = True\nplt.title('x')\nplt.savefig('x.png')",
    "backend by module": "import matplotlib.pyplot as plt\nplt.switch_backend('module://os')",
    "use a module as backend": "import matplotlib\nmatplotlib.use('module://os')",
    "joblib load": "import joblib\njoblib.load('x')",
    "fetch a data set": "from sklearn.datasets import fetch_openml\nfetch_openml('iris', version=1)",
    "load files": "from sklearn.datasets import load_files\nload_files('/etc')",
    "image show": "from PIL import Image\nImage.new('L', (1, 1)).show()",
    "image elsewhere": "from PIL import Image\nImage.open('/etc/passwd')",
    "yaml loader": "import yaml\nyaml.load('1', Loader=yaml.UnsafeLoader)",
    "sympify text": 'import sympy\nsympy.sympify(\'__import__("os").system("id")\')',
    "sympy open": "import sympy\nsympy.S('open(\"/etc/passwd\").read()')",
    "formula text": "import statsmodels.formula.api as smf\nsmf.ols('a ~ __import__(\"os\").system(\"id\")', pd.DataFrame({'a': [1, 2]}))",
    "formula with getattr by map": "import statsmodels.formula.api as smf\nsmf.ols('a ~ list(map(getattr, [()], [\"__cl\" + \"ass__\"]))', pd.DataFrame({'a': [1, 2]}))",
    "pickle by a lower door": "import io\nnp.lib.format.read_array(io.BytesIO(b'\\x93NUMPY\\x01\\x00v\\x00' + b\"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\".ljust(117) + b'\\n' + b\"cpandas\\neval\\n(V1 + 1\\ntR.\"), allow_pickle=True)",
    "super getattr of a frame": "class D(pd.DataFrame):\n    def f(self): return super().__getattr__('_mgr')\nD({'a': [1]}).f()",
    "lambdify text": "import sympy\nsympy.lambdify('x', '().__class__')",
    "type hints by singledispatch": "import functools\n@functools.singledispatch\ndef f(x): pass\n@f.register\ndef g(x: '().__class__'): pass",
    "type hints by Optional": "import typing\ntyping.Optional['().__class__']",
}


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_a_door_of_a_library_is_closed(data_guest, code):
    ran = data_guest(f"import pandas as pd, numpy as np\n{code}\nprint('through')")
    assert ran.status in ("policy_violation", "error"), ran
    assert "through" not in ran.stdout
    assert "root:x:" not in ran.stdout + ran.stderr
    assert ran.status == "policy_violation" or "rror" in ran.verdict["exceptions"][0]["type"], ran


WORKS = {
    "query of columns": "print(len(pd.DataFrame({'a': [1, 2]}).query('a > 1')))",
    "query of a local": "n = 1\nprint(len(pd.DataFrame({'a': [1, 2]}).query('a > @n')))",
    "eval of columns": "print(int(pd.DataFrame({'a': [1, 2]}).eval('a * 2').sum()))",
    "agg by name": "print(pd.Series([1, 2]).agg('sum'), pd.DataFrame({'a': [1, 2]}).agg({'a': ['min', 'max']}).shape)",
    "named agg": "print(pd.DataFrame({'g': [1, 1], 'v': [2, 3]}).groupby('g').agg(total=('v', 'sum')).total.iloc[0])",
    "apply a function": "print(pd.Series([1, 2]).apply(lambda v: v * 2).sum())",
    "fromfile": "np.arange(4).tofile('x.bin')\nprint(np.fromfile('x.bin', dtype='int64').sum())",
    "memmap inside": "m = np.memmap('m.bin', dtype='u1', mode='w+', shape=4)\nm[:] = 1\nprint(int(m.sum()))",
    "csv inside": "pd.DataFrame({'a': [1]}).to_csv('x.csv', index=False)\nprint(pd.read_csv('x.csv').a[0])",
    "parquet inside": "pd.DataFrame({'a': [1]}).to_parquet('x.parquet')\nprint(pd.read_parquet('x.parquet').a[0])",
    "excel inside": "pd.DataFrame({'a': [1]}).to_excel('x.xlsx', index=False)\nprint(pd.read_excel('x.xlsx').a[0])",
    "npy inside": "np.save('x.npy', np.arange(3))\nprint(np.load('x.npy').sum())",
    "savetxt": "np.savetxt('x.txt', np.eye(2))\nprint(np.loadtxt('x.txt').sum())",
    "read from text": "import io\nprint(pd.read_csv(io.StringIO('a\\n1')).a[0])",
    "sqlite in memory": "import sqlite3\nc = sqlite3.connect(':memory:')\npd.DataFrame({'a': [1]}).to_sql('t', c)\nprint(pd.read_sql('select a from t', c).a[0])",
    "regression": "from sklearn.linear_model import LinearRegression\nprint(round(LinearRegression().fit([[1], [2]], [1, 2]).predict([[3]])[0]))",
    "grid search": "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC\nfrom sklearn.datasets import load_iris\nx, y = load_iris(return_X_y=True)\nprint(GridSearchCV(SVC(), {'C': [1, 2]}, cv=2).fit(x, y).best_score_ > 0.9)",
    "formula": "import statsmodels.formula.api as smf\nprint(round(smf.ols('a ~ b', pd.DataFrame({'a': [1, 2, 3.], 'b': [2, 4, 6.]})).fit().params['b'], 3))",
    "formula with numpy": "import statsmodels.formula.api as smf\nprint(smf.ols('a ~ np.log(b)', pd.DataFrame({'a': [1, 2, 3.], 'b': [2, 4, 7.]})).fit().nobs)",
    "sympy": "import sympy\nx = sympy.symbols('x')\nprint(sympy.solve(x**2 - 4, x), sympy.sympify('x + 1'), sympy.lambdify(x, x + 1)(1))",
    "sns": "import seaborn as sns\nsns.barplot(x=['a', 'b'], y=[1, 2])\nprint('drawn')",
    "scipy": "from scipy import optimize, stats\nprint(round(optimize.brentq(lambda v: v - 1, 0, 2)), stats.norm.cdf(0))",
    "plotly": "import plotly.express as px\nprint(type(px.scatter(x=[1], y=[2])).__name__)",
    "estimator of your own": "from sklearn.base import BaseEstimator\nclass E(BaseEstimator):\n    def __init__(self, k=1): self.k = k\n    def _help(self): return self._seen\n    def fit(self, x): self._seen = len(x); return self\nprint(E().fit([1, 2])._help(), E(3).get_params())",
    "formula with columns named like functions": "import statsmodels.formula.api as smf\nprint(smf.ols('close ~ open', pd.DataFrame({'close': [1, 2, 3.], 'open': [1, 2, 4.]})).fit().nobs)",
    "augmented items": "df = pd.DataFrame({'a': [1]})\ndf['a'] += 1\ndf.loc[0, 'a'] *= 5\nprint(df.a[0])",
    "attribute of a frame": "df = pd.DataFrame({'a': [1]})\ndf.columns = ['b']\nprint(df.b[0])",
    "style sheet": "import matplotlib.pyplot as plt\nplt.style.use('ggplot')\nprint('styled')",
    "pillow": "from PIL import Image\nImage.new('RGB', (2, 2)).save('x.png')\nprint(Image.open('x.png').size)",
    "joblib": "import joblib\nprint(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(v) for v in [1, -2]))",
    "jobs of a forest": "from sklearn.ensemble import RandomForestClassifier\nprint(RandomForestClassifier(5, n_jobs=2).fit([[1], [2]], [0, 1]).predict([[2]]).shape)",
    "numpy assertions": "from numpy.testing import assert_allclose\nassert_allclose([1.0], [1.0])\nprint('close')",
    "statsmodels data": "import statsmodels.api as sm\nprint(sm.datasets.longley.load_pandas().data.shape)",
    "threads": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    print(sum(pool.map(lambda v: v * 2, [1, 2])))",
}


@pytest.mark.parametrize("code", WORKS.values(), ids=WORKS)
def test_a_library_feature_works_under_the_policy(data_guest, code):
    ran = data_guest(f"import pandas as pd, numpy as np\n{code}")
    assert ran.status == "success", ran.stderr
    assert ran.stdout
