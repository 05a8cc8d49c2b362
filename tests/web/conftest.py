# SPDX-License-Identifier: EUPL-1.2
"""The gallery: each layout and macro once, with believable content."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.fixtures.browser import serve
from tests.web.gallery import make_app


@pytest.fixture(scope="module")
def gallery() -> Flask:
    return make_app()


@pytest.fixture
def client(gallery: Flask) -> FlaskClient:
    return gallery.test_client()


@pytest.fixture(scope="module")
def site(gallery: Flask) -> Iterator[str]:
    with serve(gallery) as address:
        yield address
