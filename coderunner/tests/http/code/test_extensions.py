"""The extension points: the example of docs/toolkit.md serves, and what is no such class keeps the service down."""

import re
import sys

import pytest

from coderunner.src.bootstrap import bootstrap
from coderunner.tests.fakes.sandbox import FakeSandbox
from coderunner.tests.running import ROOT
from servicekit.settings import SettingsError
from servicekit.testing import serving


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The module that the page shows, as an operator would write it."""
    page = (ROOT / "docs" / "toolkit.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page.partition("## Another parser")[2], re.DOTALL)
    (tmp_path / "operators_own.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield "operators_own"
    sys.modules.pop("operators_own", None)


async def test_the_pages_parser_and_executor_serve(example, make_settings):
    settings = make_settings(
        stepflow_python_parser_class=f"{example}:NotebookParser",
        stepflow_python_executor_class=f"{example}:DryRunExecutor",
    )
    async with bootstrap(settings, sandbox=FakeSandbox()) as app, serving(app) as client:
        about = (await client.request("GET", "/api/code/extensions")).json()
        assert about["parser"] == {
            "name": "notebook",
            "features": ["parse", "validate", "dependencies", "magics"],
        }
        assert about["executor"] == {"name": "dry-run", "versions": ["3.11"]}

        code = "%matplotlib inline\nimport numpy\n!ls"
        parsed = await client.request("POST", "/api/code/parse", json={"code": code})
        assert [found["module"] for found in parsed.json()["imports"]] == ["numpy"]
        valid = await client.request("POST", "/api/code/validate", json={"code": code})
        assert valid.json()["valid"]

        dry = await client.request(
            "POST", "/api/runner/execute", json={"code": "12345", "env": {"DRY_RUN": "1"}}
        )
        assert dry.json()["stdout"] == "5 characters would run\n"
        real = await client.request("POST", "/api/runner/execute", json={"code": "12345"})
        assert real.json()["value"] == 12345


async def test_without_settings_the_services_own_serve(client):
    about = (await client.request("GET", "/api/code/extensions")).json()
    assert (about["parser"]["name"], about["executor"]["name"]) == ("guest", "sandbox")
    assert about["executor"]["versions"][0].startswith("3.")


@pytest.mark.parametrize("name", ["nowhere:Class", "json:JSONDecoder", "json", ":"])
@pytest.mark.parametrize("setting", ["stepflow_python_parser_class", "stepflow_python_executor_class"])
async def test_what_is_no_such_class_is_told_by_its_setting(make_settings, setting, name):
    with pytest.raises(SettingsError, match=setting.upper()):
        async with bootstrap(make_settings(**{setting: name}), sandbox=FakeSandbox()):
            pytest.fail("it started")
