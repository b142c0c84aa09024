"""A page's head names the modules that must be there before it runs, and no others."""

from __future__ import annotations

from server.pages.modules import modules_behind
from server.pages.rendering import STATIC, asset, modules_of

JS = STATIC / "js"


def test_modules_are_found_through_the_modules_that_import_them() -> None:
    found = modules_behind(JS, "kiosk")
    assert {"kiosk-take", "shown", "morph", "frame"} <= set(found)
    assert len(set(found)) == len(found)
    assert "kiosk" not in found
    assert not {"polled", "live"} & set(found), "asked for later, and never both"


def test_each_is_where_the_import_map_says() -> None:
    assert asset("js/shown.js") in modules_of(asset("js/board.js"))
