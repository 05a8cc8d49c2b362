# SPDX-License-Identifier: EUPL-1.2
"""Brings what browsers load from `node_modules` to `heitje/web/static/vendor/`: `python -m heitje_server.vendor`.

Run at set-up after `npm ci`, and before a wheel is built. Nothing of it is committed.
"""

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "platform" / "heitje" / "web" / "static" / "vendor"

COPIED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "figtree.woff2": "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
    "jsqr.js": "jsqr/dist/jsQR.js",
    "leaflet/leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet/leaflet.css": "leaflet/dist/leaflet.css",
    "swagger/swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
    "swagger/swagger-ui-bundle.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "licences/htmx.txt": "htmx.org/LICENSE",
    "licences/figtree.txt": "@fontsource-variable/figtree/LICENSE",
    "licences/jsqr.txt": "jsqr/LICENSE",
    "licences/leaflet.txt": "leaflet/LICENSE",
    "licences/lucide.txt": "lucide-static/LICENSE",
    "licences/swagger-ui.txt": "swagger-ui-dist/LICENSE",
}
ICONS = "lucide-static/icon-nodes.json"


class PackageMissing(FileNotFoundError):
    """A front-end package is not installed; `npm ci` brings it."""


def copy_vendor_files(source: Path = NODE_MODULES, target: Path = VENDOR) -> list[Path]:
    """Copy every file that a page loads and return those that are new or have changed."""
    changed = []
    for name, origin in COPIED.items():
        if not (source / origin).is_file():
            raise PackageMissing(f"{source / origin} is missing: run `npm ci` first")
        content = (source / origin).read_bytes()
        if _write(target / name, content):
            changed.append(target / name)
    images = source / "leaflet/dist/images"
    if not (target / "leaflet/images").is_dir():
        shutil.copytree(images, target / "leaflet/images")
        changed.append(target / "leaflet/images")
    drawings = json.loads((source / ICONS).read_text("utf-8"))
    if _write(target / "icons.json", json.dumps(drawings, separators=(",", ":")).encode()):
        changed.append(target / "icons.json")
    return changed


def _write(path: Path, content: bytes) -> bool:
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def main() -> int:
    """Copy and say how many files changed; exit code 1 with the way out when a package is missing."""
    try:
        changed = copy_vendor_files()
    except PackageMissing as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    sys.stdout.write(f"{len(changed)} vendor files brought up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
