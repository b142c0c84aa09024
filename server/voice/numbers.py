"""Numbers and letters as people say them, per language: espeak-ng's own reading of "A012" in Arabic is no use.

Whole numbers from 0 to 999, which is all that a ticket, a desk or a wait can hold; larger ones are said digit by digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

NUMBER_MAX = 999

_ARABIC = (
    "صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة أحد_عشر اثنا_عشر ثلاثة_عشر أربعة_عشر"
    " خمسة_عشر ستة_عشر سبعة_عشر ثمانية_عشر تسعة_عشر"
)
_ARABIC_TENS = "عشرون ثلاثون أربعون خمسون ستون سبعون ثمانون تسعون"
_ARABIC_HUNDREDS = "مئة مئتان ثلاثمئة أربعمئة خمسمئة ستمئة سبعمئة ثمانمئة تسعمئة"
_FRENCH = (
    "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
    " dix-sept dix-huit dix-neuf"
)
_FRENCH_TENS = "vingt trente quarante cinquante soixante soixante quatre-vingt quatre-vingt"
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
)
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ARABIC_LETTERS = (
    "آ بي سي دي إو إف جيه آش إي جي كا إل إم إن أو پي كيو إر إس تي أي في دوبل_في إكس إيغريك زاد"
)
"""The letters of the Latin alphabet as Moroccans name them, written so that no two are alike."""
_FRENCH_LETTERS = (
    "a bé cé dé e effe gé ache i ji ka elle emme enne o pé ku erre esse té u vé double_vé ixe"
    " i_grec zède"
)


def _by_letter(names: str) -> Mapping[str, str]:
    return dict(zip(_ALPHABET, names.split(), strict=True))


LETTERS: Mapping[str, Mapping[str, str]] = {
    "ar": _by_letter(_ARABIC_LETTERS),
    "fr": _by_letter(_FRENCH_LETTERS),
    "en": _by_letter(" ".join(_ALPHABET)),
}


def letter(language: str, character: str) -> str:
    """The name of a Latin letter. Raises KeyError for any other character or language."""
    return LETTERS[language][character].replace("_", " ")


def number(language: str, value: int) -> str:
    """`value` in words: "douze", "اثنا عشر". Raises KeyError for a language without words."""
    assert value >= 0, "nothing here counts below zero"
    words = _WORDS[language]
    if value > NUMBER_MAX:
        return " ".join(words(int(digit)) for digit in str(value))
    return words(value)


def _arabic(value: int) -> str:
    """The counting form, masculine: ثلاثة أشخاص."""
    hundreds, rest = divmod(value, 100)
    parts = [_ARABIC_HUNDREDS.split()[hundreds - 1]] if hundreds else []
    if 0 < rest < 20 or (not hundreds and not rest):
        parts.append(_ARABIC.split()[rest].replace("_", " "))
    elif rest:
        tens, unit = divmod(rest, 10)
        parts += [_ARABIC.split()[unit]] if unit else []
        parts.append(_ARABIC_TENS.split()[tens - 2])
    return " و".join(parts)


def _french(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    units, parts = _FRENCH.split(), []
    if hundreds:
        parts.append("cent" if hundreds == 1 else f"{units[hundreds]} cent")
    if 0 < rest < 20 or (not hundreds and not rest):
        parts.append(units[rest])
    elif rest:
        tens, unit = divmod(rest, 10)
        # 70 and 90 count on from 60 and 80: soixante et onze, quatre-vingt-dix-neuf.
        unit += 10 if tens in (7, 9) else 0
        joint = " et " if unit in (1, 11) and tens < 8 else "-"
        parts.append(_FRENCH_TENS.split()[tens - 2] + (joint + units[unit] if unit else ""))
    return " ".join(parts)


def _english(value: int) -> str:
    hundreds, rest = divmod(value, 100)
    units = _ENGLISH.split()
    parts = [f"{units[hundreds]} hundred"] if hundreds else []
    if 0 < rest < 20 or (not hundreds and not rest):
        parts.append(units[rest])
    elif rest:
        tens, unit = divmod(rest, 10)
        parts.append(_ENGLISH_TENS.split()[tens - 2] + (f"-{units[unit]}" if unit else ""))
    return " and ".join(parts)


_WORDS: Mapping[str, Callable[[int], str]] = {"ar": _arabic, "fr": _french, "en": _english}
