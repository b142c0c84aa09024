"""Between calls: pictures, videos and notices in the large place, gone in the instant of a call."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, Page, expect

from server.actions.notices import set_notices
from server.db import reads
from server.domain.ids import Language
from server.domain.notices import MINUTES_MAX, Notice, NoticeKind, Notices, Times
from server.media import SCAN_SECONDS
from tests.browser.looking import SETTLE, look
from tests.browser.screens import Screens
from tests.browser.town import House, Site
from tests.end_to_end.browsers import BOARD, KIOSK

pytestmark = pytest.mark.browser
PICTURE_MILLISECONDS = 12_000
REPAINT_MILLISECONDS = 60_000
TICK_MILLISECONDS = 1_100
REAL_MILLISECONDS = 200
"""What decodes and loads needs real time, however fast the clock goes."""
OLD_MILLISECONDS = 62_000
"""A call is no news any more."""
SHOWN = "#between img, #between video"
ADDRESS = "(place) => place.firstElementChild?.getAttribute('src') ?? ''"
COVERS = """() => {
  const box = document.querySelector("#between").getBoundingClientRect();
  const seen = (element) => {
    const own = element.getBoundingClientRect();
    const top = document.elementFromPoint(own.x + own.width / 2, own.y + own.height / 2);
    return own.width > 0 && element.contains(top);
  };
  return {
    width: box.width, height: box.height,
    hidden: [...document.querySelectorAll(".call")]
      .filter((call) => getComputedStyle(call).display !== "none")
      .filter((call) => !seen(call.querySelector(".call-number"))).length,
    listed: [...document.querySelectorAll(".call .call-number")].filter(seen).map((each) => each.textContent),
  };
}"""
"""The size of the large place, and whether anything lies over the numbers."""
RECORD = """async () => {
  const canvas = document.createElement("canvas");
  canvas.width = 320; canvas.height = 180;
  const brush = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(20), {mimeType: "video/webm;codecs=vp8"});
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const done = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  for (let frame = 0; frame < 24; frame += 1) {
    brush.fillStyle = `hsl(${frame * 15} 80% 40%)`;
    brush.fillRect(0, 0, 320, 180);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  recorder.stop();
  await done;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
"""A video of a second, made by the browser itself."""
TEXTS = {
    Language.ARABIC: "تغلق الجماعة أبوابها على الساعة {time}",
    Language.FRENCH: "La commune ferme à {time}",
    Language.AMAZIGH: "ⵔⴰⴷ ⵜⵇⵇⵏ ⵜⴳⵔⴰⵡⵜ ⴳ {time}",
    Language.ENGLISH: "The town hall closes at {time}",
}
WORDS = {
    Language.ARABIC: "يوم دراسي مفتوح للعموم يوم السبت بالقاعة الكبرى",
    Language.FRENCH: "Journée portes ouvertes samedi, grande salle",
    Language.AMAZIGH: "ⴰⵙⵙ ⵏ ⵡⴰⵡⴰⵍ ⴰⵙⵉⴹⵢⴰⵙ ⴳ ⵜⵣⵇⵇⴰ ⵜⴰⵅⴰⵜⴰⵔⵜ",
    Language.ENGLISH: "Open day on Saturday in the great hall",
}


def _folder(site: Site, house: House) -> Path:
    folder = site.server.data / "media" / house.slug
    folder.mkdir(parents=True)
    return folder


def _picture(path: Path, colour: str, size: tuple[int, int] = (1600, 900)) -> None:
    picture = Image.new("RGB", size, colour)
    ImageDraw.Draw(picture).ellipse((20, 20, size[0] - 20, size[1] - 20), fill="white")
    picture.save(path)


def _board(
    screens: Screens, house: House, mode: str = "rotate", size: tuple[int, int] = BOARD
) -> Page:
    page = screens.open(size)
    page.clock.install()
    page.goto(f"/board/{house.slug}?mode={mode}")
    expect(page.locator(".board-lines")).to_be_visible()
    return page


def _shows(page: Page, name: str) -> None:
    """Until that file stands in the large place; time is hurried, for pictures stay long."""
    _hurry(page, lambda: f"/{name}?" in page.locator("#between").evaluate(ADDRESS), name)


def _hurry(page: Page, reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, f"not seen: {what}"
        page.clock.run_for(TICK_MILLISECONDS)
        page.wait_for_timeout(REAL_MILLISECONDS)


def _is_lent(page: Page) -> bool:
    lent: bool = page.locator(".wall").evaluate("(wall) => 'between' in wall.dataset")
    return lent


def test_pictures_take_turns_and_a_broken_file_is_skipped(site: Site, screens: Screens) -> None:
    house = site.house()
    folder = _folder(site, house)
    _picture(folder / "1 place.jpg", "teal")
    _cut(folder / "2 cut.jpg")
    (folder / "3 notes.png").write_bytes(b"no picture at all")
    _picture(folder / "4 jardin.webp", "olive", (900, 1600))
    page = _board(screens, house)
    addresses = page.locator("#between").get_attribute("data-media") or ""
    assert addresses.count("picture:12:") == 3, "what is no picture is not offered"
    for name in ("1%20place.jpg", "4%20jardin.webp", "1%20place.jpg", "4%20jardin.webp"):
        _shows(page, name)
    assert page.locator(SHOWN).count() == 1
    assert page.locator(SHOWN).evaluate("(image) => getComputedStyle(image).objectFit") == "contain"
    found = page.evaluate(COVERS)
    assert found["width"] > 1500, "the whole middle while nobody was called"


def _cut(path: Path) -> None:
    """A picture by its head, and nothing behind it: what a full disk leaves."""
    whole = BytesIO()
    Image.new("RGB", (800, 600), "red").save(whole, "JPEG")
    data = whole.getvalue()
    path.write_bytes(data[: data.index(b"\xff\xda")])


def test_a_call_ends_the_picture_at_once_and_the_list_is_never_covered(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    agent = house.seated()
    _picture(_folder(site, house) / "a.png", "teal")
    house.take()
    house.take()
    agent.call(house.desks[0])
    page = _board(screens, house)
    expect(page.locator("[data-call]")).to_have_count(1)
    assert not _is_lent(page), "a call of this minute keeps the large place"
    with (
        house.hall.store.engine.begin() as connection
    ):  # a minute goes by for the server, not for the page
        ago = "UPDATE tickets SET called_at = called_at - :span WHERE branch_id = :branch"
        connection.execute(sa.text(ago), {"span": OLD_MILLISECONDS, "branch": house.id})
    page.reload()
    _hurry(page, lambda: _is_lent(page), "the picture")
    page.evaluate(SETTLE)
    lent = page.evaluate(COVERS)
    assert lent["listed"] == ["A001"], "the last call moved into the list"
    assert lent["hidden"] == 0
    assert lent["width"] > 1000
    page.evaluate(WATCH_CALL)
    house.seated(2).call(house.desks[1])
    expect(page.locator("[data-spot][data-new] .call-number")).to_have_text("A002")
    assert page.evaluate("window.covered") == [False], (
        "the picture was gone when the call was painted"
    )
    assert not _is_lent(page)
    assert page.locator(SHOWN).count() == 0
    page.clock.run_for(10_000)
    assert not _is_lent(page), "still called: nobody has come"


WATCH_CALL = """() => {
  window.covered = [];
  new MutationObserver(() => {
    if (document.querySelector("[data-spot][data-new]") && window.covered.length === 0)
      window.covered.push("between" in document.querySelector(".wall").dataset);
  }).observe(document.getElementById("view"), {subtree: true, childList: true, attributes: true});
}"""


def test_a_video_plays_mute_to_its_end(site: Site, screens: Screens) -> None:
    house = site.house()
    folder = _folder(site, house)
    recorder = screens.open(BOARD)
    recorder.goto(f"/board/{house.slug}")
    (folder / "1.webm").write_bytes(base64.b64decode(recorder.evaluate(RECORD)))
    _picture(folder / "2.png", "teal")
    time.sleep(SCAN_SECONDS + 0.5)  # the folder was just seen empty
    page = _board(screens, house)
    _shows(page, "1.webm")
    video = page.locator("#between video")
    assert video.evaluate("(video) => video.muted && !video.controls")
    _hurry(page, lambda: page.locator("#between img").count() == 1, "the picture after the video")


def test_a_picture_put_into_the_folder_appears_without_a_restart(
    site: Site, screens: Screens
) -> None:
    house = site.house()
    folder = _folder(site, house)
    page = _board(screens, house)
    assert page.locator("#between").get_attribute("data-media") == ""
    _picture(folder / "new.png", "teal")
    time.sleep(SCAN_SECONDS + 0.5)
    page.clock.run_for(REPAINT_MILLISECONDS)
    _shows(page, "new.png")
    (folder / "new.png").unlink()
    time.sleep(SCAN_SECONDS + 0.5)
    page.clock.run_for(REPAINT_MILLISECONDS)
    _hurry(page, lambda: not _is_lent(page), "the place given back")


def test_weeks_of_pictures_leave_one_in_the_page(site: Site, screens: Screens) -> None:
    house = site.house()
    folder = _folder(site, house)
    for index in range(3):
        _picture(folder / f"{index}.png", "teal", (320, 180))
    page = _board(screens, house)
    _shows(page, "0.png")
    before = page.evaluate("document.querySelectorAll('*').length")
    for _ in range(40):
        page.clock.run_for(PICTURE_MILLISECONDS + TICK_MILLISECONDS)
        page.wait_for_timeout(REAL_MILLISECONDS / 4)
    assert page.evaluate("document.querySelectorAll('*').length") <= before + 1
    assert page.locator(SHOWN).count() <= 1


@pytest.mark.parametrize("mode", ["rotate", "side"])
@pytest.mark.parametrize("size", [BOARD, KIOSK], ids=["wide", "upright"])
def test_the_strip_in_each_language(
    site: Site, screens: Screens, mode: str, size: tuple[int, int]
) -> None:
    house = site.house()
    agent = house.seated()
    for _ in range(5):
        house.take()
    agent.call(house.desks[0])
    set_notices(hall=house.hall, branch=house.id, wanted=_notices(house))
    page = _board(screens, house, mode, size)
    expect(page.locator(".notice")).to_have_count(2)
    for language in ("ar", "fr", "zgh", "en"):
        page.locator(".wall").evaluate("(wall, shown) => wall.dataset.shown = shown", language)
        page.evaluate(SETTLE)
        text = page.locator(f".notice[data-current] [data-for={language}] .notice-words")
        expect(text).to_be_visible()
        expect(text).to_have_attribute("lang", language)
        assert text.evaluate("(text) => text.scrollWidth <= text.clientWidth + 1")
        assert _inside(page, text, ".notice[data-current]")
        assert page.evaluate(COVERS)["hidden"] == 0
        look(page, "ar", scrolls=False)


def _inside(page: Page, text: Locator, around: str) -> bool:
    inner, outer = text.bounding_box(), page.locator(around).bounding_box()
    assert inner is not None
    assert outer is not None
    return (
        inner["y"] >= outer["y"] - 1
        and inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1
        and inner["x"] >= outer["x"] - 1
        and inner["x"] + inner["width"] <= outer["x"] + outer["width"] + 1
    )


def _notices(house: House) -> Notices:
    """One that is on now, whatever the clock, and one that is always on."""
    with house.hall.store.read() as connection:
        hours = reads.branch(connection, house.id).hours
    local = hours.local(house.hall.clock.now()).replace(second=0, microsecond=0)
    # Some hours wide: the server's table of time zones may be newer than this process's.
    wide = timedelta(minutes=MINUTES_MAX)
    at = Times(days={local.date(): (local.time(),)}, before=wide, after=wide)
    return Notices(
        all=(
            Notice(texts=WORDS),
            Notice(texts=TEXTS, kind=NoticeKind.CLOSING, times=at),
        )
    )


def test_notices_take_turns_with_pictures_in_the_large_place(site: Site, screens: Screens) -> None:
    house = site.house()
    _picture(_folder(site, house) / "a.png", "teal")
    set_notices(hall=house.hall, branch=house.id, wanted=Notices(all=(Notice(texts=WORDS),)))
    page = _board(screens, house)
    _hurry(page, lambda: page.locator(".between-notice").count() == 1, "the notice")
    words = page.locator(".between-notice [data-for=fr] .notice-words")
    expect(words).to_have_text(WORDS[Language.FRENCH])
    _shows(page, "a.png")
    set_notices(hall=house.hall, branch=house.id, wanted=Notices())
    expect(page.locator(".notices")).to_have_count(0)
