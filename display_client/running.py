"""Puts the display together: the only place that knows all its parts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from device_client.clock import DeviceClock, Timekeeper, steady_seconds
from device_client.http import Away
from device_client.pages import HOST, PageServer
from device_client.place import Identity, SettingsError
from device_client.program import program_version, started
from device_client.server import Revoked
from display_client.browser import Supervisor, browser_command, limits_of
from display_client.cache import Cache
from display_client.fetching import HttpFetcher
from display_client.hours import HoursKeeper
from display_client.keeping import Keeper, Kept, clock_after, is_known, time_of
from display_client.link import Ears, Knocker, Socket
from display_client.memory import Memory
from display_client.news import News
from display_client.pages import THREADS, create_app, page_target
from display_client.player import NoPlayer, Player, find_player, player_advice, why_none
from display_client.power import find_screen, is_screen_wanted
from display_client.proxy import Proxy, ServerWords
from display_client.reports import Orders, Reporter
from display_client.server import HttpDisplayServer
from display_client.settings import MachineSettings, Place
from display_client.speech import Speaker
from display_client.watch import Watch
from server.clock import SystemClock
from server.domain.errors import Refusal
from server.pages.rendering import ROOT
from server.voice import sound

STOP_SECONDS_MAX: Final = 5.0
REFRESH_SECONDS: Final = 300.0
"""How often the page is fetched beside the browser: a new version is known this soon."""
REFRESH_AGAIN_SECONDS: Final = 10.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """One running program. `start` once, `stop` once."""

    news: News
    socket: Socket
    knocker: Knocker
    speaker: Speaker
    reporter: Reporter
    refresher: Refresher
    pages: PageServer
    server: HttpDisplayServer
    watch: Watch
    clock: DeviceClock
    browser: Supervisor | None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.pages.port}/"

    def is_quiet(self) -> bool:
        """Nothing is announced, and no call is new: a moment in which nobody misses the screen."""
        return self.news.is_quiet

    def start(self) -> list[threading.Thread]:
        """Begin every loop in a thread of its own."""
        loops: dict[str, Callable[[], None]] = {
            "socket": self.socket.run,
            "knocker": self.knocker.run,
            "speaker": self.speaker.run,
            "reporter": self.reporter.run,
            "refresher": self.refresher.run,
            "pages": self.pages.run,
        }
        if self.browser is not None:
            loops["browser"] = self.browser.run
        return started(loops)

    def stop(self, threads: list[threading.Thread]) -> None:
        """End them; the sentence that is being said is cut, and begun anew by whoever asks next."""
        if self.browser is not None:
            self.browser.stop()
        for part in (self.speaker, self.socket, self.knocker, self.refresher, self.reporter):
            part.stop()
        self.pages.stop()
        for thread in threads:
            thread.join(STOP_SECONDS_MAX)
        self.server.close()


def build(place: Place, *, settings: MachineSettings, with_browser: bool) -> Display:
    """Everything but the start. Raises SettingsError when this display cannot run."""
    identity = place.identity()
    keeper = Keeper(place.board)
    kept = keeper.read()
    clock = clock_after(kept)
    heard = Timekeeper(clock, lambda _anchor: None).heard
    server = HttpDisplayServer(
        identity.server, token=identity.token, branch=identity.branch, heard=heard
    )
    news = News(steady=steady_seconds, now=clock.now, is_time_known=lambda: is_known(clock))
    hours = HoursKeeper(server)
    watch = _watch(news, server, hours, clock)
    proxy = _proxy(place, identity, news)
    words = ServerWords(proxy, branch=identity.branch, chime=sound.write(sound.chime()))
    with suppress(OSError):  # a full disk: everything works but what is kept
        place.cache.mkdir(parents=True, exist_ok=True)
    speaker = Speaker(
        server,
        words,
        _player(place, settings),
        news,
        Memory(place.cache / "said.json"),
        device=identity.device,
        now=clock.now,
        steady=steady_seconds,
    )
    orders = Orders(news, speaker, watch)
    _load(kept, news, orders)
    proxy.load(page_target(proxy, news.look))
    ears = Ears(news, speaker, orders)

    socket = Socket(
        identity.server,
        identity.token,
        news,
        ears,
        steady=steady_seconds,
        server_said=heard,
    )
    reporter = Reporter(
        server,
        news,
        orders,
        keeper,
        version=program_version(),
        page=watch.page_state,
        sound=lambda: speaker.sound,
        skew_seconds=lambda: clock.skew_seconds,
        steady=steady_seconds,
        time=lambda: time_of(clock),
        accepted=socket.try_again,
    )
    pages = _pages(news, proxy, watch, reporter, identity, orders, settings.port)
    return Display(
        news=news,
        socket=socket,
        knocker=Knocker(server, socket, news, ears, steady=steady_seconds, device=identity.device),
        speaker=speaker,
        reporter=reporter,
        refresher=Refresher(proxy, news, hours),
        pages=pages,
        server=server,
        watch=watch,
        clock=clock,
        browser=_browser(place, settings, pages, watch) if with_browser else None,
    )


def _proxy(place: Place, identity: Identity, news: News) -> Proxy:
    return Proxy(
        HttpFetcher(identity.server),
        Cache(place.cache, wall=lambda: SystemClock().now().timestamp()),
        branch=identity.branch,
        is_online=lambda: news.is_online,
        own_static=ROOT / "static",
    )


class Refresher:
    """Keeps the page's files and the branch's hours as the server has them. Start `run` in a thread of its own."""

    def __init__(self, proxy: Proxy, news: News, hours: HoursKeeper) -> None:
        self._proxy = proxy
        self._news = news
        self._hours = hours
        self._stopping = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                is_done = self._proxy.refresh(page_target(self._proxy, self._news.look))
                self._hours.refresh()
            except Exception:
                _log.exception("refresh_error")
                is_done = False
            pause = REFRESH_SECONDS if is_done else REFRESH_AGAIN_SECONDS

    def stop(self) -> None:
        self._stopping.set()


def _watch(news: News, server: HttpDisplayServer, hours: HoursKeeper, clock: DeviceClock) -> Watch:
    def take_screenshot(order: int, jpeg: bytes) -> None:
        try:
            server.screenshot(order, jpeg)
        except (Away, Revoked, Refusal) as problem:
            _log.warning("screenshot_not_taken", problem=str(problem))

    def local_now() -> datetime:
        zone = news.zone
        return clock.now().astimezone(ZoneInfo(zone)) if zone else clock.now()

    return Watch(
        is_quiet=lambda: news.is_quiet,
        is_screen_wanted=lambda: (
            clock.is_lost or is_screen_wanted(hours.hours, clock.now(), has_people=news.has_people)
        ),
        local_now=local_now,
        take_screenshot=take_screenshot,
    )


def _load(kept: Kept, news: News, orders: Orders) -> None:
    if kept.state is not None:
        orders.load(kept.state)
    news.load(kept.painting, kept.view)


def _player(place: Place, settings: MachineSettings) -> Player:
    found = find_player(settings.player)
    if found is not None:
        return found
    problem = f"{why_none(settings.player, place.settings_file)}: {player_advice(settings.player)}"
    _log.error("no_player", problem=problem)
    return NoPlayer(problem)


def _pages(
    news: News,
    proxy: Proxy,
    watch: Watch,
    reporter: Reporter,
    identity: Identity,
    orders: Orders,
    port: int,
) -> PageServer:
    def name() -> str:
        return orders.state.name if orders.state is not None else identity.name

    app = create_app(news, proxy, watch=watch, is_revoked=lambda: reporter.is_revoked, name=name)
    try:
        return PageServer(app, port, threads=THREADS)
    except OSError as error:
        raise SettingsError(
            f"port {port}: {error.strerror}; set another in display.toml"
        ) from error


def _browser(
    place: Place, settings: MachineSettings, pages: PageServer, watch: Watch
) -> Supervisor:
    return Supervisor(
        browser_command(place, settings, pages.port),
        watch,
        limits=limits_of(settings),
        screen=find_screen(settings.screen_power),
    )
