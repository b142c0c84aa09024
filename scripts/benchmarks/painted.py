"""`painted`: from a call's commit to the frame that shows it, on twenty real walls beside 200 bare sockets.

Each wall is a page of one headless Chromium, drawn without a graphics card. The clock starts as in `fanout`, at the
call's own time, read under the lock just before the commit. It stops in the page: once the call's row is in the
document, the second animation frame from there, for by then the first has been drawn; the page says so itself, in
the time of its own clock, which is compared with ours beforehand. The floor is the very text of the call's push,
broadcast by a plain server to as many pages that put it into one text node, and to as many bare sockets.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from benchmarks.browser import clock_ahead_millis, running_browser
from benchmarks.building import SLUG, Building, build
from benchmarks.children import Child, running_child
from benchmarks.crowd import Crowd
from benchmarks.fanout import SERVICES, numbered, watch_boards
from benchmarks.figures import BenchWrong, Figure, Pairs, percentile
from benchmarks.rows import fill_lines
from benchmarks.running import HOST, running_server
from benchmarks.scratch import Size

NAME = "painted"
WIDTH, HEIGHT = 960, 540
"""Half a wall each way: one processor draws all of them, where a hall has a machine for each."""
CALLS_A_ROUND = 4
APART_SECONDS = 1.0
REST_SECONDS = 7.0
"""A wall flashes for six seconds after its last call: it must not draw while the floor is measured."""
PAINT_SECONDS_MAX = 30.0
_SAY = """
window.sayWhenPainted = (key) => requestAnimationFrame(() => requestAnimationFrame(
  () => window.painted(key, performance.timeOrigin + performance.now())));
"""
_WALL = (
    _SAY
    + """
addEventListener("DOMContentLoaded", () => {
  const said = new Set();
  new MutationObserver(() => {
    for (const call of document.querySelectorAll("#view [data-call]")) {
      const key = call.dataset.call.split("/")[0];
      if (!said.has(key)) { said.add(key); window.sayWhenPainted(key); }
    }
  }).observe(document.body, {subtree: true, childList: true, attributeFilter: ["data-call"]});
});
"""
)
_BARE = (
    "(port) => new Promise((open) => {"
    + _SAY
    + """
  const text = document.body.appendChild(document.createTextNode(""));
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.onopen = () => open(true);
  socket.onmessage = (event) => {
    text.data = event.data;
    window.sayWhenPainted(/"seq": ?(\\d+)/.exec(event.data)[1]);
  };
})"""
)


@dataclass(slots=True)
class _Glass:
    """Pages that tell when they have painted what."""

    pages: list[Page] = field(default_factory=list)
    ahead: list[float] = field(default_factory=list)
    painted: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds of our monotonic clock by what was painted."""

    def open(self, browser: Browser, init: str) -> Page:
        context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
        page = context.new_page()
        index = len(self.pages)
        page.expose_function("painted", lambda key, at: self._hear(index, key, at))
        if init:
            page.add_init_script(init)
        self.pages.append(page)
        return page

    def align(self) -> None:
        """Learn how far each page's clock is from ours."""
        self.ahead = [clock_ahead_millis(page) for page in self.pages]

    def await_painted(self, key: str) -> list[float]:
        """When each page had painted `key`. Raises BenchWrong when one does not."""
        until = time.monotonic() + PAINT_SECONDS_MAX
        while len(self.painted.get(key, ())) < len(self.pages):
            if time.monotonic() > until:
                raise BenchWrong(f"{len(self.painted.get(key, ()))} pages painted {key}")
            self.pages[0].wait_for_timeout(20)
        return self.painted.pop(key)

    def _hear(self, index: int, key: str, at: float) -> None:
        self.painted.setdefault(key, []).append(at - self.ahead[index])


@dataclass(slots=True, kw_only=True)
class _Hall:
    """Walls and sockets on our server, bare pages and sockets on the floor's."""

    building: Building
    crowd: Crowd
    walls: _Glass
    bare: _Glass
    screens: Child
    floor: Child
    floor_screens: Child
    turn: int = 0
    frame: str = ""


def measure(folder: Path, size: Size) -> Iterator[Figure]:
    """Floor and walls in turn. Raises BenchWrong when a call is not painted."""
    building = build(folder / "painted", SERVICES)
    fill_lines(building, (size.rounds + 1) * CALLS_A_ROUND * len(SERVICES))
    half, most, sockets = Pairs(), Pairs(), Pairs()
    with ExitStack() as stack:
        hall = _opened(stack, building, size)
        _call(hall)  # its push is what the floor sends
        for _ in range(size.rounds):
            hall.walls.pages[0].wait_for_timeout(REST_SECONDS * 1000)
            floor_millis, floor_last = _several(hall, _broadcast)
            millis, last = _several(hall, _call)
            half.add(percentile(millis, 0.5), percentile(floor_millis, 0.5))
            most.add(percentile(millis, 0.99), percentile(floor_millis, 0.99))
            sockets.add(last, floor_last)
        hall.crowd.close()
    walls = f"{size.pages} walls in Chromium, commit to painted"
    yield half.figure(NAME, f"{walls}, p50", "ms", more_is_better=False)
    yield most.figure(NAME, f"{walls}, p99", "ms", more_is_better=False)
    beside = f"{size.sockets[0]:,} sockets beside them, commit to the last"
    yield sockets.figure(NAME, beside, "ms", more_is_better=False)


def _opened(stack: ExitStack, building: Building, size: Size) -> _Hall:
    server = stack.enter_context(running_server(building.data))
    hall = _Hall(
        building=building,
        crowd=Crowd(server.port),
        walls=_Glass(),
        bare=_Glass(),
        screens=stack.enter_context(running_child("audience")),
        floor=stack.enter_context(running_child("broadcaster")),
        floor_screens=stack.enter_context(running_child("audience")),
    )
    floor_port = hall.floor.answer()["port"]
    desk, token = building.desks[0], building.agent_tokens[0]
    hall.crowd.post("shift", f"/desks/{desk}/shift", token, {})
    count = size.sockets[0]
    path = "/socket.io/?EIO=4&transport=websocket"
    hall.screens.ask(do="join", port=server.port, path=path, watch=watch_boards(count))
    hall.floor_screens.ask(do="join", port=floor_port, path="/", watch=[None] * count)
    browser = stack.enter_context(running_browser())
    for _ in range(size.pages):
        wall = hall.walls.open(browser, _WALL)
        wall.goto(f"http://{HOST}:{server.port}/board/{SLUG}")
        wall.wait_for_function("performance.getEntriesByType('resource').length > 0")
        hall.bare.open(browser, "").evaluate(_BARE, floor_port)
    hall.walls.align()
    hall.bare.align()
    return hall


def _several(hall: _Hall, one: Any) -> tuple[Sequence[float], float]:
    """Milliseconds of all pages for some calls, and the median of the sockets' last ones."""
    millis: list[float] = []
    lasts = []
    for _ in range(CALLS_A_ROUND):
        hall.walls.pages[0].wait_for_timeout(APART_SECONDS * 1000)
        painted, last = one(hall)
        millis += painted
        lasts.append(last)
    return millis, percentile(lasts, 0.5)


def _call(hall: _Hall) -> tuple[list[float], float]:
    """One call, started and finished once everybody has it."""
    token, desk = hall.building.agent_tokens[0], hall.building.desks[0]
    called = hall.crowd.post("call", f"/desks/{desk}/calls", token, {}).body
    moment = datetime.fromisoformat(called["called_at"]).timestamp()
    committed = (moment - time.time() + time.monotonic()) * 1000
    heard = hall.screens.ask(do="await", message="view", seq=called["seq"])
    if heard["last"] is None:
        raise BenchWrong("a socket did not hear of a call")
    hall.frame = heard["frame"]
    painted = hall.walls.await_painted(called["label"])
    path = f"/tickets/{called['id']}"
    hall.crowd.post("start", f"{path}/starts", token, {})
    hall.crowd.post("finish", f"{path}/finishes", token, {})
    return [at - committed for at in painted], heard["last"] * 1000 - committed


def _broadcast(hall: _Hall) -> tuple[list[float], float]:
    """The same bytes under a new `seq` by the floor's server."""
    hall.turn += 1
    seq = 10**9 + hall.turn
    sent = time.monotonic() * 1000
    hall.floor.tell(frame=numbered(hall.frame, seq))
    heard = hall.floor_screens.ask(do="await", message="view", seq=seq)
    if heard["last"] is None:
        raise BenchWrong("a socket did not hear the floor's broadcast")
    painted = hall.bare.await_painted(json.dumps(seq))
    return [at - sent for at in painted], heard["last"] * 1000 - sent
