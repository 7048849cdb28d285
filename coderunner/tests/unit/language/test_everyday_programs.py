"""ATTACKS.md J: tours of the libraries that a restricted program must be able to take."""

import pytest

TOURS = {
    "docx": "import docx\nd=docx.Document()\nd.add_heading('x')\nd.add_table(2,2)\nd.save('x.docx')\nprint(len(docx.Document('x.docx').paragraphs))",
    "openpyxl": "from openpyxl import Workbook, load_workbook\nfrom openpyxl.chart import BarChart, Reference\nwb=Workbook(); ws=wb.active; ws['A1']=1; ws.append([1,2]); wb.save('x.xlsx'); print(load_workbook('x.xlsx').active['A1'].value)",
    "fitz": "import fitz\nd=fitz.open(); p=d.new_page(); p.insert_text((72,72),'hi'); d.save('x.pdf'); print(fitz.open('x.pdf')[0].get_text().strip())",
    "pdfplumber": "import fitz\nd=fitz.open(); p=d.new_page(); p.insert_text((72,72),'hi'); d.save('x.pdf')\nimport pdfplumber\nwith pdfplumber.open('x.pdf') as f: print(f.pages[0].extract_text())",
    "cv2": "import cv2, numpy as np\nimg=np.zeros((10,10,3),np.uint8); cv2.imwrite('x.png',img); print(cv2.cvtColor(cv2.imread('x.png'),cv2.COLOR_BGR2GRAY).shape)",
    "pil draw": "from PIL import Image, ImageDraw, ImageFont, ImageFilter\nim=Image.new('RGB',(10,10)); ImageDraw.Draw(im).text((0,0),'x'); print(im.filter(ImageFilter.BLUR).resize((5,5)).size)",
    "sympy plot": "import sympy as sp\nx=sp.symbols('x')\nprint(sp.integrate(sp.sin(x),x), sp.diff(x**2), sp.solve(sp.Eq(x**2,2)), sp.latex(x**2), sp.series(sp.exp(x),x,0,3))\nsp.plot(x**2, show=False)",
    "solve_ivp": "from scipy.integrate import solve_ivp, quad\nprint(round(solve_ivp(lambda t,y:-y,[0,1],[1]).y[0,-1],2), round(quad(lambda x:x,0,1)[0],2))",
    "arima": "from statsmodels.tsa.arima.model import ARIMA\nimport numpy as np, warnings\nwarnings.simplefilter('ignore')\nprint(len(ARIMA(np.arange(30.)+np.random.rand(30),order=(1,0,0)).fit().forecast(2)))",
    "pipeline": "from sklearn.pipeline import Pipeline, make_pipeline\nfrom sklearn.compose import ColumnTransformer\nfrom sklearn.preprocessing import StandardScaler, OneHotEncoder\nfrom sklearn.linear_model import LogisticRegression\nimport pandas as pd\nX=pd.DataFrame({'a':[1,2,3,4],'b':list('xyxy')})\np=make_pipeline(ColumnTransformer([('n',StandardScaler(),['a']),('c',OneHotEncoder(),['b'])]),LogisticRegression())\nprint(p.fit(X,[0,1,0,1]).score(X,[0,1,0,1]))",
    "kmeans": "from sklearn.cluster import KMeans, DBSCAN\nfrom sklearn.decomposition import PCA\nfrom sklearn.datasets import make_blobs\nX,y=make_blobs(50,random_state=0)\nprint(KMeans(3,n_init=1).fit(X).labels_.shape, PCA(1).fit_transform(X).shape)",
    "cv": "from sklearn.model_selection import cross_val_score, train_test_split\nfrom sklearn.svm import SVC\nfrom sklearn.datasets import load_iris\nprint(cross_val_score(SVC(),*load_iris(return_X_y=True),cv=3,n_jobs=2).mean()>.9)",
    "mlp": "from sklearn.neural_network import MLPClassifier\nfrom sklearn.datasets import load_digits\nX,y=load_digits(return_X_y=True)\nprint(MLPClassifier(max_iter=5).fit(X,y).score(X,y)>.1)",
    "df plot": "import pandas as pd\ndf=pd.DataFrame({'a':[1,2],'b':[3,4]})\ndf.plot(kind='bar'); df.hist(); df.plot.scatter('a','b'); pd.plotting.scatter_matrix(df); print('ok')",
    "sns many": "import seaborn as sns, pandas as pd, numpy as np\ndf=pd.DataFrame({'x':range(10),'y':np.random.rand(10),'h':list('ab')*5})\nsns.pairplot(df,hue='h'); sns.lmplot(data=df,x='x',y='y'); sns.violinplot(df,x='h',y='y'); sns.heatmap(df[['x','y']].corr(),annot=True); print('ok')",
    "savefig buf": "import io, base64\nimport matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nb=io.BytesIO(); plt.plot([1]); plt.savefig(b,format='png'); print(base64.b64encode(b.getvalue())[:4])",
    "animation": "import matplotlib.pyplot as plt, matplotlib.animation as an\nf,a=plt.subplots(); l,=a.plot([]);\nani=an.FuncAnimation(f,lambda i:(l.set_data([0,i],[0,i]),),frames=3); ani.save('x.gif',writer='pillow'); print('ok')",
    "bokeh file": "from bokeh.plotting import figure, output_file, save\noutput_file('x.html'); p=figure(); p.line([1],[2]); save(p); print('ok')",
    "plotly html": "import plotly.graph_objects as go\nf=go.Figure(go.Bar(x=[1],y=[2])); f.update_layout(title='x'); f.write_html('x.html'); print(len(f.to_json())>10)",
    "altair save": "import altair as alt, pandas as pd\nc=alt.Chart(pd.DataFrame({'a':[1]})).mark_bar().encode(x='a'); c.save('x.json'); print('ok')",
    "bs4": "from bs4 import BeautifulSoup\nprint(BeautifulSoup('<p>x</p>','html.parser').p.text, BeautifulSoup('<p>x</p>','lxml').find('p').get_text())",
    "lxml": "from lxml import etree\nprint(etree.fromstring('<a><b/></a>').xpath('//b')[0].tag)",
    "yaml": "import yaml\nprint(yaml.safe_load('a: 1'), yaml.dump({'a':1}))",
    "tabulate": "from tabulate import tabulate\nprint(tabulate([[1]]))",
    "arrow": "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as pc\nt=pa.table({'a':[1]}); pq.write_table(t,'x.parquet'); print(pq.read_table('x.parquet').num_rows)",
    "excel writer": "import pandas as pd\nwith pd.ExcelWriter('x.xlsx',engine='xlsxwriter') as w: pd.DataFrame({'a':[1]}).to_excel(w,sheet_name='s')\nprint(pd.read_excel('x.xlsx',sheet_name=None).keys())",
    "pivot": "import pandas as pd\ndf=pd.DataFrame({'a':list('xxy'),'b':list('pqp'),'v':[1,2,3]})\nprint(df.pivot_table(values='v',index='a',columns='b',aggfunc='sum').shape, pd.crosstab(df.a,df.b).shape, df.groupby('a').agg({'v':['sum','mean']}).shape, df.groupby('a').v.transform('mean').sum())",
    "resample": "import pandas as pd\ns=pd.Series(range(48),index=pd.date_range('2020',periods=48,freq='h'))\nprint(s.resample('D').sum().tolist(), s.rolling(3).mean().iloc[-1], s.ewm(span=3).mean().shape, s.index.strftime('%H')[0])",
    "str": "import pandas as pd\ns=pd.Series(['a b','c'])\nprint(s.str.split().str[0].tolist(), s.str.upper().tolist(), pd.to_datetime(['2020-01-01']).year[0], pd.cut([1,2],2).codes)",
    "style": "import pandas as pd\npd.DataFrame({'a':[1.]}).style.format('{:.2f}').background_gradient().to_html('x.html'); print('ok')",
    "json norm": "import pandas as pd, json\nprint(pd.json_normalize([{'a':{'b':1}}]).columns[0], json.loads(pd.DataFrame({'a':[1]}).to_json(orient='records')))",
    "xml": "import pandas as pd\npd.DataFrame({'a':[1]}).to_xml('x.xml'); print(pd.read_xml('x.xml').a[0])",
    "html tables": "import pandas as pd, io\nprint(pd.read_html(io.StringIO('<table><tr><td>1</td></tr></table>'))[0].shape)",
    "linalg": "import numpy as np\nfrom numpy.linalg import inv, eig\nprint(np.linalg.det(np.eye(2)), np.fft.fft([1,2]).shape, np.random.default_rng(0).normal(size=2).shape, np.polyfit([0,1],[0,1],1).round(2), np.lib.stride_tricks.sliding_window_view(np.arange(4),2).shape)",
    "scipy io": "from scipy.io import savemat, loadmat, wavfile\nimport numpy as np\nsavemat('x.mat',{'a':1}); print(loadmat('x.mat')['a']); wavfile.write('x.wav',8000,np.zeros(10,'int16'))",
    "signal": "from scipy import signal, ndimage, sparse, spatial, cluster, special, interpolate\nimport numpy as np\nprint(signal.butter(2,.1)[0].shape, sparse.eye(3).nnz, spatial.distance.cdist([[0]],[[1]]), special.gamma(5))",
    "zip": "import zipfile, gzip, csv, json\nwith zipfile.ZipFile('x.zip','w') as z: z.writestr('a.txt','1')\nprint(zipfile.ZipFile('x.zip').namelist()); print(gzip.decompress(gzip.compress(b'1')))",
    "temp": "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    from pathlib import Path\n    Path(d,'x').write_text('1'); print(Path(d,'x').read_text())\nwith tempfile.NamedTemporaryFile('w+') as f: f.write('a'); f.seek(0); print(f.read())",
    "type hints": "from typing import *\nfrom collections.abc import Iterable\nT=TypeVar('T')\nclass N(TypedDict):\n    a: int\ndef f(x: 'list[int]', y: Callable[[int], str]|None=None, *a: Any) -> Literal['a']: ...\nprint(N(a=1), cast(int, 1))",
    "asyncio queue": "import asyncio\nasync def w(q):\n    while True:\n        x=await q.get()\n        if x is None: return\n        print(x)\nasync def main():\n    q=asyncio.Queue(); t=asyncio.create_task(w(q)); await q.put(1); await q.put(None); await asyncio.wait_for(t,1)\n    async with asyncio.TaskGroup() as g: g.create_task(asyncio.sleep(0))\n    async with asyncio.timeout(1): await asyncio.sleep(0)\nasyncio.run(main())",
    "dateutil": "from dateutil import parser, relativedelta\nfrom zoneinfo import ZoneInfo\nimport datetime\nprint(parser.parse('2020-01-01').year, datetime.datetime(2020,1,1,tzinfo=ZoneInfo('Asia/Shanghai')).isoformat())",
    "mpl obj": "import matplotlib as mpl, matplotlib.pyplot as plt\nfrom matplotlib.ticker import FuncFormatter, MaxNLocator\nfrom matplotlib.patches import Circle\nimport matplotlib.dates as mdates\nfrom mpl_toolkits.mplot3d import Axes3D\nfig=plt.figure(constrained_layout=True); gs=fig.add_gridspec(2,2); ax=fig.add_subplot(gs[0,0]); ax.add_patch(Circle((0,0),1)); ax.yaxis.set_major_formatter(FuncFormatter(lambda v,p:f'{v:.0f}%')); mpl.rcParams['lines.linewidth']=2; ax2=ax.twinx(); print(mpl.__version__>'3', plt.rcParams['figure.dpi'])",
    "sqlite": "import sqlite3\nwith sqlite3.connect('a.db') as c:\n    c.execute('create table t(a)'); c.execute('insert into t values(1)'); print(c.execute('select * from t').fetchall())",
    "decorated class": "import functools\n@functools.total_ordering\nclass A:\n    def __init__(s,v): s.v=v\n    def __eq__(s,o): return s.v==o.v\n    def __lt__(s,o): return s.v<o.v\nprint(A(1)>=A(0))\nclass M:\n    @functools.cached_property\n    def x(self): return 5\nprint(M().x)",
    "ctx logging": "import logging\nlog=logging.getLogger('a')\nlog.addHandler(logging.FileHandler('a.log'))\nlog.error('x %s',1)\nprint(open('a.log').read())",
}


@pytest.mark.parametrize("code", TOURS.values(), ids=TOURS)
def test_a_tour_of_a_library_runs_under_the_policy(data_guest, code):
    ran = data_guest(code)
    assert ran.status == "success", ran.stderr
    assert ran.stdout
