"""Sentences as sound, from fragments: espeak-ng renders them, recordings replace any. No web, no database.

`Voice` is what others use: the kiosk's spoken guidance (any text) and the hall's calls (`call`).
"""

from server.voice.calls import call
from server.voice.espeak import Engine, Espeak, find_espeak
from server.voice.recordings import fragment_name
from server.voice.rendering import open_voice
from server.voice.speaking import CannotSay, Fragment, Origin, Plan, Voice, chime

__all__ = [
    "CannotSay",
    "Engine",
    "Espeak",
    "Fragment",
    "Origin",
    "Plan",
    "Voice",
    "call",
    "chime",
    "find_espeak",
    "fragment_name",
    "open_voice",
]
