"""Speaks sentences: finds or renders each fragment, joins them.

A recording in `recordings/<branch>/<language>/<fragment_name>.wav`, else in `recordings/<language>/`, replaces the
rendered fragment of the same words. Rendered ones are kept in the cache folder, which may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections.abc import Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from server.voice import recordings, sound
from server.voice.calls import Phrase, Sentence
from server.voice.espeak import Engine
from server.voice.keeping import Kept
from server.voice.recordings import Recording, Recordings, fragment_name, write_whole
from server.voice.splitting import split

PAUSE_SECONDS = 0.16
"""Between two fragments of the spoken guidance, which are clauses."""
PHRASE_PAUSE_SECONDS = 0.05
"""Between two fragments of one clause of a call; their ends fade for another 20 ms or so."""
CLAUSE_PAUSE_SECONDS = 0.28
"""Between "Ticket A twelve" and "desk three"."""
CACHE_FILES_MAX = 5000
"""About 200 MB; the least recently made go first."""
CACHE_FILES_DROPPED = 500
_WRITES_BETWEEN_LOOKS = 100
"""How many files are written before the cache's size is looked at again."""
ENGINES_MAX = 2
"""Running at once: a hall of impatient fingers must not start a hundred."""
ENGINE_WAIT_SECONDS_MAX = 5.0
SOUNDS_BYTES_MAX = 12_000_000
SENTENCES_BYTES_MAX = 12_000_000
"""Kept in memory: about 300 fragments, and 80 sentences."""
CHIME = "chime"
_PREPARATION = "2"
"""Changes with `sound.prepared`: part of the cache's key."""


class CannotSay(Exception):
    """There is neither a voice nor a recording for these words."""


class Origin(StrEnum):
    """Where the sound of a fragment comes from."""

    RECORDING = "recording"
    SYNTHETIC = "synthetic"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Some words of a sentence, the name of the file that would replace their sound, and its present source.

    `is_broken`: there is a file of that name, and it cannot be read. `is_own`: what is heard is a recording of the
    branch itself. `has_own`: there is a file of the branch itself, be it broken.
    """

    words: str
    name: str
    origin: Origin
    is_broken: bool = False
    is_own: bool = False
    has_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A phrase as it is said now. `key` changes with its sound."""

    phrase: Phrase
    recording: Recording | None
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A sentence as it would be said now. `etag` changes with its sound."""

    language: str
    clauses: tuple[tuple[_Piece, ...], ...]
    etag: str


class Voice:
    """One voice for every language; made once, with its two folders (either may not exist yet)."""

    def __init__(self, engine: Engine | None, cache: Path, recordings: Path) -> None:
        self._engine = engine
        self.cache = cache
        self._writes = 0
        self._engines = threading.BoundedSemaphore(ENGINES_MAX)
        self._sounds: Kept[array[int]] = Kept(SOUNDS_BYTES_MAX, lambda each: 2 * len(each))
        self._sentences: Kept[bytes] = Kept(SENTENCES_BYTES_MAX, len)
        self.recordings = Recordings(recordings)
        self._of: dict[str, Voice] = {}

    def of(self, branch: str) -> Voice:
        """The voice as the branch with this slug has recorded it; there must be such a branch.

        Engine, memory and cache are shared: their keys hold the stamp of each recording, and with it its branch.
        """
        if branch not in self._of:
            own = copy(self)
            own.recordings = self.recordings.of(branch)
            self._of[branch] = own
        return self._of[branch]

    @property
    def languages(self) -> frozenset[str]:
        """Those in which any sentence can be said."""
        return self._engine.languages if self._engine else frozenset()

    # ------------------------------------------------------------ any text

    def wav(self, language: str, text: str) -> bytes:
        """`text` as a WAV file. Raises CannotSay, ValueError (too long), OSError (the engine failed)."""
        phrases = [Phrase(words=each, spoken=each) for each in split(language, text)]
        parts = [
            self._sound(language, piece)
            for phrase in phrases
            for piece in self._pieces(language, phrase)
        ]
        return sound.write(sound.joined(parts, PAUSE_SECONDS))

    def fragments(self, language: str, text: str) -> tuple[Fragment, ...]:
        """What `text` is made of. Raises ValueError when it is too long."""
        words = split(language, text)
        return tuple(self.fragment(language, each) for each in words)

    def fragment(self, language: str, words: str) -> Fragment:
        """Where the sound of these words would come from, said as one fragment."""
        there = self.recordings.all_of(language, words)
        heard = next((each for each in there if not each.is_broken), None)
        origin = Origin.SYNTHETIC if language in self.languages else Origin.MISSING
        return Fragment(
            words=words,
            name=fragment_name(words),
            origin=Origin.RECORDING if heard is not None else origin,
            is_broken=any(each.is_broken for each in there),
            is_own=heard is not None and heard.is_own,
            has_own=any(each.is_own for each in there),
        )

    # --------------------------------------------------------------- calls

    def chime(self) -> tuple[bytes, str]:
        """What comes before a call, and its ETag; `chime.wav` of the branch or of `recordings/` replaces it."""
        found = self.recordings.find("", CHIME)
        if found is not None and not found.is_broken:
            with suppress(ValueError, OSError):
                samples = self._sounds.made(
                    found.stamp, lambda: recordings.read(found.file.read_bytes())
                )
                return sound.write(samples), _digest(found.stamp)
        return chime(), _digest(CHIME)

    def can_say(self, language: str, sentence: Sentence) -> bool:
        """Whether all of it can be said: a half sentence sends nobody to the right desk."""
        try:
            self.plan(language, sentence)
        except CannotSay:
            return False
        return True

    def plan(self, language: str, sentence: Sentence) -> Plan:
        """How it would be said now; looks at the folder's files, makes nothing. Raises CannotSay."""
        clauses = tuple(
            tuple(piece for phrase in clause for piece in self._pieces(language, phrase))
            for clause in sentence
        )
        keys = "\n".join("\t".join(piece.key for piece in clause) for clause in clauses)
        told = f"{_PREPARATION} {PHRASE_PAUSE_SECONDS} {CLAUSE_PAUSE_SECONDS}\n{language}\n{keys}"
        return Plan(language=language, clauses=clauses, etag=_digest(told))

    def is_ready(self, plan: Plan) -> bool:
        """Whether it was said lately, and costs nothing to say again."""
        return self._sentences.get(plan.etag) is not None

    def say(self, plan: Plan) -> bytes:
        """A WAV file, without the chime. Raises OSError when the engine fails."""
        return self._sentences.made(plan.etag, lambda: self._composed(plan))

    def call_fragments(self, language: str, sentence: Sentence) -> tuple[Fragment, ...]:
        """What a call is made of now. Where nothing can be said, what a person would have to record."""
        found: list[Fragment] = []
        for phrase in (phrase for clause in sentence for phrase in clause):
            try:
                pieces = [piece.phrase for piece in self._pieces(language, phrase)]
            except CannotSay:
                pieces = list(phrase.leaves)
            found += (self.fragment(language, each.words) for each in pieces)
        return tuple(found)

    def prepare(self, language: str, phrase: Phrase) -> bool:
        """Render what is not in the cache yet; whether there was anything to do. Raises OSError."""
        try:
            pieces = self._pieces(language, phrase)
        except CannotSay:
            return False
        missing = [piece for piece in pieces if not self._file(language, piece).is_file()]
        for piece in missing:
            self._stored(language, piece)
        return bool(missing)

    def _composed(self, plan: Plan) -> bytes:
        clauses = [
            sound.joined(
                [self._sound(plan.language, piece) for piece in clause], PHRASE_PAUSE_SECONDS
            )
            for clause in plan.clauses
        ]
        return sound.write(sound.joined(clauses, CLAUSE_PAUSE_SECONDS))

    # ----------------------------------------------------------- fragments

    def _pieces(self, language: str, phrase: Phrase) -> Sequence[_Piece]:
        """The phrase whole, unless one of its parts is recorded: then by its parts. Raises CannotSay."""
        found = self.recordings.find(language, phrase.words)
        if found is not None and not found.is_broken:
            return [_Piece(phrase=phrase, recording=found, key=found.stamp)]
        engine = self._engine if language in self.languages else None
        if phrase.parts and (engine is None or self._has_recordings(language, phrase)):
            return [piece for part in phrase.parts for piece in self._pieces(language, part)]
        if engine is None:
            raise CannotSay(f"{language}: {fragment_name(phrase.words)}")
        return [_Piece(phrase=phrase, recording=None, key=f"{engine.name} {phrase.spoken}")]

    def _has_recordings(self, language: str, phrase: Phrase) -> bool:
        for part in phrase.parts:
            found = self.recordings.find(language, part.words)
            if (found is not None and not found.is_broken) or self._has_recordings(language, part):
                return True
        return False

    def _sound(self, language: str, piece: _Piece) -> array[int]:
        return self._sounds.made(f"{language} {piece.key}", lambda: self._stored(language, piece))

    def _stored(self, language: str, piece: _Piece) -> array[int]:
        """From the cache, else made and put there."""
        file = self._file(language, piece)
        with suppress(OSError, ValueError):
            return sound.read(file.read_bytes())
        made = self._made(language, piece)
        with suppress(OSError):  # a full disk: spoken all the same, only not remembered
            write_whole(file, sound.write(made))
            self._keep_small()
        return made

    def _made(self, language: str, piece: _Piece) -> array[int]:
        if piece.recording is not None:
            # Taken away or broken since it was found: the engine speaks instead.
            with suppress(ValueError, OSError):
                return recordings.read(piece.recording.file.read_bytes())
        engine = self._engine
        if engine is None or language not in engine.languages:
            raise CannotSay(f"{language}: {fragment_name(piece.phrase.words)}")
        if not self._engines.acquire(timeout=ENGINE_WAIT_SECONDS_MAX):
            raise OSError("the speech engine is busy")
        try:
            wav = engine.render(language, piece.phrase.spoken)
        finally:
            self._engines.release()
        return sound.prepared(_read(wav))

    def _file(self, language: str, piece: _Piece) -> Path:
        return self.cache / language / f"{_digest(f'{_PREPARATION} {language} {piece.key}')}.wav"

    def _keep_small(self) -> None:
        self._writes += 1
        if self._writes % _WRITES_BETWEEN_LOOKS != 1:
            return
        files = list(self.cache.glob("*/*.wav"))
        if len(files) <= CACHE_FILES_MAX:
            return
        files.sort(key=lambda each: each.stat().st_mtime)
        for each in files[:CACHE_FILES_DROPPED]:
            each.unlink(missing_ok=True)


def _read(wav: bytes) -> array[int]:
    """What the engine gave. Raises OSError when that is no sound: it is the engine that failed."""
    try:
        return sound.read(wav)
    except ValueError as error:
        raise OSError(f"the speech engine gave no sound: {error}") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@lru_cache(maxsize=1)
def chime() -> bytes:
    """The chime as a WAV file."""
    return sound.write(sound.chime())
