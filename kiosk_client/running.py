"""Puts the kiosk together: the only place that knows all its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from device_client.browser import Browser, command_line, find_browser, why_none
from device_client.clock import Anchor, DeviceClock, Timekeeper, boot_id
from device_client.pages import HOST, Attention, PageServer
from device_client.place import Identity, SettingsError
from device_client.program import program_version, started
from kiosk_client.browser import FLAGS
from kiosk_client.house import Home
from kiosk_client.journal import Journal, JournalFailure
from kiosk_client.link import Link
from kiosk_client.pages import create_app
from kiosk_client.printer import PrinterLoop
from kiosk_client.server import HttpServer
from kiosk_client.settings import KioskSettings, Place
from server.clock import SystemChance, SystemClock
from server.delivery.channels import Channel, open_channel
from server.delivery.paper import PaperPress
from server.pages.rendering import ROOT
from server.voice import Voice, find_espeak

FONTS: Final = ROOT / "static" / "vendor" / "fonts"
CONNECT_TIMEOUT_SECONDS: Final = 2.0
STOP_SECONDS_MAX: Final = 5.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kiosk:
    """One running program. `start` once, `stop` once."""

    link: Link
    home: Home
    journal: Journal
    printer: PrinterLoop
    pages: PageServer
    server: HttpServer
    browser: Browser | None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.pages.port}/"

    def start(self) -> list[threading.Thread]:
        """Begin every loop in a thread of its own."""
        loops: dict[str, Callable[[], None]] = {
            "link": self.link.run,
            "printer": self.printer.run,
            "pages": self.pages.run,
        }
        if self.browser is not None:
            loops["browser"] = self.browser.run
        return started(loops)

    def stop(self, threads: list[threading.Thread]) -> None:
        """End them; what is not printed or uploaded yet is in the journal."""
        if self.browser is not None:
            self.browser.stop()
        self.pages.stop()
        self.printer.stop()
        self.link.stop()
        for thread in threads:
            thread.join(STOP_SECONDS_MAX)
        self.server.close()
        self.journal.close()


def build(place: Place, *, settings: KioskSettings, with_browser: bool) -> Kiosk:
    """Everything but the start. Raises SettingsError when this kiosk cannot run."""
    identity = place.identity()
    journal = Journal(place.journal, device=identity.device)
    clock = _clock(journal)

    def keep(anchor: Anchor) -> None:
        with suppress(JournalFailure):  # its state is in every report
            journal.keep_anchor(anchor)

    server = HttpServer(
        identity.server,
        token=identity.token,
        branch=identity.branch,
        heard=Timekeeper(clock, keep).heard,
    )
    # The loop tells the link, the link asks the loop: each is built with a way to the other.
    link: Link

    def changed() -> None:
        link.wake()

    printer = PrinterLoop(
        journal,
        clock,
        PaperPress(FONTS),
        _channel(settings),
        width_dots=settings.width_dots,
        catalogue=lambda: link.catalogue,
        changed=changed,
    )
    link = Link(server, journal, clock, version=program_version(), printer=printer.status)
    with suppress(JournalFailure):
        link.load()
    home = Home(
        link,
        journal,
        clock,
        SystemChance(),
        printer=printer.status,
        paper_ordered=printer.ordered,
    )
    attention = Attention()
    pages = _pages(place, home, identity, attention, settings.port)
    browser = _browser(place, settings, pages, attention) if with_browser else None
    return Kiosk(
        link=link,
        home=home,
        journal=journal,
        printer=printer,
        pages=pages,
        server=server,
        browser=browser,
    )


def browser_command(place: Place, settings: KioskSettings, port: int) -> list[str]:
    """Chromium on the kiosk's own page. Raises SettingsError when there is none."""
    found = find_browser(settings.browser)
    if found is None:
        why = why_none(settings.browser, place.settings_file)
        raise SettingsError(f"{why}: apt install chromium, or name one in kiosk.toml")
    return command_line(found, place.browser_profile, f"http://{HOST}:{port}/", flags=FLAGS)


def _channel(settings: KioskSettings) -> Channel | None:
    """Raises SettingsError for an address that has no way here, such as a package that is missing."""
    if not settings.printer:
        return None
    try:
        return open_channel(settings.printer, connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def _clock(journal: Journal) -> DeviceClock:
    try:
        anchor, latest = journal.anchor(), journal.latest_time()
    except JournalFailure as failure:
        # The page still opens and says that it gives no tickets; staff are told through the reports.
        _log.error("journal_failed", state=failure.state, problem=str(failure))
        anchor, latest = None, None
    return DeviceClock(SystemClock(), boot=boot_id(), anchor=anchor, not_before=latest)


def _pages(
    place: Place, home: Home, identity: Identity, attention: Attention, port: int
) -> PageServer:
    voice = Voice(find_espeak(), place.folder / "voice", place.folder / "recordings")
    app = create_app(
        home, branch=identity.branch, attention=attention, key=place.page_key(), voice=voice
    )
    try:
        return PageServer(app, port)
    except OSError as error:
        raise SettingsError(f"port {port}: {error.strerror}; set another in kiosk.toml") from error


def _browser(
    place: Place, settings: KioskSettings, pages: PageServer, attention: Attention
) -> Browser:
    return Browser(browser_command(place, settings, pages.port), attention.quiet_seconds)
