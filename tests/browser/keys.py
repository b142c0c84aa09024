"""Key presses as keyboards of Moroccan desks make them: the same place, another letter."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page

ARABIC_LETTERS: Mapping[str, str] = {
    "n": "ى", "s": "س", "r": "ق", "f": "ب", "d": "ي", "b": "لا", "p": "ح", "t": "ف", "u": "ع", "h": "ا",
    "e": "ث", "v": "ر", "c": "ؤ", "k": "ن", "l": "م", "x": "ء", "g": "ل",
}  # fmt: skip
"""What the Arabic (101) layout types on the key that is lettered so on a Latin one."""
AZERTY_DIGITS = "à&é\"'(-è_ç"
"""What AZERTY types on the row of digits without the shift key, from 0 to 9."""
PRESS = """([key, code, repeat]) => {
  const init = {key, code, repeat, bubbles: true, cancelable: true};
  (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent("keydown", init));
}"""
LAYOUTS = ("latin", "arabic")


def press(page: Page, key: str, layout: str = "latin", *, repeat: bool = False) -> None:
    """The key lettered `key`, on a keyboard set to `layout`."""
    code = f"Digit{key}" if key.isdecimal() else f"Key{key.upper()}"
    page.evaluate(PRESS, [_typed(key, layout), code, repeat])


def _typed(key: str, layout: str) -> str:
    if layout == "latin":
        return key
    return AZERTY_DIGITS[int(key)] if key.isdecimal() else ARABIC_LETTERS[key]
