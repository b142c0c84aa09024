"""Where an administrator's template becomes a layout, and a layout the very pictures that will be printed."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from server import i18n
from server.delivery.paper.logo import LogoUnusable, read_logo
from server.delivery.paper.press import PICTURE_HEIGHT_DOTS_MAX, PaperPress
from server.delivery.paper.words import words_of
from server.domain.branch import Branch, Service
from server.domain.ids import Language, in_language
from server.domain.paper_layout import (
    DOTS_ACROSS,
    DOTS_PER_MM,
    WIDTHS_MM,
    Logo,
    PaperLayout,
    with_logo,
)
from server.domain.paper_template import LogoWish, Problem, Template, TemplateInvalid
from server.wire import WaitRange

SAMPLE_NUMBER: Final = 12
SAMPLE_AHEAD: Final = 3
SAMPLE_WAIT: Final = WaitRange(p50_seconds=600, p90_seconds=900)

Pictures = Mapping[tuple[Language, int], bytes]
"""PNG files by language and width of the paper in millimetres."""


def _(msgid: str) -> str:
    """Marks a text for the catalogues; it is translated where the language is known."""
    return msgid


class PaperOffice:
    """Reads templates and draws samples. Its press is its own: trying things out pushes out no strip that prints."""

    def __init__(self, fonts_folder: Path) -> None:
        self._fonts_folder = fonts_folder

    def layout(
        self, template: Template, *, picture: bytes | None, kept: Logo | None
    ) -> PaperLayout:
        """The whole layout of a template. Raises TemplateInvalid, which names every mistake.

        Without a `picture` of its logo, `kept` serves if it has its name.
        """
        problems = list(self._unprintable(template))
        logo = None
        try:
            logo = _logo(template.logo, picture, kept)
        except LogoUnusable as error:
            place = f"logo.{error.field}"
            problems.append(_problem(template, place, error.message, **error.values))
        if problems:
            raise TemplateInvalid(tuple(sorted(problems, key=lambda each: each.line or 0)))
        return with_logo(template.layout, logo)

    def pictures(
        self,
        layout: PaperLayout,
        *,
        branch: Branch,
        services: tuple[Service, ...],
        url: str,
        now: datetime,
    ) -> Pictures:
        """A ticket in each language on each width, as the printer gets it: of the service with the most to bring.

        Raises TemplateInvalid when no printer would take the paper.
        """
        return {
            (language, width_mm): self._picture(
                layout,
                branch=branch,
                service=_longest(services, language),
                language=language,
                width_mm=width_mm,
                url=url,
                now=now,
            )
            for language in Language
            for width_mm in WIDTHS_MM
        }

    @cached_property
    def _press(self) -> PaperPress:
        # At the first use: most processes never draw a sample.
        return PaperPress(self._fonts_folder)

    def _unprintable(self, template: Template) -> list[Problem]:
        return [
            _problem(
                template,
                f"{part.value}.{language.value}",
                _("no font of the paper has “%(characters)s”"),
                characters=" ".join(sorted(missing)),
            )
            for part, texts in template.layout.texts.items()
            for language, text in texts.items()
            if (missing := self._press.missing_glyphs(text))
        ]

    def _picture(
        self,
        layout: PaperLayout,
        *,
        branch: Branch,
        service: Service | None,
        language: Language,
        width_mm: int,
        url: str,
        now: datetime,
    ) -> bytes:
        specimen = i18n.translate(language.value, "Specimen")
        letter = service.letter if service else "A"
        words = words_of(
            language=language,
            printer_width_dots=DOTS_ACROSS[width_mm],
            municipality=in_language(branch.names, language),
            service=in_language(service.names, language) if service else specimen,
            documents=service.documents.get(language, ()) if service else (),
            number=f"{letter}{SAMPLE_NUMBER:03d}",
            issued_at=now,
            zone=branch.hours.zone.key,
            url=url,
            ahead=SAMPLE_AHEAD,
            wait=SAMPLE_WAIT,
            layout=layout,
        )
        try:
            picture = self._press.draw(words)
        except ValueError as error:
            most = PICTURE_HEIGHT_DOTS_MAX // DOTS_PER_MM
            message = _("a ticket would be longer than %(most)s mm")
            problem = Problem(key="paper.parts", message=message, values={"most": most})
            raise TemplateInvalid((problem,)) from error
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()


def _logo(wish: LogoWish, data: bytes | None, kept: Logo | None) -> Logo | None:
    if not wish.file:
        return None
    if data is not None:
        return read_logo(data, wish)
    if kept is None or kept.name != wish.file:
        raise LogoUnusable(_("there is no such picture: give it along"))
    if (kept.width_mm, kept.threshold) != (wish.width_mm, wish.threshold):
        message = _(
            "the present logo was made for another width or threshold: give its picture again"
        )
        raise LogoUnusable(message)
    return kept


def _problem(template: Template, place: str, message: str, **values: str | int) -> Problem:
    return Problem(key=place, message=message, line=template.places.get(place), values=values)


def _longest(services: tuple[Service, ...], language: Language) -> Service | None:
    def length(service: Service) -> int:
        return sum(len(each) for each in service.documents.get(language, ()))

    return max(services, key=length, default=None)
