"""A `KioskHouse` in memory whose server can be taken away: what `kiosk_client` is to the pages, without its journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import Flask

from server.domain.errors import Refusal, UnknownBranch, UnknownTicket
from server.kiosk_house import Found, HouseStatus, PrintingState, Taken, Tap
from server.kiosk_pages import pages_for
from server.pages.protection import protect_pages
from server.pages.rendering import ROOT, Renderer
from server.voice import Voice
from server.wire import BranchCard, KioskView, ServiceTile, TicketAnswer, TicketView

SLUG = "alone"
SECRET = "0123456789ABC"
_NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
_SERVICE = {
    "ar": "تصحيح الإمضاءات ومطابقة النسخ لأصولها",
    "fr": "Légalisation et copies conformes",
    "zgh": "ⴰⵙⵖⵣⵏ ⵏ ⵓⵙⴳⵎⴹ ⴷ ⵜⵏⵖⵍⵉⵏ",
    "en": "Signatures and certified copies",
}
_DOCUMENTS = {
    "ar": ("البطاقة الوطنية للتعريف سارية الصلاحية", "الوثيقة المراد توقيعها"),
    "fr": ("Carte nationale en cours de validité", "Le document à signer devant l’agent"),
    "zgh": ("ⵜⴰⴽⴰⵕⴹⴰ ⵜⴰⵏⴰⵎⵓⵔⵜ ⵏ ⵜⵎⴰⴳⵉⵜ", "ⴰⵔⵔⴰ ⵍⵍⵉ ⵔⴰⴷ ⵉⵜⵜⵓⵙⴳⵎⴹ"),
    "en": ("Valid national identity card", "The document, to be signed"),
}
_NAMES = {"ar": "جماعة", "fr": "Commune", "zgh": "ⵜⴰⴳⵔⴰⵡⵜ", "en": "Town hall"}


@dataclass(slots=True)
class LonelyHouse:
    """One branch with one service."""

    is_online: bool = True
    printer: str = "ok"
    seq: int = 1
    waiting: int = 3
    paper: PrintingState | None = None
    """How the paper of every ticket stands; None: as the printer says."""
    refuses: Refusal | None = None
    """The answer to every tap, if there is one."""
    keys: dict[str, str] = field(default_factory=dict)

    def view(self, slug: str) -> KioskView:
        if slug != SLUG:
            raise UnknownBranch("there is no such branch")
        card = BranchCard(
            slug=SLUG,
            names=_NAMES,
            languages=tuple(_NAMES),
            zone="Africa/Casablanca",
            accent="#0f5c5c",
        )
        return KioskView(
            branch=card,
            seq=self.seq,
            at=_NOON,
            is_open=True,
            opens_at=None,
            services=self._tiles(),
        )

    def take(self, slug: str, tap: Tap) -> Taken:
        if self.refuses is not None:
            raise self.refuses
        is_new = tap.key not in self.keys
        label = self.keys.setdefault(tap.key, f"A{len(self.keys) + 901}")
        answer = TicketAnswer(
            id="0" * 26,
            label=label,
            state="waiting",
            service=tap.service,
            ticket_class=tap.ticket_class.value,
            language=tap.language.value,
            desk=None,
            issued_at=_NOON,
            called_at=None,
            seq=self.seq,
            ahead=self.waiting if self.is_online else None,
            secret=SECRET,
        )
        return Taken(
            answer=answer,
            service=self._tiles()[0],
            url=f"HTTP://TOWN.EXAMPLE/T/{SECRET}",
            printing=self.printing(slug, answer.id),
            is_new=is_new,
            is_offline=not self.is_online,
        )

    def printing(self, slug: str, ticket_id: str) -> PrintingState:
        return self.paper or ("queued" if self.printer == "ok" else "fault")

    def find(self, slug: str, secret: str, *, reinstate: bool) -> Found:
        if secret != SECRET:
            raise UnknownTicket("there is no such ticket")
        if not self.is_online:
            return Found(label="A901", state=None, view=None)
        view = TicketView(
            branch=self.view(slug).branch,
            seq=self.seq,
            at=_NOON,
            label="A901",
            state="waiting",
            language="fr",
            service="a",
            names={"fr": "État civil"},
            documents=(),
            ahead=2,
            wait=None,
            desk=None,
            calls=0,
            called_at=None,
            issued_at=_NOON,
        )
        return Found(label="A901", state="waiting", view=view, was_reinstated=reinstate)

    def status(self, slug: str) -> HouseStatus:
        return HouseStatus(is_online=self.is_online, printer=self.printer)

    def _tiles(self) -> tuple[ServiceTile, ...]:
        return tuple(
            ServiceTile(
                code=letter.lower(),
                letter=letter,
                names=_SERVICE,
                documents=_DOCUMENTS,
                icon="book-user",
                is_open=True,
                waiting=self.waiting,
                wait=None,
            )
            for letter in "ABCDEF"
        )


def lonely_app(house: LonelyHouse, voice: Voice | None = None) -> Flask:
    """The pages as a kiosk's own program serves them."""
    app = Flask("kiosk", root_path=str(ROOT), static_folder="static", template_folder="templates")
    app.config.update(SECRET_KEY="only for this test")
    Renderer(app)
    protect_pages(app, https=False)
    app.register_blueprint(pages_for(house, live="poll", voice=lambda _slug: voice))
    return app
