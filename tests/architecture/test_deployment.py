"""Compose files and charts name settings that there are, and start workers by a command that there is."""

import re
from pathlib import Path

import pytest
import yaml

from coderunner.src.common.settings import Settings as CodeRunner
from dataflowtools.src.common.settings import Settings as DataFlowTools

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"coderunner": CodeRunner, "dataflowtools": DataFlowTools}
COMPOSE = ("docker-compose.yml", "docker-compose.workers.yml")


def variables(service: str) -> set[str]:
    return {field.alias or name.upper() for name, field in SETTINGS[service].model_fields.items()}


@pytest.mark.parametrize("file", COMPOSE)
def test_compose_sets_what_the_services_know(file):
    services = yaml.safe_load((ROOT / file).read_text())["services"]
    ours = {name: service for name, service in services.items() if name.split("-")[0] in SETTINGS}

    assert ours
    for name, service in ours.items():
        assert set(service["environment"]) <= variables(name.split("-")[0]), name


def test_workers_are_the_services_image_with_another_command():
    services = yaml.safe_load((ROOT / COMPOSE[1]).read_text())["services"]
    for name in SETTINGS:
        worker = services[f"{name}-worker"]
        values = yaml.safe_load((ROOT / "helm" / name / "values.yaml").read_text())
        template = (ROOT / "helm" / name / "templates" / "_deployment.tpl").read_text()

        assert worker["command"] == ["python", f"{name}/src/main.py", "worker"]
        assert worker["environment"] == services[name]["environment"]
        assert worker["environment"]["EXECUTOR_BACKEND"] == "celery"
        assert f'args: ["python", "{name}/src/main.py", "worker"]' in template
        assert {"replicas", "resources", "terminationGracePeriodSeconds"} == values["worker"].keys()


@pytest.mark.parametrize("service", SETTINGS)
def test_charts_name_settings_and_values_that_there_are(service):
    chart = ROOT / "helm" / service
    values = yaml.safe_load((chart / "values.yaml").read_text())
    named = set(re.findall(r"env\.([A-Z0-9_]+)", (chart / "values.yaml").read_text()))

    assert named | set(values["env"]) <= variables(service)
    for template in (chart / "templates").iterdir():
        for path in re.findall(r"\.Values\.([A-Za-z.]+)", template.read_text()):
            found = values
            for part in path.split("."):
                assert part in found, f"{template.name}: {path}"
                found = found[part]
