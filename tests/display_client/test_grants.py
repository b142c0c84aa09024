"""How long a display believes a grant: what it derives from the server's own rule."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("seconds", [3.0, 5.0, 8.0])
def test_a_display_that_is_cut_off_falls_silent_before_the_servers_grant_ends(
    seconds: float,
) -> None:
    code = f"""
from datetime import timedelta
from server.domain import speech
speech.GRANT = timedelta(seconds={seconds})
from display_client.speech import GRANT_SECONDS
print(GRANT_SECONDS)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert float(done.stdout) == seconds - 0.5, "as the server grants it, not as it once did"
