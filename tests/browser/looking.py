"""What is checked of every page: axe, language and direction, nothing beside the screen, nothing untranslated."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from server.i18n import LANGUAGE_NAMES, TRANSLATIONS, direction, translate

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_MORE = ["target-size", "color-contrast-enhanced"]
"""Targets, and the 7:1 that DESIGN section 9 promises; axe leaves both out unless asked."""
RUN_AXE = """async ([tags, more]) => {
  const rules = Object.fromEntries(more.map((rule) => [rule, {enabled: true}]));
  const found = await axe.run(document, {runOnly: tags, rules, resultTypes: ["violations"]});
  return found.violations.map((each) => each.id + ": " + each.nodes.slice(0, 3)
    .map((node) => node.target + " " + node.any.map((check) => check.message).join(", ")).join(" | "));
}"""
SETTLE = """() => {
  for (const each of document.getAnimations())
    if (each.effect.getComputedTiming().endTime !== Infinity) each.finish();
}"""
"""What fades in or flashes is judged as it rests."""
KEEP_LANGUAGE = """(wall, [language, direction]) => {
  window.kept = language;
  const keep = () => {
    delete wall.dataset.turning;
    if (wall.dataset.shown !== window.kept) wall.dataset.shown = window.kept;
    if (wall.dataset.mode !== "side" && wall.dir !== window.keptDirection) wall.dir = window.keptDirection;
  };
  window.keptDirection = direction;
  keep();
  window.keeper ??= new MutationObserver(keep);
  window.keeper.observe(wall, {attributes: true});
}"""
FRAMES_TO_SETTLE_MAX = 120
OVERFLOW = """async ([scrolls, frames]) => {
  const root = document.documentElement;
  const overflow = () => [root.scrollWidth - innerWidth, scrolls ? 0 : root.scrollHeight - innerHeight];
  await document.fonts.ready;
  for (let frame = 0; frame < frames && overflow().some((pixels) => pixels > 0); frame += 1)
    await new Promise(requestAnimationFrame);
  return overflow();
}"""
"""What sticks out sideways and below. A new window size reaches the layout some frames later than the window."""
SPOKEN_ATTRIBUTES = ["aria-label", "alt", "placeholder", "title"]
TEXTS = """([language, attributes]) => {
  const mine = (element) => element.closest("[lang]").lang === language;
  const shown = (element) => element.checkVisibility({visibilityProperty: true});
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (parent.closest("script, template, style, noscript")) continue;
    if (mine(parent) && shown(parent)) found.push(walker.currentNode.nodeValue);
  }
  for (const name of attributes)
    for (const element of document.querySelectorAll(`[${name}]`))
      if (mine(element) && shown(element)) found.push(element.getAttribute(name));
  return found.map((text) => text.trim()).filter(Boolean);
}"""
LATIN_WORD = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
ALLOWED = re.compile(r"\b[A-Z]\d{3}\b|Nouba|\bQR\b|\bEsc\b|“[^”]*”|^\d{3} [a-z_]+$")
"""Tickets' numbers, names, keys, commands quoted as they are typed, and the code of an error for whoever helps."""


def look(page: Page, language: str, *, scrolls: bool = True, wrote: str | None = None) -> None:
    """Every check of a page in `language`; `scrolls` may be forbidden. `wrote`: the language of its words."""
    page.evaluate(SETTLE)
    fits(page, scrolls=scrolls)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("html").get_attribute("dir") == direction(language)
    assert page.evaluate("getComputedStyle(document.body).direction") == direction(language)
    foreign = untranslated(page, wrote or language)
    assert not foreign, foreign
    found = violations(page)
    assert not found, "\n".join(found)


def keep_language(page: Page, language: str) -> None:
    """The wall turns every 8 s: too soon for a thorough look at it. It shows `language` from now on."""
    page.locator(".wall").evaluate(KEEP_LANGUAGE, [language, direction(language)])
    page.evaluate(SETTLE)


def fits(page: Page, *, scrolls: bool) -> None:
    """Nothing beside the screen, and nothing below it where scrolling is forbidden."""
    beside, below = page.evaluate(OVERFLOW, [scrolls, FRAMES_TO_SETTLE_MAX])
    assert beside <= 0, f"it scrolls sideways by {beside} px"
    assert below <= 0, f"it scrolls by {below} px"


def violations(page: Page) -> list[str]:
    """What axe finds. Injected by the debugger: the page's own policy lets no script in."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8") + ";0"})
    session.detach()
    found: list[str] = page.evaluate(RUN_AXE, [AXE_TAGS, AXE_MORE])
    return found


def untranslated(page: Page, language: str) -> list[str]:
    """Words of the page that are not in `language`, as far as a script or the catalogues can tell."""
    texts: list[str] = page.evaluate(TEXTS, [language, SPOKEN_ATTRIBUTES])
    assert len(texts) > 1, f"nothing is said in {language}"
    if language in {"ar", "zgh"}:
        return [text for text in texts if LATIN_WORD.search(ALLOWED.sub(" ", text))]
    other = frozenset().union(*(sentences(each) for each in LANGUAGE_NAMES if each != language))
    return [text for text in texts if text in other - sentences(language)]


@cache
def sentences(language: str) -> frozenset[str]:
    """Every text without gaps that the catalogue of `language` has."""
    return frozenset(translate(language, msgid) for msgid in msgids())


@cache
def msgids() -> frozenset[str]:
    """The English texts of the pages."""
    source = (TRANSLATIONS / "fr" / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8")
    return frozenset(re.findall(r'^msgid "([^"%]+)"$', source, re.MULTILINE))


def box(page: Page, selector: str) -> dict[str, Any]:
    """Where the first element of `selector` is, in CSS pixels."""
    found = page.locator(selector).first.bounding_box()
    assert found is not None, f"{selector} is not shown"
    return dict(found)
