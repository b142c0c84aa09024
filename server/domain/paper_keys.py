"""Every key of a paper template, with its default, its limits and its description, in one place.

The template that is written, the reader and docs/paper.md are made from it or checked against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from server.domain.ids import Language
from server.domain.paper_layout import (
    DEFAULT_PARTS,
    LOGO_WIDTH_MM_MAX,
    LOGO_WIDTH_MM_MIN,
    OTSU,
    SIZED_PARTS,
    TEXT_LENGTHS_MAX,
    Part,
    Size,
)

LOGO_WIDTH_MM_DEFAULT = 30
THRESHOLD_MIN, THRESHOLD_MAX = 1, 254
PARTS_WORDS = ", ".join(Part)
SIZES_WORDS = ", ".join(Size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as people read about it. `default` is what an absent key means."""

    section: str
    name: str
    default: str | int | tuple[str, ...]
    allowed: str
    description: str


TEXTS: Final[Mapping[Part, str]] = {
    Part.MUNICIPALITY: "Who gives out the ticket, in place of the branch's name.",
    Part.GREETING: "A word of welcome. Empty: none.",
    Part.CAPTION: "The words over the number, in place of “Your number”.",
    Part.NOTICE: "Something everybody must know, in a frame. Empty: none.",
    Part.FAREWELL: "A last word. Empty: none.",
    Part.FOOTER: "The small line at the end, in place of “Scan to follow your turn on your phone”.",
}


def describe() -> tuple[Key, ...]:
    """Every key, in the order of the file."""
    return (*_paper_keys(), *_logo_keys(), *_size_keys(), *_text_keys())


def as_toml(value: str | int | tuple[str, ...]) -> str:
    """A value as TOML writes it."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _paper_keys() -> Iterator[Key]:
    yield Key(
        section="paper",
        name="width_mm",
        default=80,
        allowed="58 or 80",
        description="The widest that is printed, in millimetres. A narrower printer prints narrower.",
    )
    yield Key(
        section="paper",
        name="parts",
        default=tuple(DEFAULT_PARTS),
        allowed=f"any of {PARTS_WORDS}; number is needed",
        description=(
            "What is printed, from top to bottom. What has nothing to say leaves no gap. On 80 mm paper the "
            "neighbours of qr among ahead, wait and time stand beside it."
        ),
    )


def _logo_keys() -> Iterator[Key]:
    yield Key(
        section="logo",
        name="file",
        default="",
        allowed="PNG or JPEG, at most 512 KiB and 4 megapixels",
        description=(
            "The picture's file, beside the template or uploaded with it. The name of the present logo keeps it. "
            "Empty: none. Add logo to paper.parts too."
        ),
    )
    yield Key(
        section="logo",
        name="width_mm",
        default=LOGO_WIDTH_MM_DEFAULT,
        allowed=f"{LOGO_WIDTH_MM_MIN} to {LOGO_WIDTH_MM_MAX}",
        description="How wide the logo is printed, in millimetres; at most the width of the text.",
    )
    yield Key(
        section="logo",
        name="threshold",
        default=OTSU,
        allowed=f'"{OTSU}" or {THRESHOLD_MIN} to {THRESHOLD_MAX}',
        description=(
            "Paper has no greys: what is darker than this is black. otsu finds the number from the picture; "
            "a larger one prints more ink."
        ),
    )


def _size_keys() -> Iterator[Key]:
    for part in SIZED_PARTS:
        yield Key(
            section="sizes",
            name=part.value,
            default=Size.NORMAL.value,
            allowed=SIZES_WORDS,
            description="How large a part is drawn.",
        )


def _text_keys() -> Iterator[Key]:
    for part, description in TEXTS.items():
        for language in Language:
            yield Key(
                section=part.value,
                name=language.value,
                default="",
                allowed=f"at most {TEXT_LENGTHS_MAX[part]} characters",
                description=description,
            )
