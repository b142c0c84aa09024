"""Children that do not outlive their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2): PR_SET_PDEATHSIG


def end_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn` by which a killed parent (kill -9) leaves no child behind; None where it cannot be had.

    Only for a parent that has no threads yet when it starts the child.
    """
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    parent = os.getpid()

    def ask() -> None:
        library.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it was asked for
            os._exit(1)

    return ask
