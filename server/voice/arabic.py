"""Arabic for a speech engine, which guesses the vowels that people leave out, and often wrongly ("thlātht ʿashar").

So calls are given to it with their vowels: numbers in the counting form, as labels are read ("رقم ثلاثة", the name of
the number, not the number of something), with a tanwin before "و" and the silent ending before a pause.
"""

from __future__ import annotations

from collections.abc import Mapping

TICKET = "التَذكِرَه رَقْم"
DESK = "الشُبَّاكْ رَقْم"
"""The sukun: espeak-ng takes a final kaf without one for "your"."""
_ONES = "صِفْر وَاحِد اِثْنَان ثَلَاثَه أَرْبَعَه خَمْسَه سِتَه سَبْعَه ثَمَانِيَه تِسْعَه عَشَرَه"
"""Before a pause: the ending of the feminine is a breath there."""
_ONES_BEFORE_AND = "وَاحِدٌ اِثْنَانِ ثَلَاثَةٌ أَرْبَعَةٌ خَمْسَةٌ سِتَةٌ سَبْعَةٌ ثَمَانِيَةٌ تِسْعَةٌ"
_TEENS = "أَحَدَ_عَشَر اِثْنَا_عَشَر ثَلَاثَةَ_عَشَر أَرْبَعَةَ_عَشَر خَمْسَةَ_عَشَر سِتَةَ_عَشَر سَبْعَةَ_عَشَر ثَمَانِيَةَ_عَشَر تِسْعَةَ_عَشَر"
_TENS = "عِشْرُون ثَلَاثُون أَرْبَعُون خَمْسُون سِتُون سَبْعُون ثَمَانُون تِسْعُون"
_HUNDREDS = "مِئَه مِئَتَان ثَلَاثُمِئَه أَرْبَعُمِئَه خَمْسُمِئَه سِتُمِئَه سَبْعُمِئَه ثَمَانِمِئَه تِسْعُمِئَه"
_HUNDREDS_BEFORE_AND = "مِئَةٌ مِئَتَانِ ثَلَاثُمِئَةٍ أَرْبَعُمِئَةٍ خَمْسُمِئَةٍ سِتُمِئَةٍ سَبْعُمِئَةٍ ثَمَانِمِئَةٍ تِسْعُمِئَةٍ"
_LETTERS = (
    "أَا بِي سِي دِي إِوْ إِفْ جَيْ أَاشْ إِي جِي كَا إِلْ إِمْ إِنْ أُو پِي كْيُو إِرْ إِسْ تِي أُي فِي دُبْلُ_فِي إِكْسْ إِيغْرِيكْ زَادْ"
)
LETTERS: Mapping[str, str] = {
    letter: name.replace("_", " ")
    for letter, name in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTERS.split(), strict=True)
}
"""As near to the French names as the engine's sounds allow."""


def number(value: int) -> str:
    """`value`, 0 to 999, with its vowels, before a pause."""
    count, rest = divmod(value, 100)
    if not count:
        return _below_hundred(rest)
    if not rest:
        return _HUNDREDS.split()[count - 1]
    return f"{hundreds_and(count)} {_below_hundred(rest)}"


def hundreds_and(count: int) -> str:
    """`count` hundreds and what joins them to the rest: "مِئَتَانِ وَ"."""
    return f"{_HUNDREDS_BEFORE_AND.split()[count - 1]} وَ"


def _below_hundred(value: int) -> str:
    if value <= 10:
        return _ONES.split()[value]
    if value < 20:
        return _TEENS.split()[value - 11].replace("_", " ")
    tens, unit = divmod(value, 10)
    tens_said = _TENS.split()[tens - 2]
    return f"{_ONES_BEFORE_AND.split()[unit - 1]} وَ{tens_said}" if unit else tens_said
