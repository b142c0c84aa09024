"""The template of the paper: every mistake named at once with its line, nothing unknown let through, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain import paper_keys, paper_template
from server.domain.ids import Language
from server.domain.paper_layout import (
    DEFAULT_LAYOUT,
    SIZED_PARTS,
    TEXT_LENGTHS_MAX,
    Logo,
    PaperLayout,
    Part,
    Size,
    from_json,
    to_json,
)
from server.domain.paper_template import PROBLEMS_MAX, TEMPLATE_LENGTH_MAX, TemplateInvalid

LOGO = Logo(name="arms.png", threshold="90", width_dots=48, height_dots=3, ink=b"\xaa" * 18)


def problems(text: str) -> list[str]:
    """What is wrong with a template, as an operator reads it."""
    with pytest.raises(TemplateInvalid) as refused:
        paper_template.read(text)
    assert [message for _, message in refused.value.errors] == [
        each.text for each in refused.value.problems
    ]
    return [each.text for each in refused.value.problems]


BAD: dict[str, tuple[str, str]] = {
    "not TOML": ('[paper]\nparts = ["number"\n', "line 2: template: it is not “TOML”"),
    "brackets": ("x = " + "[" * 9_000, "template: it is not “TOML”"),
    "braces": ("x = " + "{a = " * 3_000, "template: it is not “TOML”"),
    "a number without an end": ("x = " + "9" * 9_000, "template: it is not “TOML”"),
    "a key twice": ("[notice]\nfr = 'a'\nfr = 'b'", "line 3: template: it is not “TOML”"),
    "unknown section": ("[greting]", "line 1: greting: there is no such key; did you mean"),
    "unknown key": ("[paper]\nwidht_mm = 58", "line 2: paper.widht_mm: there is no such key; did"),
    "a strange key": ("[paper]\nfoo = 1", "line 2: paper.foo: there is no such key; there are “wi"),
    "no section": ("paper = 3", "line 1: paper: must be a section, written “[paper]”"),
    "a dotted key": ("paper.width_mm = 70", "line 1: paper.width_mm: must be one of “58, 80”"),
    "width": ("[paper]\nwidth_mm = 70", "line 2: paper.width_mm: must be one of “58, 80”"),
    "width as a text": ("[paper]\nwidth_mm = '58'", "line 2: paper.width_mm: must be one of"),
    "width as yes": ("[paper]\nwidth_mm = true", "line 2: paper.width_mm: must be one of"),
    "parts": ("[paper]\n\nparts = 'number'", "line 3: paper.parts: must be a list of texts"),
    "parts of numbers": ("[paper]\nparts = [1]", "line 2: paper.parts: must be a list of texts"),
    "a part": ("[paper]\nparts = ['number', 'qrr']", "line 2: paper.parts: “qrr” is no part; ther"),
    "a part twice": ("[paper]\nparts = ['qr', 'number', 'qr']", "“qr” stands there twice"),
    "no number": ("[paper]\nparts = ['qr']", "line 2: paper.parts: “number” is missing"),
    "size": ("[sizes]\nnumber = 'huge'", "line 2: sizes.number: must be one of “small, normal, "),
    "size as a list": ("[sizes]\nnumber = []", "line 2: sizes.number: must be one of"),
    "a size for the band": ("[sizes]\nornament = 'small'", "line 2: sizes.ornament: there is no"),
    "a text as a number": ("[notice]\nfr = 3", "line 2: notice.fr: must be a text in quotes"),
    "a language": ("[notice]\nes = 'x'", "line 2: notice.es: there is no such key"),
    "a long text": (f"[notice]\nar = '{'x' * 161}'", "must have at most 160 characters, not 161"),
    "two lines": ('[notice]\nfr = """a\nb"""', "line 2: notice.fr: must be one line"),
    "a control": ('[notice]\nfr = "a\\u0007b"', "line 2: notice.fr: must be one line, without co"),
    "a path": ("[logo]\nfile = '../key'", "line 2: logo.file: must be the name of a file without"),
    "a path of Windows": (
        "[logo]\nfile = 'C:\\key'",
        "line 2: logo.file: must be the name of a file",
    ),
    "a file as a number": ("[logo]\nfile = 1", "line 2: logo.file: must be a text in quotes"),
    "a logo unprinted": (
        "[logo]\nfile = 'a.png'",
        "would not be printed: “logo” is not in “paper.",
    ),
    "a text unprinted": (
        "[greeting]\nfr = 'Bonjour'",
        "line 1: greeting: would not be printed: “greeting” is not in “paper.parts”",
    ),
    "logo's width": (
        "[logo]\nwidth_mm = 5",
        "line 2: logo.width_mm: must be a whole number from 6",
    ),
    "logo's width as a float": ("[logo]\nwidth_mm = 20.5", "logo.width_mm: must be a whole number"),
    "threshold": ("[logo]\nthreshold = 255", "line 2: logo.threshold: must be “otsu” or a whole n"),
    "a method": ("[logo]\nthreshold = 'best'", "line 2: logo.threshold: must be “otsu” or a whole"),
    "too much": ("#" * (TEMPLATE_LENGTH_MAX + 1), "template: it has more than 20000 characters"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_named_with_its_key_and_line(name: str) -> None:
    text, said = BAD[name]
    (found,) = problems(text)
    assert said in found


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file() -> None:
    text = (
        "[paper]\nwidth_mm = 1\n\n[sizes]\nqr = 'tiny'\n[footer]\nen = 4\n[logo]\nthreshold = 0\n"
    )
    assert [each.split(": ")[:2] for each in problems(text)] == [
        ["line 2", "paper.width_mm"],
        ["line 5", "sizes.qr"],
        ["line 7", "footer.en"],
        ["line 9", "logo.threshold"],
    ]


def test_a_file_of_something_else_is_not_answered_with_a_book() -> None:
    assert len(problems("\n".join(f"k{number} = 1" for number in range(1_000)))) == PROBLEMS_MAX


def test_lines_inside_a_long_text_are_not_taken_for_keys() -> None:
    text = '[notice]\nfr = """\nwidth_mm = 3\n[paper]\n"""\n[paper]\nwidth_mm = 2\n'
    assert any(each.startswith("line 7: paper.width_mm") for each in problems(text))


def test_an_empty_template_is_the_default() -> None:
    assert paper_template.read("").layout == DEFAULT_LAYOUT
    assert paper_template.read("[notice]\nfr = '  '").layout == DEFAULT_LAYOUT


def test_the_written_template_shows_every_key_with_its_description() -> None:
    text = paper_template.write(DEFAULT_LAYOUT)
    places = paper_template.places_of(text)
    for key in paper_keys.describe():
        assert f"{key.section}.{key.name}" in places
    flat = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for key in paper_keys.describe():
        assert key.description in flat


def test_a_picture_given_along_becomes_the_logo_below_the_band() -> None:
    template = paper_template.with_picture(paper_template.read(""), "C:\\pictures\\arms.png")
    assert template.logo.file == "arms.png"
    assert template.layout.parts[:2] == (Part.ORNAMENT, Part.LOGO)
    named = paper_template.read("[paper]\nparts=['number', 'logo']\n[logo]\nfile='x.png'")
    assert paper_template.with_picture(named, "y.png") == named


letters = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), min_size=1, max_size=40
)
layouts = st.builds(
    PaperLayout,
    width_mm=st.sampled_from((58, 80)),
    parts=st.permutations(list(Part)).map(tuple),
    sizes=st.sets(st.sampled_from(SIZED_PARTS)).map(
        lambda parts: tuple((part, Size.LARGE) for part in SIZED_PARTS if part in parts)
    ),
    texts=st.dictionaries(
        st.sampled_from(list(TEXT_LENGTHS_MAX)),
        st.dictionaries(st.sampled_from(list(Language)), letters, min_size=1),
    ),
    logo=st.sampled_from((None, LOGO)),
)


@given(layouts)
def test_a_layout_survives_json_and_template(layout: PaperLayout) -> None:
    assert from_json(to_json(layout)) == layout
    back = paper_template.read(paper_template.write(layout))
    assert back.layout == PaperLayout(
        width_mm=layout.width_mm, parts=layout.parts, sizes=layout.sizes, texts=layout.texts
    )
    assert back.logo.file == (layout.logo.name if layout.logo else "")


@pytest.mark.parametrize(
    "change",
    [
        {"width_mm": 70},
        {"width_mm": None},
        {"parts": ["qr"]},
        {"parts": ["number", "number"]},
        {"parts": ["number", "x"]},
        {"parts": 3},
        {"sizes": {"ornament": "large"}},
        {"sizes": {"number": "normal"}},
        {"sizes": []},
        {"texts": {"service": {"fr": "x"}}},
        {"texts": {"notice": {"fr": "x" * 161}}},
        {"texts": {"notice": {"fr": ""}}},
        {"texts": {"notice": {"xx": "x"}}},
        {"texts": {"notice": "x"}},
        {"logo": {}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "ink": "!"}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "ink": "AAAA"}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "width_dots": 50}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "width_dots": 800_000}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "height_dots": 10**9}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "height_dots": "3"}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "threshold": "best"}},
        {"logo": {**to_json(PaperLayout(logo=LOGO))["logo"], "name": "a\nb"}},
    ],
)
def test_json_that_is_no_layout_is_refused(change: dict[str, object]) -> None:
    """It comes from the database and from the server, but a kiosk must not draw nonsense."""
    with pytest.raises(ValueError):  # noqa: PT011 (each says something else)
        from_json({**to_json(DEFAULT_LAYOUT), **change})


def test_json_without_a_member_is_refused() -> None:
    for name in to_json(DEFAULT_LAYOUT):
        raw = to_json(DEFAULT_LAYOUT)
        del raw[name]
        with pytest.raises(ValueError, match="no paper layout"):
            from_json(raw)
