"""Settings explain themselves and are told wrong all at once."""

import pytest
from pydantic import SecretStr

from dataflowtools.src.common.settings import Settings
from servicekit.settings import SettingsError, load_settings


def test_every_setting_is_described_and_every_secret_hidden():
    for name, field in Settings.model_fields.items():
        assert len(field.description or "") > 10, name
        if any(word in name for word in ("password", "secret_key", "access_key")) or name.endswith(
            "_api_key"
        ):
            assert SecretStr in (field.annotation, *getattr(field.annotation, "__args__", ())), name


def test_the_seeds_names_are_settings():
    named = {
        "PORT": "9", "HOST": "127.0.0.1", "DB_HOST": "db", "DB_PORT": "3307", "DB_NAME": "n", "DB_USER": "u",
        "DB_PASSWORD": "p", "REDIS_HOST": "r", "REDIS_PORT": "6380", "OCR_SERVICE_URL": "http://ocr:8080",
    }  # fmt: skip
    settings = load_settings(Settings, named)
    assert (settings.port, settings.db_host, settings.db_port, settings.db_name) == (9, "db", 3307, "n")
    assert settings.db_password.get_secret_value() == "p"
    assert "p" not in str(settings.db_password)


def test_all_faults_are_told_at_once_without_any_secret():
    with pytest.raises(SettingsError) as caught:
        load_settings(
            Settings, {"PORT": "x", "FILE_STORE": "tape", "ORPHAN_AGE_S": "1", "DB_PASSWORD": "hunter2"}
        )
    for name in ("PORT", "FILE_STORE", "ORPHAN_AGE_S"):
        assert name in str(caught.value)
    assert "hunter2" not in str(caught.value)
