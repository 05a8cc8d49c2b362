# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest
import segno
from playwright.sync_api import expect

from tests.fixtures.browser import PHONE, complaints_of, open_browser

pytestmark = pytest.mark.browser

SIDE = 480


def film_of(text: str, folder: Path) -> Path:
    """Write a film of one QR code, as a camera before it would give: YUV4MPEG2, ten frames."""
    rows = [list(row) for row in segno.make(text, error="m").matrix_iter(scale=8, border=6)]
    size = len(rows)
    before = (SIDE - size) // 2
    luma = bytearray(b"\xc8" * (SIDE * SIDE))
    for y, row in enumerate(rows):
        start = (y + before) * SIDE + before
        luma[start : start + size] = bytes(16 if dark else 235 for dark in row)
    grey = b"\x80" * (SIDE * SIDE // 2)
    film = folder / "camera.y4m"
    frames = b"".join(b"FRAME\n" + bytes(luma) + grey for _ in range(10))
    film.write_bytes(f"YUV4MPEG2 W{SIDE} H{SIDE} F10:1 Ip A1:1 C420jpeg\n".encode() + frames)
    return film


@pytest.mark.parametrize("has_detector", [True, False], ids=["as it is", "without the browser's own detector"])
def test_a_code_before_the_camera_is_followed(site, tmp_path, has_detector):
    film = film_of(f"{site}/pay/ABC123", tmp_path)
    with open_browser(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ) as camera:
        context = camera.new_context(viewport=PHONE, locale="nl-NL", permissions=["camera"], service_workers="block")
        page = context.new_page()
        if not has_detector:
            page.add_init_script("delete globalThis.BarcodeDetector")
        complaints = complaints_of(page)
        page.goto(site + "/pay")
        page.get_by_role("button", name="Scan de code").click()
        expect(page.get_by_role("heading", name="Betalen met code ABC123")).to_be_visible(timeout=20_000)
        assert complaints == []


def test_without_a_camera_the_page_says_to_type_the_code(browser, site):
    context = browser.new_context(viewport=PHONE, locale="nl-NL", service_workers="block")
    page = context.new_page()
    page.goto(site + "/pay")
    page.get_by_role("button", name="Scan de code").click()
    expect(page.get_by_text("De camera gaat niet open. Typ de code.")).to_be_visible()
    context.close()
