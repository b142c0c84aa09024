"""Keeps what was made in memory, up to a number of bytes, and lets nobody make the same thing twice at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """The least recently used goes first. `size_of` says how many bytes a thing takes."""

    def __init__(self, bytes_max: int, size_of: Callable[[T], int]) -> None:
        self._bytes_max = bytes_max
        self._size_of = size_of
        self._bytes = 0
        self._things: OrderedDict[str, T] = OrderedDict()
        # Held for a few instructions only, never while something is made.
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}

    def get(self, key: str) -> T | None:
        """What is kept under `key`."""
        with self._lock:
            found = self._things.get(key)
            if found is not None:
                self._things.move_to_end(key)
            return found

    def made(self, key: str, make: Callable[[], T]) -> T:
        """What is kept under `key`, else what `make` gives: twenty screens that ask at once make it once."""
        found = self.get(key)
        if found is not None:
            return found
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        try:
            with turn:
                found = self.get(key)
                if found is None:
                    found = make()
                    self._put(key, found)
        finally:
            with self._lock:
                self._turns.pop(key, None)
        return found

    def _put(self, key: str, thing: T) -> None:
        with self._lock:
            before = self._things.pop(key, None)
            self._bytes += self._size_of(thing) - (self._size_of(before) if before else 0)
            self._things[key] = thing
            while self._bytes > self._bytes_max and len(self._things) > 1:
                _, oldest = self._things.popitem(last=False)
                self._bytes -= self._size_of(oldest)
