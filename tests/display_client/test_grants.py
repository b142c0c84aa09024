"""How long a display believes a grant, and what it has at hand before it asks for one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.display_client.builders import call
from tests.display_client.test_speech import Hall


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


def test_the_chime_is_had_before_the_grant_is_asked_for(tmp_path: Path) -> None:
    """Fetched behind it, a slow one used it up: the call was begun again and again."""
    hall = Hall(tmp_path)
    hall.led_by(1)
    hall.voice.chime_seconds = 4.0
    hall.shows(call("A001", 1))
    hall.turns(20)
    assert hall.grants.steps().count(("A001", "begin")) == 1
    assert hall.grants.steps().count(("A001", "said")) == 1
