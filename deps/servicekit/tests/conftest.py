import pytest

from deps.servicekit.tests.example import Journal, example_app
from servicekit.testing import serving


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def app(journal):
    return example_app(journal)


@pytest.fixture
async def client(app):
    async with serving(app) as client:
        yield client
