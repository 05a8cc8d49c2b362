# SPDX-License-Identifier: EUPL-1.2
import json

import pytest

from heitje.web.icons import IconUnknown, icon
from heitje_server import vendor


def test_everything_a_page_loads_is_copied_once(tmp_path):
    first = vendor.copy_vendor_files(target=tmp_path)
    second = vendor.copy_vendor_files(target=tmp_path)

    assert {"htmx.min.js", "figtree.woff2", "jsqr.js", "icons.json"} <= {path.name for path in first}
    assert second == []
    assert "hand-helping" in json.loads((tmp_path / "icons.json").read_text())


def test_a_missing_package_says_what_to_do(tmp_path):
    with pytest.raises(vendor.PackageMissing, match="npm ci"):
        vendor.copy_vendor_files(source=tmp_path, target=tmp_path)


def test_an_icon_takes_only_shapes_and_measures():
    drawn = icon("clock")
    assert drawn.startswith('<svg class="icon"')
    assert 'aria-hidden="true"' in drawn
    assert "onload" not in drawn


def test_an_icon_with_a_name_is_read_out():
    assert 'role="img" aria-label="Afstand &#34;"' in icon("map-pin", label='Afstand "')


@pytest.mark.parametrize("name", ["no-such-icon", "../../etc/passwd", ""])
def test_an_unknown_icon_is_a_mistake(name):
    with pytest.raises(IconUnknown):
        icon(name)
