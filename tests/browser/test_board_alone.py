"""A board in a browser without the display's program: it says each call itself, and says so when it knows nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screens import Screens
from tests.browser.town import CERTIFICATES, CIVIL, CLOSED, LEGAL, House, Site
from tests.browser.wires import wire
from tests.end_to_end.browsers import BOARD
from tests.voice.test_speaking import espeak

pytestmark = pytest.mark.browser
PLAYED = """
window.played = [];
const sources = new WeakMap();
const read = Response.prototype.arrayBuffer;
Response.prototype.arrayBuffer = async function () {
  const found = await read.call(this);
  sources.set(found, new URL(this.url));
  return found;
};
const decode = BaseAudioContext.prototype.decodeAudioData;
BaseAudioContext.prototype.decodeAudioData = async function (data) {
  const url = sources.get(data);
  const found = await decode.call(this, data);
  sources.set(found, url);
  return found;
};
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  const url = sources.get(this.buffer);
  window.played.push(url.pathname.split("/").pop() + url.search);
  return start.apply(this, when);
};
"""
"""Remembers what was really started: the name of each sound and what it says."""
ASLEEP = """Object.defineProperty(BaseAudioContext.prototype, "state", {get: () => "suspended"});"""
"""As in a browser that nobody has touched yet."""
BOXES = """() => {
  const button = document.getElementById("sound").getBoundingClientRect();
  const seen = document.querySelectorAll(
    "#view [lang], #view .line-count, #view .call-number, #view .call-desk, #view [data-clock]"
  );
  const textOf = (each) => {
    const range = document.createRange();
    range.selectNodeContents(each);
    return [...range.getClientRects()];
  };
  return [...seen].filter((each) => {
    if (!each.checkVisibility({visibilityProperty: true, opacityProperty: true})) return false;
    return textOf(each).some((other) => button.left < other.right && other.left < button.right
      && button.top < other.bottom && other.top < button.bottom);
  }).map((each) => each.className + ": " + each.textContent.trim());
}"""
"""What the button for sound lies upon."""


def _begun(page: Page, count: int) -> list[str]:
    """Wait until `count` sounds have begun, in the time that they really take."""
    page.wait_for_function("(count) => window.played.length >= count", arg=count)
    played: list[str] = page.evaluate("window.played")
    return played


@pytest.mark.voice
def test_a_call_is_said_once_in_the_languages_of_the_branch(site: Site, screens: Screens) -> None:
    espeak()
    house = site.house()
    agent = house.seated(2)
    page = screens.open(BOARD)
    page.add_init_script(PLAYED)
    page.goto(f"/board/{house.slug}?voice=1")
    expect(page.locator("#sound")).to_be_hidden()
    house.take()
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("1")
    agent.call(house.desks[1])
    spoken = [
        tag
        for tag in (page.locator("#view").get_attribute("data-languages") or "").split()
        if tag != "zgh"
    ]
    assert len(spoken) == 3
    said = ["chime.wav", *(f"{tag}.wav?number=A001&desk=2" for tag in spoken)]
    assert _begun(page, len(said)) == said, "Amazigh has no recordings here and is left out"
    house.take()  # the board is painted anew while the call still stands on it
    expect(page.locator("#line-etat-civil .line-count")).to_have_text("1")
    house.seated(1).call(house.desks[0])
    next_one = ["chime.wav", f"{spoken[0]}.wav?number=A002&desk=1"]
    assert _begun(page, len(said) + 2) == [*said, *next_one], "once"


def test_without_voice_no_sentence_is_asked_for(site: Site, screens: Screens) -> None:
    house = site.house()
    agent = house.seated()
    page = screens.open(BOARD)
    page.add_init_script(PLAYED)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/board/{house.slug}")
    house.take()
    agent.call(house.desks[0])
    expect(page.locator("[data-spot] .call-number")).to_have_text("A001")
    assert page.evaluate("window.played") == []
    assert not [url for url in asked if "/say/" in url]


@pytest.mark.parametrize("size", [BOARD, (1366, 768), (1080, 1920)])
@pytest.mark.parametrize(
    "lines",
    [(CIVIL, LEGAL), (CIVIL, LEGAL, CERTIFICATES), (CIVIL, LEGAL, CERTIFICATES, CLOSED)],
    ids=["two", "three", "four"],
)
def test_the_button_for_sound_covers_nothing_of_a_split_board(
    site: Site, screens: Screens, lines: tuple[str, ...], size: tuple[int, int]
) -> None:
    house = site.house()
    agent = house.seated(3)
    for service in lines[:3] * 2:
        house.take(service)
    agent.call(house.desks[2])
    page = screens.open(size)
    page.add_init_script(ASLEEP)
    for mode in ("rotate", "side"):
        page.goto(f"/board/{house.slug}?voice=1&mode={mode}&lines={','.join(lines)}")
        expect(page.locator("#sound")).to_be_visible()
        expect(page.locator(".column")).to_have_count(len(lines))
        assert page.evaluate(BOXES) == []
        for language in ("ar", "fr", "zgh", "en"):
            page.evaluate(
                "(tag) => { document.querySelector('.wall').dataset.shown = tag; }", language
            )
            assert page.evaluate(BOXES) == []


def _is_believed(page: Page, said: str) -> None:
    expect(page.locator(".wall")).to_have_attribute("data-current", said)


def test_a_minute_without_the_server_is_admitted(site: Site, screens: Screens) -> None:
    house: House = site.house()
    agent = house.seated()
    house.take()
    with wire(site.server.port) as cable:
        page = screens.open(BOARD)
        page.clock.install()
        page.goto(f"{cable.url}/board/{house.slug}")
        agent.call(house.desks[0])
        expect(page.locator("[data-spot] .call-number")).to_have_text("A001")
        cable.is_silent = True
        page.clock.run_for(40_000)
        expect(page.locator("#connection")).to_be_visible()
        _is_believed(page, "yes")
        expect(page.locator("#unsure")).to_be_hidden()
        page.clock.run_for(25_000)
        _is_believed(page, "no")
        expect(page.locator("#unsure")).to_be_visible()
        cable.is_silent = False
        _is_believed(page, "yes")
        expect(page.locator("#unsure")).to_be_hidden()
        expect(page.locator("[data-spot] .call-number")).to_have_text("A001")
