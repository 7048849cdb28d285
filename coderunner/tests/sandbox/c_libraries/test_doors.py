"""ATTACKS C: the data libraries' own ways to files, sockets, pickles and text that is code."""

import pytest

from coderunner.tests.sandbox.attacks import TRIES, Attack

PANDAS = TRIES + "import pandas as pd\nimport numpy as np\ndf = pd.DataFrame({'a': [1, 2]})\n"
PLOTS = TRIES + "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
EITHER = ("policy_violation", "success")


def doors(*attempts: str, before: str = PANDAS, isolated: tuple[str, ...] = ("success",)) -> Attack:
    """Each attempt must raise; under the policy the program may be refused as a whole."""
    tried = ", ".join(f"lambda: {attempt}" for attempt in attempts)
    return Attack(f"{before}tries({tried})", restricted=EITHER, isolated=isolated)


EVIL = """
class Evil:
    def __reduce__(self):
        return (open, ('@FOLDER@/open/owned', 'w'))
"""

DOORS = {
    "32 readers": doors(
        "pd.read_csv('@CANARY@')", "pd.read_json('@CANARY@')", "pd.read_fwf('@CANARY@')", "pd.read_table('@CANARY@')",
        "pd.read_excel('@CANARY@')", "pd.read_xml('@CANARY@')", "pd.read_html('@CANARY@')", "pd.read_parquet('@CANARY@')",
        "pd.read_csv('/etc/shadow')", "pd.read_csv('@DATA@/keys.json')", "pd.read_feather('@CANARY@')", "pd.read_orc('@CANARY@')",
    ),
    "33 addresses": doors(
        "pd.read_csv('http://169.254.169.254/latest/meta-data/')", "pd.read_csv('file://@CANARY@')",
        "pd.read_csv('s3://bucket/key')", "pd.read_csv('local://@CANARY@')", "pd.read_json('http://127.0.0.1:8080/api/health')",
    ),
    "34 pickles": doors("pd.read_pickle('@CANARY@')", "np.load('@CANARY@', allow_pickle=True)"),
    "34 a pickle that acts": Attack(
        PANDAS + EVIL + "import pickle, io\ntries(lambda: pickle.loads(pickle.dumps(Evil())),"
        " lambda: pd.read_pickle(io.BytesIO(pickle.dumps(Evil()))),"
        " lambda: np.load(io.BytesIO(pickle.dumps(Evil())), allow_pickle=True))"
    ),
    "34 joblib": Attack(
        PANDAS + EVIL + "import io, pickle, joblib\ntries(lambda: joblib.load(io.BytesIO(pickle.dumps(Evil()))))"
    ),
    "35 query and eval": doors(
        "df.query('@pd.io.common.os.listdir(\"@FOLDER@\")')", "df.eval('@pd.compat.sys.modules[\"io\"].open(\"@CANARY@\").read()')",
        "pd.eval('pd.io.common.os.listdir(\"@FOLDER@\")', engine='python')",
    ),
    "36 names as functions": Attack(
        PANDAS + "pd.Series([1]).apply('__getattribute__', args=('__class__',))\nprint(open('@CANARY@').read())",
        isolated=("error",),
    ),
    "36 agg and transform": Attack(
        PANDAS + "df.agg('to_csv', path_or_buf='@FOLDER@/open/owned')", restricted=("policy_violation", "error"), isolated=("error",)
    ),
    "36 pipe": Attack(
        PANDAS + "df.pipe((pd.read_csv, 'filepath_or_buffer'))\ndf.pipe(getattr, '__class__')\nprint(open('@CANARY@').read())",
        restricted=("policy_violation", "error"), isolated=("error",),
    ),
    "37 writers": doors(
        "df.to_csv('@FOLDER@/open/owned')", "df.to_json('@FOLDER@/open/owned')", "df.to_html('@FOLDER@/open/owned')",
        "df.to_excel('@FOLDER@/open/owned.xlsx')", "df.to_pickle('@FOLDER@/open/owned')", "df.to_latex('@FOLDER@/open/owned')",
        "df.to_sql('t', 'sqlite:///@FOLDER@/open/owned.db')", "df.to_csv('/etc/owned')", "df.to_csv('/owned')",
    ),
    "38 external entity": Attack(
        PANDAS + "import io\nx = '<!DOCTYPE r [<!ENTITY e SYSTEM \"file://@CANARY@\">]><r><i><a>&e;</a></i></r>'\n"
        "print(pd.read_xml(io.StringIO(x)))", restricted=("policy_violation", "error", "success"), isolated=("error", "success"),
    ),
    "38 entity bomb": Attack(
        PANDAS + "import io\ne = ''.join(f'<!ENTITY e{i} \"' + f'&e{i-1};' * 10 + '\">' for i in range(1, 12))\n"
        "print(len(pd.read_xml(io.StringIO('<!DOCTYPE r [<!ENTITY e0 \"lol\">' + e + ']><r><i><a>&e11;</a></i></r>'))))",
        restricted=("policy_violation", "error", "memory_exceeded"), isolated=("error", "memory_exceeded"),
    ),
    "39 sqlite": Attack(
        TRIES + "import sqlite3\nc = sqlite3.connect(':memory:')\n"
        "tries(lambda: sqlite3.connect('@DATA@/keys.json').execute('select 1 from t'),"
        " lambda: c.execute(\"ATTACH DATABASE '@FOLDER@/open/owned' AS x\"), lambda: c.execute(\"select load_extension('x')\"))",
        restricted=EITHER,
    ),
    "40 numpy readers": doors(
        "np.memmap('@CANARY@', mode='r')", "np.fromfile('@CANARY@', dtype='u1')", "np.loadtxt('@CANARY@', dtype=str)",
        "np.genfromtxt('@CANARY@', dtype=str)", "np.lib.npyio.DataSource().open('@CANARY@')", "np.load('@CANARY@')",
        "np.memmap('/proc/1/mem', mode='r')",
    ),
    "40 numpy writers": doors(
        "np.ones(3).tofile('@FOLDER@/open/owned')", "np.save('@FOLDER@/open/owned', np.ones(3))",
        "np.savetxt('@FOLDER@/open/owned', np.ones(3))", "np.ones(3).dump('@FOLDER@/open/owned')",
        "np.memmap('@FOLDER@/open/owned', mode='w+', shape=(3,))",
    ),
    "41 ctypeslib": doors("np.ctypeslib.load_library('@CANARY@', '/')", "np.ctypeslib.ctypes.CDLL('@CANARY@')"),
    "41 f2py": Attack(
        TRIES + "import subprocess, sys\nimport numpy.f2py\n"
        "r = subprocess.run([sys.executable, '-m', 'numpy.f2py', '-c', '-m', 'x', '@CANARY@'], capture_output=True, text=True)\n"
        "print('GOT' if r.returncode == 0 else 'held')",
    ),
    "45 styles": doors("plt.style.use('@CANARY@')", "matplotlib.rc_file('@CANARY@')", "plt.imread('@FOLDER@/readable.csv')", before=PLOTS),
    "45 fonts": doors("__import__('matplotlib.font_manager').font_manager.fontManager.addfont('@CANARY@')", before=PLOTS),
    "46 usetex": Attack(
        PLOTS + "plt.rcParams['text.usetex'] = True\nplt.title('x')\nplt.savefig('x.png')",
        restricted=("policy_violation", "error"), isolated=("error",),
    ),
    "46 movies": Attack(
        PLOTS + "import matplotlib.animation as an\na = an.FuncAnimation(plt.figure(), lambda i: [], frames=2)\n"
        "tries(lambda: a.save('x.mp4', writer='ffmpeg'))", restricted=("policy_violation", "error", "success"),
        isolated=("success",),
    ),
    "47 backends": doors("plt.switch_backend('module://nothing_here')", "plt.switch_backend('TkAgg')", before=PLOTS),
    "49 sklearn": Attack(
        TRIES + "from sklearn.datasets import load_files, fetch_openml\n"
        "tries(lambda: load_files('@FOLDER@'), lambda: fetch_openml('iris', n_retries=1, delay=0, parser='liac-arff'))",
        restricted=EITHER,
    ),
    "49 a scorer that acts": Attack(
        "from sklearn.preprocessing import FunctionTransformer\n"
        "FunctionTransformer(lambda x: open('@FOLDER@/open/owned', 'w')).transform([[1]])",
        restricted=("policy_violation", "error"), isolated=("error",),
    ),
    "50 PIL show": Attack(
        TRIES + "from PIL import Image\nImage.new('RGB', (2, 2)).show()\nprint('held')", restricted=("policy_violation", "error", "success"),
        isolated=("success", "error"),
    ),
    "50 malformed pictures": Attack(
        TRIES + "from PIL import Image\nimport io\ntries(lambda: Image.open(io.BytesIO(b'II*\\0' + b'\\xff' * 300)).load(),"
        " lambda: Image.open(io.BytesIO(b'\\0\\0\\1\\0' + b'\\xff' * 300)).load())", restricted=EITHER,
    ),
    "50 PIL files": Attack(
        TRIES + "from PIL import Image\ntries(lambda: Image.open('@CANARY@'), lambda: Image.new('L', (1, 1)).save('@FOLDER@/open/owned.png'))",
        restricted=EITHER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
async def test_a_librarys_own_door_opens_into_the_jail(attack, door, level):
    """Attacks 32-41, 45-50: what libraries read, write, fetch and start; the host shows nothing of it."""
    await attack(door, level)


async def test_work_in_the_work_folder_is_still_possible(execute, level):
    """Attacks 37, 40: the same doors inside the work folder must work."""
    code = (
        "import numpy as np, pandas as pd\na = np.arange(4.0)\na.tofile('a.bin')\nprint(np.fromfile('a.bin').tolist())\n"
        "pd.DataFrame({'x': [1]}).to_csv('x.csv', index=False)\nprint(pd.read_csv('x.csv')['x'].tolist())\n"
        "np.savetxt('t.txt', a)\nprint(np.loadtxt('t.txt').sum())"
    )
    reply = await execute(code, security_level=level)
    assert (reply["status"], reply["stdout"]) == ("success", "[0.0, 1.0, 2.0, 3.0]\n[1]\n6.0\n"), reply


async def test_formulas_in_an_export_stay_in_the_work_folder(execute, level):
    """Attack 51: a cell `=cmd|...` is data of the run; nothing on the host reads it."""
    code = "import pandas as pd\npd.DataFrame({'a': ['=cmd|x']}).to_csv('x.csv')\nprint(open('x.csv').read())"
    assert (await execute(code, security_level=level))["status"] == "success"
