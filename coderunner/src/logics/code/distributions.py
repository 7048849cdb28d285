"""From import names to the distributions that provide them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from coderunner.src.logics.code.ports.guest_catalogue import GuestContents

# import names that differ from their distribution's; the longest prefix wins
_KNOWN: Mapping[str, str] = {
    "Bio": "biopython", "Crypto": "pycryptodome", "Cryptodome": "pycryptodomex", "Levenshtein": "levenshtein",
    "MySQLdb": "mysqlclient", "OpenSSL": "pyopenssl", "PIL": "pillow", "PyPDF2": "pypdf2", "Xlib": "python-xlib",
    "attr": "attrs", "barcode": "python-barcode", "bs4": "beautifulsoup4", "can": "python-can", "cairo": "pycairo",
    "charset_normalizer": "charset-normalizer", "community": "python-louvain", "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil", "decouple": "python-decouple", "discord": "discord-py", "dns": "dnspython",
    "docx": "python-docx", "dotenv": "python-dotenv", "ffmpeg": "ffmpeg-python", "fitz": "pymupdf",
    "pymupdf": "pymupdf", "flask_cors": "flask-cors", "fuzzywuzzy": "fuzzywuzzy", "git": "gitpython",
    "github": "pygithub", "gitlab": "python-gitlab", "google.protobuf": "protobuf", "google.cloud.bigquery":
    "google-cloud-bigquery", "google.cloud.storage": "google-cloud-storage", "google.generativeai":
    "google-generativeai", "googleapiclient": "google-api-python-client", "grpc": "grpcio", "haystack":
    "haystack-ai", "igraph": "igraph", "jose": "python-jose", "jwt": "pyjwt", "kafka": "kafka-python",
    "ldap": "python-ldap", "lxml": "lxml", "magic": "python-magic", "markdown": "markdown", "mpl_toolkits":
    "matplotlib", "mx": "egenix-mx-base", "nacl": "pynacl", "neo4j": "neo4j", "odf": "odfpy", "openai": "openai",
    "pkg_resources": "setuptools", "pptx": "python-pptx", "psycopg2": "psycopg2-binary", "pwd": "", "pyasn1":
    "pyasn1", "pylab": "matplotlib", "pymysql": "pymysql", "pythoncom": "pywin32", "pywt": "pywavelets",
    "qrcode": "qrcode", "ruamel.yaml": "ruamel-yaml", "scrapy": "scrapy", "serial": "pyserial", "skimage":
    "scikit-image", "sklearn": "scikit-learn", "slack_sdk": "slack-sdk", "slugify": "python-slugify",
    "snowflake.connector": "snowflake-connector-python", "socks": "pysocks", "speech_recognition":
    "speechrecognition", "statsmodels": "statsmodels", "talib": "ta-lib", "telegram": "python-telegram-bot",
    "toml": "toml", "usb": "pyusb", "umap": "umap-learn", "vtk": "vtk", "websocket": "websocket-client",
    "win32api": "pywin32", "win32com": "pywin32", "wx": "wxpython", "xlrd": "xlrd", "yaml": "pyyaml", "zmq": "pyzmq",
    "azure.storage.blob": "azure-storage-blob", "sentence_transformers": "sentence-transformers",
    "IPython": "ipython", "multipart": "python-multipart", "pyzbar": "pyzbar", "psycopg": "psycopg",
    "dash_bootstrap_components": "dash-bootstrap-components", "pandas_datareader": "pandas-datareader",
}  # fmt: skip


def canonical(name: str) -> str:
    """A distribution's name in its one normal spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Installed:
    """What an environment adds to the guest: versions, and who provides which import name."""

    versions: Mapping[str, str] = field(default_factory=dict)
    providers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Dependency:
    """One distribution that a program needs, with the imports that say so."""

    name: str
    import_names: list[str]
    version: str | None
    installed: bool
    optional: bool
    origin: str  # guest, environment or missing
    guessed: bool


def standard_modules(
    imports: Iterable[Mapping[str, Any]], guest: GuestContents, own: frozenset[str]
) -> list[str]:
    """The standard library's part of the imports."""
    tops = {_top(record) for record in imports if not record["level"]}
    return sorted((tops & guest.standard) - own)


def dependencies_of(
    imports: Iterable[Mapping[str, Any]], guest: GuestContents, layer: Installed, own: frozenset[str]
) -> list[Dependency]:
    """Every distribution once, in the order in which the program first names it."""
    found: dict[str, Dependency] = {}
    for record in imports:
        top = _top(record)
        if record["level"] or not top or top in own or top in guest.standard:
            continue
        dependency = _resolve(record["module"], guest, layer)
        known = found.setdefault(dependency.name, dependency)
        known.optional = known.optional and record["optional"]
        if known is dependency:
            known.optional = record["optional"]
        if top not in known.import_names:
            known.import_names.append(top)
    return list(found.values())


def _top(record: Mapping[str, Any]) -> str:
    return str(record["module"]).partition(".")[0]


def _resolve(module: str, guest: GuestContents, layer: Installed) -> Dependency:
    top = module.partition(".")[0]
    name, guessed = _named(module), False
    for providers, versions, origin in (
        (layer.providers, layer.versions, "environment"),
        (guest.providers, guest.distributions, "guest"),
    ):
        candidates = providers.get(top, ())
        chosen = name if name in candidates or name in versions else candidates[0] if candidates else ""
        if chosen in versions:
            return Dependency(
                chosen, [], versions[chosen], installed=True, optional=False, origin=origin, guessed=False
            )
    if not name:
        name, guessed = canonical(top), True
    return Dependency(name, [], None, installed=False, optional=False, origin="missing", guessed=guessed)


def _named(module: str) -> str:
    parts = module.split(".")
    return next(
        (
            _KNOWN[".".join(parts[:length])]
            for length in range(len(parts), 0, -1)
            if ".".join(parts[:length]) in _KNOWN
        ),
        "",
    )
