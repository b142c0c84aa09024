"""What a visitor with headphones hears, as the pages write it down, and the five keys they have."""

from __future__ import annotations

from playwright.sync_api import Page, expect

REMEMBER = """
new MutationObserver((changes) => {
  const place = document.getElementById("transcript");
  if (!place?.children.length || !changes.some((change) => change.target === place)) return;
  const said = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  said.push([...place.children].map((line) => `${line.lang}: ${line.textContent}`));
  sessionStorage.setItem("said", JSON.stringify(said));
}).observe(document, {childList: true, subtree: true});
"""
"""Before any page of the context; what was said survives from screen to screen."""
HEARD = """() => {
  const said = JSON.parse(sessionStorage.getItem("said") ?? "[]");
  sessionStorage.removeItem("said");
  return said;
}"""
LONG_PRESS_MILLISECONDS = 800


def listen(page: Page) -> None:
    """To be called before the first page."""
    page.context.add_init_script(REMEMBER)


def long_press(page: Page, key: str) -> None:
    """Holds a key down until the guidance begins."""
    page.keyboard.down(key)
    page.wait_for_timeout(LONG_PRESS_MILLISECONDS)
    page.keyboard.down(key)
    page.keyboard.up(key)
    expect(page.locator("html")).to_have_attribute("data-mode-voice", "")


def heard(page: Page) -> list[str]:
    """Everything that was said since the last question, line by line."""
    return [line for lines in page.evaluate(HEARD) for line in lines]
