"""`nouba paper` and `nouba printer test` as an operator types them."""

from __future__ import annotations

import io
import socket
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from server.db import paper_layouts, reads
from server.db.opening import open_store
from server.domain.ids import Language
from server.domain.paper_layout import PaperLayout, Part
from tests.test_cli import Operator, operator, oujda
from virtual_printer import Decoder

__all__ = ["operator"]

TEMPLATE = """
[paper]
parts = ["logo", "number", "wait", "qr", "notice"]
[logo]
file = "arms.png"
[notice]
fr = "Asseyez-vous"
"""


def stored(operator: Operator) -> PaperLayout | None:
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    with store.read() as connection:
        branch = reads.branch_by_slug(connection, "oujda")
        found = paper_layouts.layout_of(connection, branch.id)
    store.engine.dispose()
    return found


def arms(path: Path) -> None:
    picture = Image.new("L", (300, 200), 255)
    ImageDraw.Draw(picture).ellipse((20, 20, 280, 180), fill=0)
    picture.save(path)


def test_a_layout_is_set_shown_set_again_and_reset(operator: Operator, tmp_path: Path) -> None:
    oujda(operator)
    default = operator.succeeds("paper", "show")
    assert "[greeting]" in default
    file = tmp_path / "layout.toml"
    file.write_text(TEMPLATE, encoding="utf-8")
    arms(tmp_path / "arms.png")
    assert "prints now" in operator.succeeds("paper", "set", str(file))
    layout = stored(operator)
    assert layout is not None
    assert layout.logo is not None
    assert layout.parts == (Part.LOGO, Part.NUMBER, Part.WAIT, Part.QR, Part.NOTICE)
    assert layout.text(Part.NOTICE, Language.FRENCH) == "Asseyez-vous"
    assert "prints already" in operator.succeeds("paper", "set", str(file))
    # The picture is gone; what `show` wrote keeps the logo by its name.
    (tmp_path / "arms.png").unlink()
    file.write_text(operator.succeeds("paper", "show"), encoding="utf-8")
    assert "prints already" in operator.succeeds("paper", "set", str(file))
    assert "prints now the default" in operator.succeeds("paper", "reset")
    assert stored(operator) is None
    assert operator.succeeds("paper", "show") == default
    assert "prints already the default" in operator.succeeds("paper", "reset")


def test_a_template_with_mistakes_changes_nothing(operator: Operator, tmp_path: Path) -> None:
    oujda(operator)
    file = tmp_path / "layout.toml"
    file.write_text("[paper]\nwidth_mm = 70\n[notce]\nfr = 'x'\n", encoding="utf-8")
    said = operator.is_refused("paper", "set", str(file))
    assert "2 problems" in said
    assert "line 2: paper.width_mm" in said
    assert "line 3: notce" in said
    file.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in operator.is_refused("paper", "set", str(file))
    file.write_text(TEMPLATE, encoding="utf-8")
    assert "line 5: logo.file: there is no such picture" in operator.is_refused(
        "paper", "set", str(file)
    )
    (tmp_path / "arms.png").write_bytes(b"GIF89a")
    assert "is no “PNG” or “JPEG”" in operator.is_refused("paper", "set", str(file))
    file.write_text("[footer]\nfr = '漢字'\n", encoding="utf-8")
    assert "no font of the paper has “字 漢”" in operator.is_refused("paper", "set", str(file))
    assert stored(operator) is None


def test_a_preview_is_drawn_and_nothing_is_changed(operator: Operator, tmp_path: Path) -> None:
    oujda(operator)
    file = tmp_path / "layout.toml"
    file.write_text("[caption]\nfr = 'Votre tour'\n", encoding="utf-8")
    folder = tmp_path / "pictures"
    told = operator.succeeds("paper", "preview", "--file", str(file), "--to", str(folder))
    paths = [Path(line) for line in told.split()]
    assert len(paths) == 8
    widths = sorted(Image.open(io.BytesIO(path.read_bytes())).width for path in paths)
    assert widths == [384] * 4 + [576] * 4
    before = (folder / "ticket-oujda-fr-58mm.png").read_bytes()
    operator.succeeds("paper", "preview", "--to", str(folder))
    assert (folder / "ticket-oujda-fr-58mm.png").read_bytes() != before
    assert stored(operator) is None


def test_a_ticket_nobody_could_print_is_refused(operator: Operator, tmp_path: Path) -> None:
    oujda(operator)
    words = [
        option for _ in range(12) for option in ("--documents", f"fr={'Longue pièce ' * 9}"[:122])
    ]
    operator.succeeds("service", "create", "long", "--letter", "C", "--name", "fr=Long", *words)
    file = tmp_path / "layout.toml"
    text = "W" * 160
    file.write_text(
        f"[paper]\nparts = ['number', 'documents', 'notice', 'greeting', 'farewell']\n"
        f"[sizes]\ndocuments = 'large'\nnotice = 'large'\ngreeting = 'large'\nfarewell = 'large'\n"
        f"[notice]\nfr = '{text}'\n[greeting]\nfr = '{text}'\n[farewell]\nfr = '{text}'\n",
        encoding="utf-8",
    )
    said = operator.is_refused("paper", "set", str(file))
    assert "paper.parts: a ticket would be longer than 500 mm" in said
    assert stored(operator) is None


def test_the_test_page_reaches_the_printer(operator: Operator) -> None:
    oujda(operator)
    received = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def receive() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65_536):
                    received.extend(data)

        printer = threading.Thread(target=receive)
        printer.start()
        port = listener.getsockname()[1]
        operator.succeeds("printer", "move", "hall", "--address", f"tcp://127.0.0.1:{port}")
        assert "got a test page" in operator.succeeds("printer", "test", "hall")
        printer.join(timeout=10)
    (paper,) = Decoder(384).feed(bytes(received))
    assert paper.complete


def test_a_printer_that_is_away_is_told(operator: Operator) -> None:
    oujda(operator)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    operator.succeeds("printer", "move", "hall", "--address", f"tcp://127.0.0.1:{port}")
    assert "(refused)" in operator.is_refused("printer", "test", "hall")
    assert "there is no printer 'attic'" in operator.is_refused("printer", "test", "attic")


pytestmark = pytest.mark.usefixtures("operator")
