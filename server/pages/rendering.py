"""One renderer for the first paint, the push and the poll: Jinja with the language as an argument.

`Renderer.render` works inside and outside a request. A fragment that is pushed must not use
`csrf_token()` or `csp_nonce()`, which belong to one request, nor `new_key()`: one page's own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit
from uuid import uuid4

import qrcode
from flask import Flask, current_app
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M

from server import i18n
from server.domain.secret_text import spaced
from server.pages.modules import modules_behind
from server.wire import BranchCard

EXTENSION: Final = "nouba_renderer"
ROOT: Final = Path(__file__).resolve().parent.parent.parent
STATIC: Final = ROOT / "static"
ICONS: Final = STATIC / "vendor" / "icons"
UNVOICED: Final = frozenset({"zgh"})
"""Languages for which there is no engine, only recordings."""
SPOKEN_INSTEAD: Final = ("ar", "fr")
QR_QUIET_MODULES: Final = 4
"""The empty border that ISO/IEC 18004 asks for."""
_HASH_LENGTH: Final = 12
_ICON_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ROOT_TAG: Final = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_DIRECTIONAL: Final = {
    "arrow-left": "icon-backward",
    "chevron-left": "icon-backward",
    "arrow-right": "icon-forward",
    "chevron-right": "icon-forward",
    "log-in": "icon-forward",
    "log-out": "icon-forward",
}
_PLAIN_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="currentColor">'
    '<path d="M12 2l3 7 7 3-7 3-3 7-3-7-7-3 7-3z"/></svg>'
)
"""Shown for a name that the icon set lacks: a wrong setting must not stop a kiosk."""

T = TypeVar("T")


class Renderer:
    """Renders templates in one language; built once with the app, which keeps it for `renderer()`."""

    def __init__(self, app: Flask) -> None:
        app.extensions[EXTENSION] = self
        app.jinja_options = {**app.jinja_options, "undefined": StrictUndefined}
        environment = app.jinja_env
        environment.trim_blocks = True
        environment.lstrip_blocks = True
        environment.autoescape = True
        environment.undefined = StrictUndefined
        _install(environment)
        self.version: Final = _version()
        """Of all that pages are made of: one that runs for weeks loads itself anew when it is another."""
        environment.globals["version"] = self.version
        self._environment = environment

    def render(self, template: str, language: str, /, **context: object) -> str:
        """The text of `template` in `language`; ValueError if that is none of ours."""
        if not i18n.is_language(language):
            raise ValueError(f"{language!r} is not a language of these pages")
        return self._environment.get_template(template).render(
            {"language": language, "direction": i18n.direction(language), **context}
        )

    def warm_up(self) -> None:
        """Read all texts, and the templates of who comes back first, before the door opens."""
        for language in i18n.LANGUAGE_NAMES:
            i18n.translate(language, "Desk")
        for template in ("board/_board.html", "ticket/_ticket.html"):
            self._environment.get_template(template)


def renderer() -> Renderer:
    """The renderer of the app that serves this request."""
    return cast(Renderer, current_app.extensions[EXTENSION])


def asset(path: str) -> str:
    """The address of a file of `static/` with a hash of its content: it may be cached for ever."""
    file = STATIC / path
    stamp = file.stat().st_mtime_ns if file.exists() else 0
    return f"/static/{path}?v={_hash(file, stamp)}"


def import_map() -> Markup:
    """The JSON that lets modules say `nouba/live`; every module of `static/js` is in it."""
    imports = {
        f"nouba/{module.stem}": asset(f"js/{module.name}")
        for module in sorted((STATIC / "js").glob("*.js"))
    }
    imports["socket.io"] = asset("vendor/socket.io/socket.io.esm.min.js")
    return _json({"imports": imports})


def modules_of(address: str) -> tuple[str, ...]:
    """The addresses of all modules that the one at `address` needs before it runs."""
    entry = Path(urlsplit(address).path).stem
    return tuple(asset(f"js/{name}.js") for name in modules_behind(STATIC / "js", entry))


def icon(name: str) -> Markup:
    """An inline SVG of the icon set, hidden from screen readers: it always stands beside a word."""
    return _icon(name)


def qr_svg(url: str) -> Markup:
    """`url` as an inline QR code with its quiet zone; upper-case makes a coarser, safer pattern."""
    code = qrcode.QRCode(border=QR_QUIET_MODULES, error_correction=ERROR_CORRECT_M)
    code.add_data(url)
    code.make(fit=True)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark
    )
    return Markup(  # noqa: S704 (digits and letters of our own making only)
        f'<svg class="qr" viewBox="0 0 {len(rows)} {len(rows)}" role="img" aria-hidden="true">'
        f'<path fill="currentColor" d="{path}"/></svg>'
    )


def accent_of(branch: BranchCard, door: str = "branches") -> str:
    """The address of the branch's colour as a style sheet: another colour is another address for a cache."""
    return f"/{door}/{branch.slug}/accent.css?v={branch.accent.removeprefix('#')}"


def frame_of(branch: BranchCard) -> str:
    """A mark of what stands around a fragment: when it is another one, live.js fetches that too."""
    shown = [dict(branch.names), branch.languages, branch.zone, branch.accent]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:_HASH_LENGTH]


def new_key() -> str:
    """A fresh idempotency key for a form."""
    return uuid4().hex


def _install(environment: Environment) -> None:
    environment.globals.update(
        _=_gettext,
        gettext=_gettext,
        ngettext=_ngettext,
        t=i18n.translate,
        t_wait=i18n.t_wait,
        t_date=i18n.local_date,
        t_time=i18n.local_time,
        wait_text=_wait_text,
        wait_range=i18n.wait_range,
        ahead_text=_ahead_text,
        wait_texts=_wait_texts,
        ahead_texts=_ahead_texts,
        local_time=_local_time,
        local_date=_local_date,
        language_names=i18n.LANGUAGE_NAMES,
        direction_of=i18n.direction,
        offset_minutes=i18n.offset_minutes,
        isolated=i18n.isolated,
        spaced=spaced,
        said=_said,
        also=_also,
        also_in=also_in,
        also_ahead=_also_ahead,
        asset=asset,
        accent_of=accent_of,
        frame_of=frame_of,
        icon=icon,
        import_map=import_map,
        modules_of=modules_of,
        qr_svg=qr_svg,
        new_key=new_key,
    )
    environment.filters["text"] = _text
    environment.filters["json"] = _json


@pass_context
def _gettext(context: Context, msgid: str, /, **values: object) -> str:
    """With a Markup among `values` the answer is Markup, and the other values are escaped."""
    if any(isinstance(value, Markup) for value in values.values()):
        trusted = Markup(i18n.translate(context["language"], msgid))  # noqa: S704 (our catalogue)
        return trusted % values
    return i18n.translate(context["language"], msgid, **values)


@pass_context
def _ngettext(context: Context, one: str, many: str, num: int, /, **values: object) -> str:
    return i18n.ntranslate(context["language"], one, many, num, **values)


def _said(msgid: str, /, **values: object) -> dict[str, str]:
    """A text in every language, for what is spoken in another one than the page's."""
    return {tag: i18n.translate(tag, msgid, **values) for tag in i18n.LANGUAGE_NAMES}


@pass_context
def _also(context: Context, texts: Mapping[str, str]) -> Markup:
    """`also_in` the page's own language."""
    return also_in(context["language"], texts)


def also_in(language: str, texts: Mapping[str, str]) -> Markup:
    """Attributes that say `texts` in the languages that are spoken where `language` itself has no voice."""
    if language not in UNVOICED:
        return Markup()
    return Markup("").join(
        Markup(' data-say-{}="{}"').format(tag, texts[tag])
        for tag in SPOKEN_INSTEAD
        if tag in texts
    )


@pass_context
def _also_ahead(context: Context, ahead: int) -> Markup:
    """`also` for how many people are before you."""
    return also_in(
        context["language"], {tag: i18n.ahead_text(tag, ahead) for tag in SPOKEN_INSTEAD}
    )


@pass_context
def _wait_text(context: Context, wait: i18n.WaitSpan | None) -> str:
    return i18n.t_wait(context["language"], wait)


@pass_context
def _ahead_text(context: Context, ahead: int) -> str:
    return i18n.ahead_text(context["language"], ahead)


@pass_context
def _wait_texts(context: Context) -> dict[str, object]:
    return i18n.wait_texts(context["language"])


@pass_context
def _ahead_texts(context: Context) -> dict[str, str]:
    return i18n.ahead_texts(context["language"])


@pass_context
def _local_time(context: Context, moment: datetime, zone: str) -> str:
    return i18n.local_time(context["language"], moment, zone)


@pass_context
def _local_date(context: Context, moment: datetime, zone: str) -> str:
    return i18n.local_date(context["language"], moment, zone)


@pass_context
def _text(context: Context, texts: Mapping[str, T]) -> T | str:
    """The page's language, else French, else whichever there is; "" for none at all."""
    return (
        texts.get(context["language"]) or texts.get(i18n.FALLBACK) or next(iter(texts.values()), "")
    )


def _json(value: object) -> Markup:
    """JSON that is safe inside a script element of type application/json or importmap."""
    text = json.dumps(value, ensure_ascii=False)
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 ("<" is escaped, which is what matters there)


def _version() -> str:
    """A mark of every template, script, style and text as this process found them."""
    folders = (
        (STATIC / "css", "*.css"),
        (STATIC / "js", "*.js"),
        (ROOT / "templates", "**/*.html"),
    )
    files = [file for folder, pattern in folders for file in sorted(folder.glob(pattern))]
    files += sorted(i18n.TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))
    found = hashlib.sha256()
    for file in files:
        found.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:_HASH_LENGTH]


@lru_cache(maxsize=512)
def _hash(file: Path, stamp: int) -> str:
    if not stamp:
        return "missing"
    return hashlib.sha256(file.read_bytes()).hexdigest()[:_HASH_LENGTH]


@lru_cache(maxsize=512)
def _icon(name: str) -> Markup:
    file = ICONS / f"{name}.svg"
    known = _ICON_NAME.fullmatch(name) is not None and file.exists()
    source = file.read_text(encoding="utf-8") if known else _PLAIN_ICON
    source = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)
    classes = " ".join(filter(None, ("icon", _DIRECTIONAL.get(name))))
    opened = (
        f'<svg class="{classes}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
    )
    return Markup(" ".join(_ROOT_TAG.sub(opened, source, count=1).split()))  # noqa: S704 (our own installed files, never a visitor's text)
