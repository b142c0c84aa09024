"""What every page needs, built once in `create_app` and found again in a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from flask import Flask, Response, current_app

from server.actions.hall import Hall
from server.config import Config
from server.db.credentials import Credential
from server.domain.branch import Branch, Service
from server.domain.ids import Language, Secret
from server.domain.paper_layout import Logo, PaperLayout
from server.domain.paper_template import Template
from server.media import MediaFolders
from server.pages.rendering import Renderer
from server.voice import Voice

EXTENSION = "nouba"
TIME_HEADER = "Nouba-Time"
"""The server's UTC with every answer: a device measures its own clock by it."""


class Tokens(Protocol):
    """Who a token speaks for (`access.Tokens`)."""

    def find(self, digest: str) -> Credential | None: ...


class PaperOffice(Protocol):
    """Reads paper templates and draws samples (`delivery.paper.office`, which the web never imports)."""

    def layout(
        self, template: Template, *, picture: bytes | None, kept: Logo | None
    ) -> PaperLayout:
        """The whole layout of a template. Raises TemplateInvalid."""
        ...

    def pictures(
        self,
        layout: PaperLayout,
        *,
        branch: Branch,
        services: tuple[Service, ...],
        url: str,
        now: datetime,
    ) -> Mapping[tuple[Language, int], bytes]:
        """PNG files of a ticket, by language and millimetres. Raises TemplateInvalid."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The parts that routes work with. `paper_url` is the demo's virtual printer, if it runs."""

    hall: Hall
    config: Config
    renderer: Renderer
    tokens: Tokens
    paper: PaperOffice
    voice: Voice
    media: MediaFolders
    paper_url: str = ""

    def ticket_url(self, secret: Secret) -> str:
        """The address in the QR: upper-case, so that the code is small (FACTS, Paper)."""
        return f"{public_url(self.config)}/T/{secret}".upper()


def web() -> Web:
    """The parts of the app that serves this request."""
    return cast(Web, current_app.extensions[EXTENSION])


def public_url(config: Config) -> str:
    """Where citizens' phones find this server."""
    server = config.server
    return server.public_url.rstrip("/") or f"http://{server.host}:{server.port}"


def tell_time(app: Flask) -> None:
    """Add `TIME_HEADER` to every answer."""

    def add(answer: Response) -> Response:
        answer.headers[TIME_HEADER] = web().hall.clock.now().isoformat()
        return answer

    app.after_request(add)
