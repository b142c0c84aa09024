"""`nouba-display` as an installer types it: pairing, the doctor, settings, and what each failure says."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, STDOUT

import pytest
from click.testing import CliRunner, Result

from device_client.place import Identity, SettingsError
from device_client.program import alone
from display_client.board import Painting
from display_client.cli import main
from display_client.doctor import sound_cards
from display_client.keeping import Keeper, Kept
from display_client.player import INSTALL, recorded
from display_client.settings import MachineSettings, Place, checked
from server.clock import SystemClock
from tests.display_client.running import PATIENCE_SECONDS
from tests.end_to_end.processes import free_port
from tests.end_to_end.programs import ROOT
from tests.kiosk_client.fake_server import BRANCH, TOKEN, Town, fake_server
from tests.kiosk_client.processes import accept_soon

DOCS = ROOT / "docs" / "display.md"
CARDS = """\
 0 [PCH            ]: HDA-Intel - HDA Intel PCH
                      HDA Intel PCH at 0xf7e10000 irq 30
 1 [Speaker        ]: USB-Audio - USB Speaker
                      Maker USB Speaker at usb-0000:00:14.0-2, full speed
"""


def nouba_display(place: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--data", str(place)])


def a_board_of(age: timedelta) -> Kept:
    """Painted so long ago, by this machine's clock."""
    at = SystemClock().now() - age
    return Kept(painting=Painting(seq=1, at=at.isoformat(), html="<main></main>", look=""))


def paired(folder: Path, server: str, settings: MachineSettings | None = None) -> Place:
    """A data folder as `nouba-display pair` leaves it."""
    place = Place(folder=folder)
    place.keep_identity(Identity(server=server, branch=BRANCH, device=7, name="hall", token=TOKEN))
    place.keep_settings(settings or MachineSettings())
    return place


def test_pairing_keeps_the_token_for_its_owner_alone(tmp_path: Path) -> None:
    place = Place(folder=tmp_path / "display")
    with fake_server(Town()) as fake:
        thread = accept_soon(fake)
        done = nouba_display(place.folder, "pair", "--server", fake.url, "--name", "hall")
        thread.join()
    assert done.exit_code == 0, done.output
    page = done.output.index("/devices and types the code there")
    command = "nouba device accept 123456 --branch SLUG --data FOLDER"
    assert page < done.output.index(command), "the page first, and a command that works anywhere"
    assert "Start it with: nouba-display run" in done.output
    assert TOKEN not in done.output
    assert stat.S_IMODE(place.identity_file.stat().st_mode) == 0o600
    assert place.identity().token == TOKEN
    assert place.settings() == MachineSettings()
    assert "reload_at" in place.settings_file.read_text(encoding="utf-8"), "all of them, explained"


def test_pairing_anew_keeps_the_settings_of_the_machine(tmp_path: Path) -> None:
    with fake_server(Town()) as fake:
        place = paired(tmp_path / "display", "http://127.0.0.1:1", MachineSettings(port=9000))
        place.cache.mkdir()
        (place.cache / "board.json").write_text("of another branch")
        thread = accept_soon(fake)
        done = nouba_display(place.folder, "pair", "--server", fake.url)
        thread.join()
    assert done.exit_code == 0, done.output
    assert place.settings().port == 9000
    assert place.identity().server == fake.url
    assert not place.cache.exists(), "another branch's board is never shown"


def test_a_running_display_is_not_paired_anew_and_runs_once(tmp_path: Path) -> None:
    place = paired(tmp_path / "display", "http://127.0.0.1:1")
    with alone(place):
        again = nouba_display(place.folder, "pair", "--server", "http://127.0.0.1:1")
        second = nouba_display(place.folder, "run", "--no-browser")
    assert (again.exit_code, second.exit_code) == (1, 1)
    assert "stop it" in again.output
    assert "another nouba-display runs" in second.output


def test_an_unpaired_display_says_what_to_do(tmp_path: Path) -> None:
    done = nouba_display(tmp_path / "display", "run", "--no-browser")
    assert done.exit_code == 1
    assert "this display is not paired" in done.output
    assert "nouba-display pair" in done.output


def test_without_a_command_the_help_is_shown() -> None:
    done = CliRunner().invoke(main, [])
    assert done.exit_code == 0
    for word in ("pair", "run", "browser", "doctor", "--text"):
        assert word in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--text", "doctor"), "no command goes with it"),
        (("--plain", "doctor"), "go with --text"),
        (("--text", "--server", "http://x"), "--server and --branch go together"),
        (("--data", "/tmp/x", "doctor"), "behind a command"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == 2
    assert said in done.output


def test_text_of_an_unpaired_display_says_what_to_do(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--text", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "nouba-display pair" in done.output


# ---------------------------------------------------------------- the doctor


def test_the_doctor_finds_a_healthy_display_healthy(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    with fake_server(Town()) as fake:
        place = paired(tmp_path / "display", fake.url, MachineSettings(player=f"file:{heard}"))
        Keeper(place.board).keep(a_board_of(timedelta(minutes=3)))
        done = nouba_display(place.folder, "doctor", "--sound")
    for subject in ("pairing", "settings", "server", "clock", "disk", "cached board", "player"):
        assert re.search(rf"^ok +{subject}: ", done.output, re.MULTILINE), done.output
    for subject in ("program", "browser", "sound cards", "screen power"):
        assert f"{subject}: " in done.output
    assert "as the server had it 3 min ago" in done.output
    assert "did you hear it?" in done.output
    assert [line.title for line in recorded(heard) if line.event == "ended"] == ["chime"]
    assert TOKEN not in done.output


def test_the_doctor_tells_the_age_of_the_board_itself_and_that_it_was_not_kept(
    tmp_path: Path,
) -> None:
    """Found: "kept 0 min ago" of a board of last week, whose file each start wrote anew."""
    place = paired(tmp_path, "http://127.0.0.1:1")
    keeper = Keeper(place.board)
    keeper.keep(a_board_of(timedelta(days=7)))
    said = nouba_display(place.folder, "doctor").output
    assert "note   cached board: as the server had it 7 days ago\n" in said
    in_the_way = place.board.with_suffix(".part")
    in_the_way.mkdir()
    keeper.keep(a_board_of(timedelta(minutes=1)))
    said = nouba_display(place.folder, "doctor").output
    assert (
        "FAULT  cached board: as the server had it 7 days ago; it could not be kept 0 min" in said
    )
    assert "make room on the disk" in said
    in_the_way.rmdir()
    keeper.keep(a_board_of(timedelta(minutes=1)))
    said = nouba_display(place.folder, "doctor").output
    assert "ok     cached board: as the server had it 1 min ago\n" in said
    keeper.keep(a_board_of(timedelta(hours=-1)))
    assert "cached board: of an unknown age" in nouba_display(place.folder, "doctor").output


def test_the_doctor_names_faults_and_what_to_do(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    heard.mkdir()
    (heard / "broken").touch()
    settings = MachineSettings(player=f"file:{heard}", browser="/none", screen_power="wlopm")
    with fake_server(Town(revoked=True)) as fake:
        place = paired(tmp_path / "display", fake.url, settings)
        done = nouba_display(place.folder, "doctor", "--screen")
    assert done.exit_code == 1
    assert "FAULT  server: it does not know this display's token" in done.output
    assert "note   cached board: none yet" in done.output
    named = f'FAULT  browser: browser = "/none" in {place.settings_file}: no such program\n'
    assert named in done.output, "the setting, not what to install"
    assert "FAULT  player: the audio device is gone" in done.output
    assert "FAULT  screen power: wlopm: wlopm: No such file" in done.output
    assert "set another screen_power in" in done.output
    away = nouba_display(place.folder, "doctor")
    assert "does not answer" in away.output
    assert "how old its calls are" in away.output
    place.settings_file.write_text("port = 0", encoding="utf-8")
    assert "FAULT  settings: " in nouba_display(place.folder, "doctor").output


def test_a_machine_without_a_player_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = paired(tmp_path, "http://127.0.0.1:1", MachineSettings(port=free_port()))
    monkeypatch.setenv("PATH", str(tmp_path))
    done = nouba_display(place.folder, "doctor")
    assert "FAULT  player: none of pw-play, paplay, aplay is here\n" in done.output
    assert f"→ {INSTALL}\n" in done.output
    assert INSTALL == "apt install alsa-utils"
    packages = re.search(r"^apt install .*", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert packages is not None
    assert INSTALL.split()[-1] in packages[0].split(), "as the docs have it"
    assert said_at_the_start(place) == f"none of pw-play, paplay, aplay is here: {INSTALL}"


def test_a_player_that_is_not_there_is_named_by_the_doctor_and_at_the_start(
    tmp_path: Path,
) -> None:
    settings = MachineSettings(player="nonsense", port=free_port())
    place = paired(tmp_path, "http://127.0.0.1:1", settings)
    named = f'player = "nonsense" in {place.settings_file}: no such program'
    assert f"FAULT  player: {named}\n" in nouba_display(place.folder, "doctor").output
    assert said_at_the_start(place).startswith(named)


def said_at_the_start(place: Place) -> str:
    """What the running program logs of its player."""
    nouba_display = str(Path(sys.executable).with_name("nouba-display"))
    command = [nouba_display, "run", "--no-browser", "--data", str(place.folder)]
    with subprocess.Popen(command, stdout=PIPE, stderr=STDOUT, text=True, cwd=ROOT) as program:
        in_vain = threading.Timer(PATIENCE_SECONDS, program.kill)
        in_vain.start()
        assert program.stdout is not None
        lines = (json.loads(line) for line in program.stdout if line.startswith("{"))
        found = next((line for line in lines if line["event"] == "no_player"), {"problem": ""})
        in_vain.cancel()
        program.terminate()
    return str(found["problem"])


def test_sound_cards_are_named_as_settings_want_them() -> None:
    assert sound_cards(CARDS) == [
        "PCH (HDA-Intel - HDA Intel PCH)",
        "Speaker (USB-Audio - USB Speaker)",
    ]
    assert sound_cards("--- no soundcards ---\n") == []


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"port": 0}, "port"),
        ({"port": "8171"}, "port"),
        ({"memory_mb_max": 100}, "memory_mb_max"),
        ({"reload_at": "3 o'clock"}, "reload_at"),
        ({"reload_at": "24:00"}, "reload_at"),
        ({"screen_power": "magic"}, "screen_power"),
        ({"sound": ""}, "sound"),
    ],
)
def test_a_wrong_setting_is_named(raw: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        checked(raw)


def test_settings_survive_being_written(tmp_path: Path) -> None:
    place = Place(folder=tmp_path)
    wanted = MachineSettings(
        port=9000,
        browser='/usr/bin/"odd"',
        player="aplay",
        sound_device="Speaker",
        memory_mb_max=500,
        reload_at="",
        screen_power="cec",
    )
    place.keep_settings(wanted)
    assert place.settings() == wanted
    assert wanted.reload_time is None
    place.settings_file.write_text("port = ", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"display\.toml"):
        place.settings()


def test_each_player_is_told_which_loudspeaker() -> None:
    assert MachineSettings().sound_environment == {}
    environment = MachineSettings(sound_device="Speaker").sound_environment
    assert environment == {
        "PIPEWIRE_NODE": "Speaker",
        "PULSE_SINK": "Speaker",
        "ALSA_CARD": "Speaker",
    }
