# SPDX-License-Identifier: EUPL-1.2
import re

import pytest

from heitje.config import Settings
from heitje.web.links import safe_next
from tests.web.gallery import make_app

PAGES = ["/", "/form", "/portal/heerlen/", "/till", "/refused", "/fault", "/nothing-here", "/offline", "/sw.js"]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in headers["Permissions-Policy"]
    assert "geolocation=(self)" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/", "/form", "/portal/heerlen/", "/refused"])
def test_pages_are_not_stored_unless_the_view_says_so(client, path):
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_https_is_insisted_on_where_the_platform_has_it():
    secure = make_app(Settings(secret_key="x" * 40, public_url="https://heitje.example"))
    plain = make_app(Settings(secret_key="x" * 40))
    assert "max-age=63072000" in secure.test_client().get("/").headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in plain.test_client().get("/").headers
    assert "Secure" in secure.test_client().get("/", base_url="https://heitje.example").headers["Set-Cookie"]


def test_static_files_are_kept_for_ever_under_their_version(client):
    address = re.search(r'href="(/static/[0-9a-f]{12}/css/heitje\.css)"', client.get("/").text)[1]

    answer = client.get(address, buffered=True)
    older = client.get(re.sub(r"[0-9a-f]{12}", "0" * 12, address), buffered=True)

    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert older.data == answer.data
    assert older.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize(
    "path", ["../theme.py", "..%2ftheme.py", "%2e%2e/theme.py", "/etc/passwd", "css/../../theme.py"]
)
def test_static_files_lead_nowhere_else(client, path):
    assert client.get(f"/static/000000000000/{path}").status_code in {404, 308}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://[bad"},
    ],
)
def test_a_form_of_another_site_is_refused(client, headers):
    assert client.post("/language", data={"language": "en"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "//evil",
        "https://evil",
        "/\\evil",
        "/a\\b",
        "evil",
        "javascript:alert(1)",
        "/\t/evil",
        "/\n/evil",
        "///evil",
        "\\\\evil",
    ],
)
def test_addresses_that_lead_away_are_not_followed(address):
    assert safe_next(address, "/home") == "/home"


@pytest.mark.parametrize("address", ["/", "/chores?kind=green", "/portal/heerlen/claims#7"])
def test_addresses_of_this_site_are_followed(address):
    assert safe_next(address, "/home") == address


def test_the_service_worker_may_serve_the_whole_site_and_names_files_that_exist(client):
    answer = client.get("/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.mimetype == "text/javascript"
    shell = re.search(r'"shell": \[([^\]]*)\]', answer.text)[1]
    for address in re.findall(r'"([^"]+)"', shell):
        assert client.get(address, buffered=True).status_code == 200, address


def test_the_manifest_can_be_installed(client):
    manifest = client.get("/manifest.webmanifest").json
    assert manifest["display"] == "standalone"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        assert client.get(icon["src"], buffered=True).mimetype == "image/png"


def test_the_offline_page_starts_no_session(client):
    answer = client.get("/offline")
    assert "Set-Cookie" not in answer.headers
    assert "<form" not in answer.text
