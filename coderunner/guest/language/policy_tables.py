"""What `restricted` programs may use, as plain tables: edit here, nothing else needs to change.

A module that is not named here is refused. `package.*` stands for every public submodule of a package,
except those in REFUSED_MODULES. Texts are shown to the person whose program was refused.
"""

from __future__ import annotations

from typing import Final


def words(text: str) -> list[str]:
    """The words of a text, so that long tables stay readable."""
    return text.split()


# --- imports ---------------------------------------------------------------------------------------------

STANDARD_MODULES: Final = frozenset(
    words("""
        __future__ abc array ast asyncio base64 binascii bisect calendar cmath collections
        collections.abc colorsys concurrent.futures contextlib contextvars copy csv dataclasses datetime
        decimal difflib enum fractions functools glob graphlib gzip hashlib heapq hmac html
        html.entities html.parser io itertools json keyword locale logging math mimetypes numbers
        operator pathlib platform pprint queue random re secrets shlex sqlite3 statistics string struct tempfile
        textwrap threading time timeit tomllib types typing unicodedata urllib.parse uuid warnings weakref
        xml.etree.ElementTree zipfile zlib zoneinfo bz2 lzma concurrent urllib xml xml.etree
        xml.dom xml.dom.minidom logging.handlers traceback
        xml.sax.saxutils xml.sax ipaddress json.decoder
        json.encoder errno stat reprlib argparse tarfile
        configparser fnmatch sched getopt
    """)
)

LIBRARY_MODULES: Final = frozenset(
    words("""
        numpy numpy.* pandas pandas.* scipy scipy.* sklearn sklearn.* statsmodels statsmodels.*
        matplotlib matplotlib.* mpl_toolkits mpl_toolkits.* pylab seaborn seaborn.* plotly plotly.*
        altair altair.* bokeh bokeh.* sympy sympy.* mpmath mpmath.* PIL PIL.* pyarrow pyarrow.* openpyxl
        openpyxl.* xlsxwriter xlsxwriter.* xlrd docx docx.* docxtpl fitz pymupdf pdfplumber cv2 pyzbar
        pyzbar.* bs4 lxml lxml.etree lxml.html yaml tabulate dateutil dateutil.* pytz tzdata patsy
        formulaic joblib narwhals narwhals.* typing_extensions cycler packaging packaging.version
        networkx networkx.* jsonschema ahocorasick contourpy threadpoolctl xyzservices tqdm tqdm.*
        IPython IPython.display IPython.core IPython.core.display polars polars.* rich rich.* faker faker.*
        jieba jieba.* wordcloud
    """)
)

SYSTEM_MODULES: Final = frozenset(
    ["os", "os.path", "sys", "shutil", "subprocess", "signal", "resource", "getpass"]
)
"""Joined to the import list by `enable_system_calls`."""

NETWORK_MODULES: Final = frozenset(
    words("""
        socket ssl http http.client urllib.request urllib.error requests requests.* httpx httpx.*
        urllib3 ftplib smtplib
    """)
)
"""Joined to the import list by `enable_network_access`."""

REFUSED_MODULES: Final = {
    "numpy.f2py": "it runs a compiler",
    "numpy.ctypeslib": "it hands out ctypes, which reads and writes any memory",
    "numpy.distutils": "it runs compilers",
    "numpy.lib.introspect": "it hands out interpreter internals",
    "pandas.compat": "it hands out interpreter modules",
    "pandas.io.common": "it opens any path and address",
    "pandas.io.pickle": "unpickling runs code",
    "pandas.io.clipboard": "it starts processes",
    "pandas.io.clipboards": "it starts processes",
    "pandas.core": "it is private to pandas",
    "pandas.util.version": "it is private to pandas",
    "matplotlib.backends": "it starts processes and loads any module",
    "matplotlib.texmanager": "it runs LaTeX",
    "matplotlib.dviread": "it runs LaTeX tools",
    "matplotlib.testing": "it starts processes",
    "matplotlib.sphinxext": "it runs programs from documents",
    "matplotlib.backend_managers": "it is private to matplotlib",
    "scipy.io.arff": "it is not needed here",
    "joblib.externals": "it starts processes",
    "sklearn.externals": "it is private to scikit-learn",
    "sympy.testing": "its runners start processes",
    "sympy.utilities.autowrap": "it runs a compiler",
    "sympy.utilities.runtests": "its runners start processes",
    "sympy.utilities.misc": "it reads the caller's frames",
    "sympy.external": "it imports any module by name",
    "sympy.parsing": "it runs text as code",
    "sympy.printing.preview": "it runs LaTeX",
    "sympy.interactive": "it needs a terminal",
    "bokeh.server": "it opens a network server",
    "bokeh.command": "it opens a network server",
    "bokeh.client": "it opens network connections",
    "bokeh.application": "it runs text as code",
    "bokeh.util.browser": "it starts a browser",
    "altair.utils.execeval": "it runs text as code",
    "plotly.optional_imports": "it imports any module by name",
    "plotly.io.kaleido": "it starts a browser",
    "statsmodels.tools.docstring": "it is private to statsmodels",
    "pyarrow.cffi": "it hands out foreign memory",
    "pyarrow.fs": "it opens any file system and address",
    "pyarrow.flight": "it opens network connections",
    "PIL.ImageShow": "it starts viewers",
    "PIL.ImageGrab": "it reads the screen",
    "concurrent.futures.process": "it starts processes",
}

WHY_MODULE: Final = {
    "os": (
        "it reaches files, processes and the environment",
        "for paths use pathlib (work dir only); for time use time",
    ),
    "sys": (
        "it hands out every loaded module and the interpreter's internals",
        "to end the program use exit(code), to read its input use input(), to write to stderr use warnings or logging",
    ),
    "subprocess": ("programs may not start processes", "do the work in Python"),
    "multiprocessing": ("programs may not start processes", "use concurrent.futures.ThreadPoolExecutor"),
    "socket": ("there is no network here", "upload the data as a file and read it with open()"),
    "requests": ("there is no network here", "upload the data as a file and read it with open()"),
    "httpx": ("there is no network here", "upload the data as a file and read it with open()"),
    "urllib.request": ("there is no network here", "upload the data as a file and read it with open()"),
    "http": ("there is no network here", "upload the data as a file and read it with open()"),
    "ctypes": ("it reads and writes any memory", "use numpy for raw data"),
    "cffi": ("it reads and writes any memory", "use numpy for raw data"),
    "importlib": ("it imports any module by name", "write the import statement"),
    "pickle": ("unpickling runs code", "use json, csv or DataFrame.to_parquet"),
    "cPickle": ("unpickling runs code", "use json, csv or DataFrame.to_parquet"),
    "marshal": ("it builds code objects", "use json"),
    "shelve": ("unpickling runs code", "use json or sqlite3"),
    "dill": ("unpickling runs code", "use json"),
    "inspect": ("it hands out frames and private attributes", "use help texts and dir()"),
    "gc": ("it hands out every object of the interpreter", "use del and let Python collect"),
    "builtins": ("it hands out the builtins that the policy guards", "use the names directly"),
    "shutil": ("it moves and deletes files anywhere", "use pathlib (work dir only)"),
    "tkinter": ("there is no screen here", "draw with matplotlib"),
    "pdb": ("there is no terminal here", "use print()"),
    "signal": ("programs may not change how they are stopped", "ask for another timeout"),
}
WHY_UNKNOWN_MODULE: Final = (
    "it is not on the import list of this service",
    'use a library from the list in docs/language.md, or ask for security_level "isolated"',
)

# --- members of allowed modules ----------------------------------------------------------------------------
# package -> member -> why. The package is the root of the module, class or instance that has the member.

_PICKLE: Final = "unpickling runs code"
_FOREIGN: Final = "it hands out raw memory"
_TEXT_AS_CODE: Final = "it runs text as code"
_PROCESS: Final = "it starts a process"
_RAW_FILES: Final = "it opens files past the file guard"

_REFUSED_MEMBERS: Final[dict[str, dict[str, str]]] = {
    "pandas": {
        "read_pickle": _PICKLE,
        "to_pickle": _PICKLE,
        "read_clipboard": _PROCESS,
        "to_clipboard": _PROCESS,
        "HDFStore": _PICKLE,
        "read_hdf": _PICKLE,
        "to_hdf": _PICKLE,
        "test": _PROCESS,
    },
    "numpy": {
        "ctypeslib": _FOREIGN,
        "f2py": "it runs a compiler",
        "DataSource": "it opens any path and address",
        "as_strided": "it reads and writes outside the array",
        "ctypes": _FOREIGN,
        "cffi": _FOREIGN,
        "dump": _PICKLE,
        "dumps": _PICKLE,
        "get_include": "",
        "NpzFile": _PICKLE,
        "show_config": "",
        "runstring": _TEXT_AS_CODE,
        "rundocs": _TEXT_AS_CODE,
        "measure": _TEXT_AS_CODE,
        "check_support_sve": _PROCESS,
        "set_string_function": "it changes how results are written",
    },
    "matplotlib": {
        "switch_backend": "it loads any module by name",
        "switch_backends": "it loads any module by name",
        "get_backend_mod": "it hands out modules",
        "rc_file": "it echoes the lines of any file",
        "rc_params_from_file": "it echoes the lines of any file",
        "install_repl_displayhook": "there is no prompt here",
        "validate": "it guards parameters that name code",
    },
    "scipy": {"LowLevelCallable": _FOREIGN},
    "sklearn": {},
    "joblib": {
        "load": _PICKLE,
        "dump": _PICKLE,
        "Memory": _PICKLE,
        "wrap_non_picklable_objects": _PICKLE,
        "register_parallel_backend": "it changes how work is started",
    },
    "sympy": {
        "parse_expr": _TEXT_AS_CODE,
        "lambdastr": "",
        "preview": "it runs LaTeX",
        "autowrap": "it runs a compiler",
        "ufuncify": "it runs a compiler",
        "import_module": "it imports any module by name",
        "test": _PROCESS,
        "doctest": _PROCESS,
        "source": "it reads source files",
    },
    "statsmodels": {"load_pickle": _PICKLE, "save_pickle": _PICKLE},
    "yaml": dict.fromkeys(
        [
            "unsafe_load",
            "unsafe_load_all",
            "UnsafeLoader",
            "full_load",
            "full_load_all",
            "FullLoader",
            "Loader",
            "CLoader",
            "CFullLoader",
            "CUnsafeLoader",
        ],
        "it builds any Python object; use yaml.safe_load",
    ),
    "PIL": {"show": _PROCESS},
    "plotly": {"get_module": "it imports any module by name"},
    "altair": {"PluginRegistry": "it loads any program by name"},
    "bokeh": dict.fromkeys(["import_optional", "import_required"], "it imports any module by name"),
    "mpmath": dict.fromkeys(["runtests", "doctests"], _PROCESS),
    "pyarrow": {"foreign_buffer": _FOREIGN},
    "threadpoolctl": dict.fromkeys(["dynlib", "lib_controllers", "LibController", "register"], _FOREIGN),
    "lxml": dict.fromkeys(
        ["XSLT", "XInclude", "xinclude", "DTD", "XSLTAccessControl"], "it opens any path and address"
    ),
    "string": {"Formatter": "its format strings walk attributes; use f-strings or str.format"},
    "typing": {
        "get_type_hints": _TEXT_AS_CODE,
        "ForwardRef": _TEXT_AS_CODE,
        "evaluate_forward_ref": _TEXT_AS_CODE,
    },
    "typing_extensions": {
        "get_type_hints": _TEXT_AS_CODE,
        "ForwardRef": _TEXT_AS_CODE,
        "evaluate_forward_ref": _TEXT_AS_CODE,
        "get_annotations": _TEXT_AS_CODE,
        "Format": "",
    },
    "threading": {
        "settrace": "it hands out frames",
        "setprofile": "it hands out frames",
        "gettrace": "it hands out frames",
        "settrace_all_threads": "it hands out frames",
        "setprofile_all_threads": "it hands out frames",
        "getprofile": "it hands out frames",
        "excepthook": "",
    },
    "asyncio": {
        **dict.fromkeys(
            ["create_subprocess_exec", "create_subprocess_shell", "subprocess_exec", "subprocess_shell"],
            _PROCESS,
        ),
        **dict.fromkeys(
            [
                "open_connection",
                "start_server",
                "open_unix_connection",
                "start_unix_server",
                "create_connection",
                "create_server",
                "create_datagram_endpoint",
                "create_unix_connection",
                "create_unix_server",
                "sock_connect",
                "getaddrinfo",
                "connect_accepted_socket",
            ],
            "there is no network here",
        ),
        **dict.fromkeys(["get_stack", "print_stack"], "it hands out frames"),
    },
    "concurrent": {"ProcessPoolExecutor": _PROCESS, "process": _PROCESS},
    "logging": {
        "setLoggerClass": "",
        "setLogRecordFactory": "",
        "LogRecord": "",
        "currentframe": "it hands out frames",
    },
    "sqlite3": {
        "set_authorizer": "it guards files",
        "Connection": "it connects past the guard; use sqlite3.connect()",
        "enable_load_extension": "it loads foreign code",
        "load_extension": "it loads foreign code",
    },
    "weakref": {"proxy": "a proxy hides what it stands for", "ProxyType": "", "CallableProxyType": ""},
    "contextlib": {"redirect_stdin": ""},
    "copy": {"dispatch_table": "what is copied would set any attribute; define __copy__ and __deepcopy__"},
    "dataclasses": {"make_dataclass": "it takes attribute names as text; write the class"},
    "enum": {"EnumMeta": "metaclasses are not available", "EnumType": "metaclasses are not available"},
    "io": {"open_code": _RAW_FILES, "FileIO": _RAW_FILES},
    "tempfile": {"mktemp": _RAW_FILES},
    "locale": {},
    "polars": {"read_database_uri": "", "Config": ""},
}
REFUSED_MEMBERS: Final = {
    package: {name: why or "it is not needed and reaches past the policy" for name, why in members.items()}
    for package, members in _REFUSED_MEMBERS.items()
}

ONLY_MEMBERS: Final[dict[str, frozenset[str]]] = {
    "types": frozenset(
        words("""
        SimpleNamespace MappingProxyType GenericAlias UnionType NoneType EllipsisType NotImplementedType
        DynamicClassAttribute
    """)
    ),
    "ast": frozenset({"literal_eval"}),
    "numpy.testing": frozenset(
        words("""
            assert_allclose assert_almost_equal assert_approx_equal assert_array_almost_equal assert_array_equal
            assert_array_less assert_equal assert_raises assert_string_equal
        """)
    ),
    "timeit": frozenset({"default_timer"}),
    "platform": frozenset({"python_version", "python_version_tuple", "python_implementation"}),
    "traceback": frozenset(["print_exc", "format_exc", "print_exception", "format_exception"]),
    "logging.handlers": frozenset(
        [
            "RotatingFileHandler",
            "TimedRotatingFileHandler",
            "MemoryHandler",
            "QueueHandler",
            "BufferingHandler",
        ]
    ),
    "abc": frozenset(
        words("""
        ABC abstractmethod abstractproperty abstractclassmethod abstractstaticmethod ABCMeta
    """)
    ),
    "keyword": frozenset(["kwlist", "iskeyword", "softkwlist", "issoftkeyword"]),
    "weakref": frozenset(
        ["ref", "WeakValueDictionary", "WeakKeyDictionary", "WeakSet", "WeakMethod", "ReferenceType"]
    ),
    "concurrent.futures": frozenset(
        words("""
        ThreadPoolExecutor Future Executor as_completed wait FIRST_COMPLETED FIRST_EXCEPTION
        ALL_COMPLETED TimeoutError CancelledError InvalidStateError BrokenExecutor thread
    """)
    ),
}
"""Modules of which only the listed members exist for a restricted program."""

STRING_DISPATCH: Final[dict[str, frozenset[str]]] = {
    "pandas": frozenset(
        words("""
            apply agg aggregate transform pipe pivot_table crosstab register_dataframe_accessor
            register_series_accessor register_index_accessor
        """)
    ),
}
"""Methods that take a method's name as text: private and dunder names are refused in their arguments."""

EXPRESSION_MEMBERS: Final[dict[str, frozenset[str]]] = {"pandas": frozenset({"eval", "query"})}
"""Methods that take an expression as text: `@` and private names are refused in it."""

_DOCUMENTS: Final = frozenset(
    words("open Document save ez_save insert_image insert_font Pixmap Font Archive")
)
PATH_FUNCTIONS: Final[dict[str, frozenset[str]]] = {
    "pyarrow": frozenset(
        words("""
            memory_map create_memory_map OSFile input_stream output_stream open_csv read_csv write_csv read_json
            open_json read_table write_table read_schema read_metadata read_pandas ParquetFile ParquetWriter
            ParquetDataset write_to_dataset write_metadata dataset parquet_dataset write_dataset read_feather
            write_feather ORCFile open_file open_stream new_file new_stream CSVWriter RecordBatchFileWriter
            RecordBatchStreamWriter RecordBatchFileReader RecordBatchStreamReader
        """)
    ),
    "lxml": frozenset(
        ["parse", "iterparse", "write", "write_c14n", "open_in_browser", "xmlfile", "htmlfile"]
    ),
    "cv2": frozenset(
        words("""
            imread imreadmulti imreadanimation imwrite imwritemulti imwriteanimation imcount FileStorage
            VideoCapture VideoWriter
        """)
    ),
    "pandas": frozenset(["to_parquet", "read_parquet", "to_orc", "read_orc"]),
    "polars": frozenset(
        words("""
            read_csv read_csv_batched read_parquet read_json read_ndjson read_ipc read_ipc_stream read_avro read_excel
            scan_csv scan_parquet scan_ndjson scan_ipc write_csv write_parquet write_json write_ndjson write_ipc
            write_ipc_stream write_avro write_excel sink_csv sink_parquet sink_ipc sink_ndjson
        """)
    ),
    **dict.fromkeys(["fitz", "pymupdf"], _DOCUMENTS),
}
"""Functions that open paths in C, where the interpreter does not report it."""

PARSER_SWITCHES: Final[dict[str, frozenset[str]]] = {"lxml": frozenset({"XMLParser", "XMLPullParser"})}
"""Parsers whose switches make documents open files."""

PICKLING_SWITCHES: Final[dict[str, frozenset[str]]] = {"numpy": frozenset({"load", "fromfile", "memmap"})}
"""Functions whose `allow_pickle=True` is refused."""

# --- names -------------------------------------------------------------------------------------------------

NATIVE_BUILTINS: Final = tuple(
    words("""
        None False True Ellipsis NotImplemented __build_class__ __debug__ abs aiter all anext any ascii
        bin bool bytearray bytes callable chr classmethod complex dict dir divmod enumerate filter float
        format frozenset hasattr hash hex id input int isinstance issubclass iter len list map max
        memoryview min next object oct ord pow print property range repr reversed round set slice sorted
        staticmethod str sum super tuple zip
    """)
)
"""Builtins that restricted programs use as they are, next to all exceptions."""

REFUSED_BUILTINS: Final[dict[str, tuple[str, str]]] = {
    "exec": ("it runs text as code", "write the code itself"),
    "eval": ("it runs text as code", "use ast.literal_eval for data, or write the expression itself"),
    "compile": ("it builds code from text", "write the code itself"),
    "__import__": ("it imports any module by name", "write the import statement"),
    "globals": (
        "it hands out the namespace that the policy guards",
        "keep your values in a dict of your own",
    ),
    "locals": ("it hands out the namespace that the policy guards", "keep your values in a dict of your own"),
    "breakpoint": ("there is no terminal here", "use print()"),
    "help": ("there is no terminal here", "print(function.__doc__)"),
    "license": ("it reads files", ""),
    "copyright": ("it reads files", ""),
    "credits": ("it reads files", ""),
}
NEVER_ALLOWED_FUNCTIONS: Final = frozenset({"exec", "eval", "compile", "__import__", "globals", "locals"})

RESERVED_NAMES: Final = frozenset(
    words("""
        _getattr_ _getitem_ _getiter_ _write_ _print_ _print _apply_ _inplacevar_ _unpack_sequence_
        _iter_unpack_sequence_ __metaclass__
    """)
)

READABLE_DUNDER_NAMES: Final = frozenset(
    ["__name__", "__file__", "__doc__", "__debug__", "__all__", "__version__", "__author__", "__package__"]
)
WRITABLE_DUNDER_NAMES: Final = frozenset(
    words("""
        __all__ __version__ __author__ __doc__ __license__ __date__ __credits__ __email__ __copyright__
        __maintainer__ __status__
    """)
)

IMPORTABLE_DUNDER_NAMES: Final = READABLE_DUNDER_NAMES | WRITABLE_DUNDER_NAMES
"""Special names that `from … import` may take from a module; `__builtins__` of a file holds the guards themselves."""

_ARITHMETIC: Final = words("""
        add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or
    """)
METHOD_DUNDERS: Final = frozenset(
    f"__{name}__"
    for name in words("""
        init new repr str bytes format lt le eq ne gt ge hash bool len length_hint getitem setitem
        delitem missing iter reversed next contains neg pos abs invert complex int float index round
        trunc floor ceil enter exit aenter aexit aiter anext await call post_init copy deepcopy getattr
        get set delete array array_ufunc array_function fspath dir class_getitem init_subclass set_name
        sizeof
    """)
) | frozenset(f"__{prefix}{name}__" for name in _ARITHMETIC for prefix in ("", "r", "i"))
"""Special methods that a class may define and that may be called by name."""

SUPER_DUNDERS: Final = METHOD_DUNDERS - {"__getattr__"}
"""Special methods that `super()` hands out."""

CLASS_BODY_DUNDERS: Final = METHOD_DUNDERS | {"__slots__", "__doc__", "__version__", "__test__"}
"""Special names that a class body may assign."""

READABLE_DUNDER_ATTRIBUTES: Final = (
    METHOD_DUNDERS
    - {
        "__getattr__",
        "__new__",
        "__get__",
        "__set__",
        "__delete__",
        "__array_ufunc__",
        "__array_function__",
        "__init_subclass__",
        "__set_name__",
    }
) | {
    "__name__",
    "__doc__",
    "__qualname__",
    "__version__",
    "__module__",
    "__members__",
    "__annotations__",
    "__cause__",
    "__notes__",
    "__all__",
    "__slots__",
    "__array_priority__",
    "__author__",
}
"""Special attributes that may be read; `super()` may also reach what METHOD_DUNDERS names."""

NAMEDTUPLE_MEMBERS: Final = frozenset({"_asdict", "_replace", "_fields", "_make", "_field_defaults"})

INSTEAD_OF_DUNDER: Final = {
    "__class__": "use type(x) or isinstance(x, …)",
    "__dict__": "use vars(x) for an object of your own class",
    "__traceback__": "the reply carries the traceback",
    "__bases__": "use issubclass()",
    "__mro__": "use issubclass()",
    "__setattr__": "use setattr(x, name, value)",
    "__getattribute__": "use getattr(x, name)",
    "__getattr__": "use getattr(x, name)",
    "__new__": "call the class, or super().__new__(cls)",
}

CODE_NAMES_IN_TEXT: Final = frozenset(
    words("""
        __class__ __subclasses__ __globals__ __builtins__ __import__ __bases__ __base__ __mro__ __dict__ __code__
        __getattribute__ __loader__ __spec__ __self__ __func__ __closure__ __reduce__ __reduce_ex__ gi_frame
        cr_frame ag_frame tb_frame f_back f_globals f_builtins f_locals f_code
    """)
)
"""Names that no text which a library compiles for a program may contain."""

FUNCTION_NAMES_IN_TEXT: Final = frozenset(
    words("getattr setattr delattr eval exec globals locals breakpoint")
)
"""Functions that no such text may name."""

CALL_NAMES_IN_TEXT: Final = frozenset(words("compile open vars input"))
"""Functions that no such text may call; columns may have these names."""

REFUSED_HOME_MODULES: Final = frozenset(
    words("""
        os posix nt subprocess _posixsubprocess sys importlib _imp imp _frozen_importlib
        _frozen_importlib_external ctypes _ctypes socket _socket ssl shutil pickle _pickle marshal gc
        inspect signal _signal multiprocessing builtins_guarded runpy pkgutil code codeop pdb bdb pty
        fcntl resource cffi _cffi_backend site sysconfig cloudpickle dill mmap select asyncio.subprocess
        webbrowser urllib.request http ftplib smtplib telnetlib
    """)
)
"""Functions and classes defined in these modules are not handed out, from whatever module they are read."""

# --- what the interpreter reports while a program runs ---------------------------------------------------------

REFUSED_EVENTS: Final[dict[str, tuple[str, str]]] = {
    "subprocess.Popen": ("start a process", "process"),
    "os.system": ("start a process", "process"),
    "os.exec": ("start a process", "process"),
    "os.posix_spawn": ("start a process", "process"),
    "os.spawn": ("start a process", "process"),
    "os.fork": ("start a process", "process"),
    "os.forkpty": ("start a process", "process"),
    "pty.spawn": ("start a process", "process"),
    "os.startfile": ("start a process", "process"),
    "os.kill": ("send a signal", "process"),
    "os.killpg": ("send a signal", "process"),
    "webbrowser.open": ("open a browser", "process"),
    "socket.connect": ("use the network", "network"),
    "socket.bind": ("use the network", "network"),
    "socket.sendto": ("use the network", "network"),
    "socket.sendmsg": ("use the network", "network"),
    "socket.getaddrinfo": ("use the network", "network"),
    "socket.gethostbyname": ("use the network", "network"),
    "socket.gethostbyaddr": ("use the network", "network"),
    "urllib.Request": ("use the network", "network"),
    "ftplib.connect": ("use the network", "network"),
    "smtplib.connect": ("use the network", "network"),
    "http.client.connect": ("use the network", "network"),
    "sqlite3.enable_load_extension": ("load foreign code", "process"),
    "sqlite3.load_extension": ("load foreign code", "process"),
    "ctypes.dlopen": ("reach foreign memory", "memory"),
    "marshal.loads": ("build code objects", "memory"),
    "code.__new__": ("build code objects", "memory"),
    "function.__new__": ("build code objects", "memory"),
    "sys.addaudithook": ("change the interpreter", "memory"),
    "sys.setprofile": ("watch the interpreter", "memory"),
    "sys.settrace": ("watch the interpreter", "memory"),
    "gc.get_objects": ("reach every object of the interpreter", "memory"),
    "gc.get_referrers": ("reach every object of the interpreter", "memory"),
    "gc.get_referents": ("reach every object of the interpreter", "memory"),
}
LIBRARY_EVENTS: Final = frozenset(
    words("""
        ctypes.dlopen marshal.loads code.__new__ function.__new__ sys.settrace sys.setprofile
        gc.get_objects gc.get_referrers gc.get_referents
    """)
)
"""Events that libraries raise in their own work; refused only when a program's own frame is the cause."""

PATH_EVENTS: Final = frozenset(
    words("""
        open os.listdir os.scandir os.mkdir os.rmdir os.remove os.rename os.link os.symlink os.chmod
        os.chown os.truncate os.utime os.chdir os.mkfifo os.mknod shutil.copyfile shutil.move
        shutil.rmtree shutil.make_archive shutil.unpack_archive sqlite3.connect
    """)
)

READABLE_PREFIXES: Final = (
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/usr/lib",
    "/usr/local/lib",
    "/lib",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/fonts",
    "/etc/timezone",
    "/usr/share/matplotlib",
    "/usr/share/javascript",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self/cgroup",
    "/proc/self/status",
    "/proc/stat",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/dev/null",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self/mountinfo",
    "/proc/self/maps",
)
"""Paths of the runtime that libraries read by themselves."""
UNPICKLED_PACKAGES: Final = frozenset(
    words("""
        numpy pandas sklearn scipy statsmodels collections datetime decimal fractions uuid pyarrow
        matplotlib copyreg _codecs builtins __main__ joblib plotly dateutil pytz zoneinfo
    """)
)
UNPICKLED_BUILTINS: Final = frozenset(
    words("""
        object int float complex bool str bytes bytearray list tuple dict set frozenset slice range
    """)
)
UNPICKLED_REBUILDERS: Final = frozenset(
    words("""
        _reconstruct _reconstructor __newobj__ scalar dtype ndarray _frombuffer encode datetime date time timedelta
        timezone deque defaultdict new_Index _unpickle_block _new_Index __randomstate_ctor __generator_ctor
        __bit_generator_ctor csr_matrix csc_matrix
    """)
)
"""What a pickle may name: builtins here, classes of these packages, and these functions of theirs."""
