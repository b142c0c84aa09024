"""Sentences as sound, from fragments: espeak-ng renders them, recordings replace any. No web, no database.

`Voice` is what others use: the kiosk's spoken guidance today, the hall's calls later.
"""

from server.voice.espeak import Engine, Espeak, find_espeak
from server.voice.speaking import CannotSay, Fragment, Origin, Voice, chime

__all__ = ["CannotSay", "Engine", "Espeak", "Fragment", "Origin", "Voice", "chime", "find_espeak"]
