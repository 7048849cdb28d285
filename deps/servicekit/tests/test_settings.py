import os

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from servicekit.settings import SettingsError, load_settings


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True)
    port: int = Field(default=8080, ge=0, le=65535, description="Where to | listen.")
    token: SecretStr | None = Field(default=None, description="Secret.", min_length=8)
    levels: tuple[str, ...] = Field(default=("a", "b"), description="Allowed.")
    enabled: bool = Field(default=True, description="On or off.")
    url: str = Field(alias="SERVICE_URL", description="Needed.")


def test_the_environment_wins_over_the_file_and_the_file_over_defaults(tmp_path):
    file = tmp_path / ".env"
    file.write_text("PORT=1\nSERVICE_URL='http://a b'\nLEVELS=x, y\nUNKNOWN=1\nENABLED=\n")

    settings = load_settings(Settings, {"PORT": "2", "PATH": "/bin"}, env_file=file)

    assert (settings.port, settings.url, settings.levels, settings.enabled) == (
        2,
        "http://a b",
        ("x", "y"),
        True,
    )
    assert "SERVICE_URL" not in os.environ


def test_all_faults_are_told_at_once_and_no_value():
    environ = {"PORT": "seventy", "TOKEN": "hunter2", "ENABLED": "perhaps", "LEVELS": "a"}

    with pytest.raises(SettingsError) as caught:
        load_settings(Settings, environ)

    text = str(caught.value)
    assert [line.split(":")[0].strip() for line in text.splitlines()[1:]] == [
        "PORT",
        "TOKEN",
        "ENABLED",
        "SERVICE_URL",
    ]
    assert not any(value in text for value in ("hunter2", "seventy", "perhaps"))


def test_a_missing_file_is_no_fault(tmp_path):
    assert load_settings(Settings, {"SERVICE_URL": "x"}, env_file=tmp_path / "none").port == 8080
