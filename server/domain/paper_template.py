"""The paper layout as an administrator writes it: TOML with comments, read with all its mistakes at once.

The logo's picture does not stand in the template, only the name of its file: who reads the template finds the picture.
"""

from __future__ import annotations

import difflib
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from server.domain.errors import Invalid
from server.domain.ids import Language
from server.domain.paper_layout import (
    DEFAULT_PARTS,
    LOGO_NAME_LENGTH_MAX,
    LOGO_WIDTH_MM_MAX,
    LOGO_WIDTH_MM_MIN,
    OTSU,
    SIZED_PARTS,
    TEXT_LENGTHS_MAX,
    WIDTHS_MM,
    PaperLayout,
    Part,
    Size,
    text_problem,
)

TEMPLATE_LENGTH_MAX = 20_000
LOGO_WIDTH_MM_DEFAULT = 30
THRESHOLD_MIN, THRESHOLD_MAX = 1, 254
COMMENT_WIDTH = 96
_PARTS = ", ".join(Part)
_SIZES = ", ".join(Size)


def _(msgid: str) -> str:
    """Marks a text for the catalogues; it is translated where the language is known."""
    return msgid


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as people read about it. `default` is what an absent key means."""

    section: str
    name: str
    default: str | int | tuple[str, ...]
    allowed: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake: `message` is a msgid of the catalogues, with `values` for its gaps."""

    key: str
    message: str
    line: int | None = None
    values: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In English, with its place."""
        said = self.message % dict(self.values) if self.values else self.message
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.key}: {said}"


class TemplateInvalid(Invalid):
    """The template cannot be used; `problems` are all of them, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        assert problems, "an error has a reason"
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "".join(f"\n  - {problem.text}" for problem in problems)
        super().__init__(
            f"the template has {count}:{lines}",
            field=problems[0].key,
            errors=[(problem.key, problem.text) for problem in problems],
        )
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoWish:
    """Which picture is asked for ("": none), how wide, and from which grey on a dot is white."""

    file: str
    width_mm: int
    threshold: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that was read: the layout without its logo, and which logo it wants."""

    layout: PaperLayout
    logo: LogoWish
    places: Mapping[str, int]
    """The line of each section and key."""


_TEXTS: Final[Mapping[Part, str]] = {
    Part.MUNICIPALITY: "Who gives out the ticket, in place of the branch's name.",
    Part.GREETING: "A word of welcome. Empty: none.",
    Part.CAPTION: "The words over the number, in place of “Your number”.",
    Part.NOTICE: "Something everybody must know, in a frame. Empty: none.",
    Part.FAREWELL: "A last word. Empty: none.",
    Part.FOOTER: "The small line at the end, in place of “Scan to follow your turn on your phone”.",
}
_LANGUAGES: Final[Mapping[Language, str]] = {
    Language.ARABIC: "in Arabic",
    Language.FRENCH: "in French",
    Language.AMAZIGH: "in Amazigh",
    Language.ENGLISH: "in English",
}


def describe() -> tuple[Key, ...]:
    """Every key, in the order of the file."""
    return (*_paper_keys(), *_logo_keys(), *_size_keys(), *_text_keys())


def read(text: str) -> Template:
    """What a template says. Raises TemplateInvalid, which names every mistake."""
    if len(text) > TEMPLATE_LENGTH_MAX:
        message = _("it has more than %(most)s characters")
        values = {"most": TEMPLATE_LENGTH_MAX}
        raise TemplateInvalid((Problem(key="template", message=message, values=values),))
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+),", str(error))
        line = int(found[1]) if found else None
        message = _("it is not “TOML”: “%(reason)s”")
        reason = {"reason": str(error)}
        problem = Problem(key="template", message=message, line=line, values=reason)
        raise TemplateInvalid((problem,)) from error
    places = places_of(text)
    reader = _Reader(places)
    template = reader.template(tables)
    if reader.problems:
        raise TemplateInvalid(tuple(sorted(reader.problems, key=lambda each: each.line or 0)))
    return template


def with_picture(template: Template, name: str) -> Template:
    """The template for a picture that was given along: if it names no logo, the picture becomes its logo.

    It stands below the band, unless the template says where.
    """
    if template.logo.file:
        return template
    parts = template.layout.parts
    if Part.LOGO not in parts:
        place = 1 if parts[0] is Part.ORNAMENT else 0
        parts = (*parts[:place], Part.LOGO, *parts[place:])
    return replace(
        template,
        layout=replace(template.layout, parts=parts),
        logo=replace(template.logo, file=_file_name(name)),
    )


def write(layout: PaperLayout) -> str:
    """The template of a layout, with a comment for every key; `read` gives it back, but for the logo's picture."""
    lines = [
        "# The paper layout of a branch. Every key may be left out; docs/paper.md says more.",
        "# Put it to use:  nouba paper set FILE      See it first:  nouba paper preview --file FILE",
    ]
    section, values = "", _values(layout)
    for key in describe():
        if key.section != section:
            section = key.section
            lines += ["", f"[{section}]"]
        comment = f"{key.description} ({key.allowed})" if key.allowed else key.description
        if key.section not in _SHARED or key.name == _SHARED[key.section]:
            lines += [f"# {line}" for line in textwrap.wrap(comment, COMMENT_WIDTH)]
        lines.append(f"{key.name} = {as_toml(values[key.section, key.name])}")
    return "\n".join(lines) + "\n"


def as_toml(value: str | int | tuple[str, ...]) -> str:
    """A value as TOML writes it."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(each) for each in value) + "]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def places_of(text: str) -> dict[str, int]:
    """The line on which each section and each key begins, by `section` and `section.key`.

    tomllib tells no lines of what it has read. A line scanner is enough for a template that was read without
    error; inside a text of several lines it stays silent.
    """
    places: dict[str, int] = {}
    section, inside = "", ""
    for number, line in enumerate(text.splitlines(), start=1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if heading := _HEADING.match(line):
            section = _plain(heading[1])
            places.setdefault(section, number)
        elif found := _ASSIGNMENT.match(line):
            name = ".".join(filter(None, (section, _plain(found[1]))))
            places.setdefault(name, number)
            places.setdefault(name.partition(".")[0], number)
        opened = _MULTILINE.search(line)
        if opened and line.count(opened[0]) == 1:
            inside = opened[0]
    return places


_HEADING = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]")
_ASSIGNMENT = re.compile(
    r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_MULTILINE = re.compile(r"\"\"\"|'''")
_SHARED = {"sizes": SIZED_PARTS[0].value, **{part.value: "ar" for part in _TEXTS}}
"""Sections whose keys all say the same: one comment is enough, above this key."""


def _file_name(name: str) -> str:
    """A name from a stranger's computer as a template may hold it."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(each for each in last if each.isprintable())[-LOGO_NAME_LENGTH_MAX:] or "logo"


def _plain(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


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
        allowed=f"any of {_PARTS}; number is needed",
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
            allowed=_SIZES,
            description="How large a part is drawn.",
        )


def _text_keys() -> Iterator[Key]:
    for part, description in _TEXTS.items():
        for language in Language:
            yield Key(
                section=part.value,
                name=language.value,
                default="",
                allowed=f"at most {TEXT_LENGTHS_MAX[part]} characters",
                description=description,
            )


def _values(layout: PaperLayout) -> dict[tuple[str, str], str | int | tuple[str, ...]]:
    values: dict[tuple[str, str], str | int | tuple[str, ...]] = {
        (key.section, key.name): key.default for key in describe()
    }
    values["paper", "width_mm"] = layout.width_mm
    values["paper", "parts"] = tuple(part.value for part in layout.parts)
    if layout.logo is not None:
        threshold = layout.logo.threshold
        values["logo", "file"] = layout.logo.name
        values["logo", "width_mm"] = layout.logo.width_mm
        values["logo", "threshold"] = int(threshold) if threshold != OTSU else OTSU
    values |= {("sizes", part.value): size.value for part, size in layout.sizes}
    for part, texts in layout.texts.items():
        values |= {(part.value, tag.value): text for tag, text in texts.items()}
    return values


class _Reader:
    """Reads the tables of one template and notes what is wrong with them."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.problems: list[Problem] = []
        self._places = places
        self._keys = {(key.section, key.name): key for key in describe()}
        self._sections = list(dict.fromkeys(key.section for key in describe()))

    def template(self, tables: Mapping[str, Any]) -> Template:
        """The template; what is wrong has its default in it, and is told in `problems`."""
        values = self._known(tables)
        sizes = {part: self._size(values, part) for part in SIZED_PARTS}
        layout = PaperLayout(
            width_mm=self._width(values),
            parts=self._parts(values),
            sizes=tuple((part, size) for part, size in sizes.items() if size is not Size.NORMAL),
            texts={part: texts for part in _TEXTS if (texts := self._texts(values, part))},
        )
        return Template(layout=layout, logo=self._logo(values, layout.parts), places=self._places)

    def _known(self, tables: Mapping[str, Any]) -> dict[tuple[str, str], object]:
        values: dict[tuple[str, str], object] = {}
        for section, table in tables.items():
            if section not in self._sections:
                self._unknown(section, section, self._sections)
            elif not isinstance(table, dict):
                self._wrong(section, _("must be a section, written “[%(name)s]”"), name=section)
            else:
                names = [name for known, name in self._keys if known == section]
                for name, value in table.items():
                    if name in names:
                        values[section, name] = value
                    else:
                        self._unknown(f"{section}.{name}", name, names)
        return values

    def _unknown(self, place: str, word: str, known: list[str]) -> None:
        near = difflib.get_close_matches(word, known, n=1)
        if near:
            self._wrong(place, _("there is no such key; did you mean “%(near)s”?"), near=near[0])
        else:
            known_words = ", ".join(known)
            self._wrong(place, _("there is no such key; there are “%(known)s”"), known=known_words)

    def _wrong(self, place: str, message: str, **values: str | int) -> None:
        line = self._places.get(place)
        self.problems.append(Problem(key=place, message=message, line=line, values=values))

    def _width(self, values: Mapping[tuple[str, str], object]) -> int:
        value = values.get(("paper", "width_mm"), WIDTHS_MM[-1])
        if type(value) is int and value in WIDTHS_MM:
            return value
        self._wrong("paper.width_mm", _("must be one of “%(allowed)s”"), allowed="58, 80")
        return WIDTHS_MM[-1]

    def _parts(self, values: Mapping[tuple[str, str], object]) -> tuple[Part, ...]:
        place = "paper.parts"
        raw = values.get(("paper", "parts"), list(DEFAULT_PARTS))
        if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
            self._wrong(place, _("must be a list of texts in quotes"))
            return DEFAULT_PARTS
        parts: list[Part] = []
        known = list(Part)
        for each in raw:
            if each not in known:
                message = _("“%(part)s” is no part; there are “%(known)s”")
                self._wrong(place, message, part=each[:LOGO_NAME_LENGTH_MAX], known=_PARTS)
            elif each in parts:
                self._wrong(place, _("“%(part)s” stands there twice"), part=each)
            else:
                parts.append(Part(each))
        if Part.NUMBER not in parts:
            self._wrong(place, _("“number” is missing: a ticket without its number is none"))
            return DEFAULT_PARTS
        return tuple(parts)

    def _size(self, values: Mapping[tuple[str, str], object], part: Part) -> Size:
        value = values.get(("sizes", part.value), Size.NORMAL.value)
        if isinstance(value, str) and value in list(Size):
            return Size(value)
        self._wrong(f"sizes.{part.value}", _("must be one of “%(allowed)s”"), allowed=_SIZES)
        return Size.NORMAL

    def _texts(self, values: Mapping[tuple[str, str], object], part: Part) -> dict[Language, str]:
        found: dict[Language, str] = {}
        for language in Language:
            place = f"{part.value}.{language.value}"
            value = values.get((part.value, language.value), "")
            if not isinstance(value, str):
                self._wrong(place, _("must be a text in quotes"))
            elif value.strip():
                problem = text_problem(part, value.strip())
                if problem is None:
                    found[language] = value.strip()
                elif len(value.strip()) > TEXT_LENGTHS_MAX[part]:
                    most, count = TEXT_LENGTHS_MAX[part], len(value.strip())
                    message = _("must have at most %(most)s characters, not %(count)s")
                    self._wrong(place, message, most=most, count=count)
                else:
                    self._wrong(place, _("must be one line, without control characters"))
        return found

    def _logo(self, values: Mapping[tuple[str, str], object], parts: tuple[Part, ...]) -> LogoWish:
        file = values.get(("logo", "file"), "")
        width = values.get(("logo", "width_mm"), LOGO_WIDTH_MM_DEFAULT)
        threshold = values.get(("logo", "threshold"), OTSU)
        if not isinstance(file, str):
            self._wrong("logo.file", _("must be a text in quotes"))
        elif (
            len(file) > LOGO_NAME_LENGTH_MAX or not file.isprintable() or re.search(r"[/\\]", file)
        ):
            message = _(
                "must be the name of a file without its folder, at most %(most)s characters"
            )
            self._wrong("logo.file", message, most=LOGO_NAME_LENGTH_MAX)
        elif file and Part.LOGO not in parts:
            message = _("would not be printed: “logo” is not in “paper.parts”")
            self._wrong("logo.file", message)
        if type(width) is not int or not LOGO_WIDTH_MM_MIN <= width <= LOGO_WIDTH_MM_MAX:
            message = _("must be a whole number from %(low)s to %(high)s")
            self._wrong("logo.width_mm", message, low=LOGO_WIDTH_MM_MIN, high=LOGO_WIDTH_MM_MAX)
        is_number = type(threshold) is int and THRESHOLD_MIN <= threshold <= THRESHOLD_MAX
        if threshold != OTSU and not is_number:
            message = _("must be “otsu” or a whole number from %(low)s to %(high)s")
            self._wrong("logo.threshold", message, low=THRESHOLD_MIN, high=THRESHOLD_MAX)
        return LogoWish(
            file=file if isinstance(file, str) else "",
            width_mm=width if type(width) is int else LOGO_WIDTH_MM_DEFAULT,
            threshold=str(threshold),
        )
