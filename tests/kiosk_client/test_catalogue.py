"""What a kiosk makes of the server's catalogue."""

from __future__ import annotations

from dataclasses import replace

from kiosk_client.catalogue import Catalogue
from server.domain.paper_layout import PaperLayout, Part, to_json
from tests.kiosk_client.fake_server import Town, catalogue


def test_paper_looks_as_the_branch_wants_it() -> None:
    layout = PaperLayout(parts=(Part.NUMBER, Part.QR))
    assert Catalogue(replace(catalogue(Town()), layout=to_json(layout))).layout == layout


def test_paper_that_only_a_newer_program_can_print_stops_no_kiosk() -> None:
    raw = {**to_json(PaperLayout()), "parts": ["number", "portrait"]}
    assert Catalogue(replace(catalogue(Town()), layout=raw)).layout is None
