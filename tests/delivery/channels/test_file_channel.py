"""The file channel on plain files, a pipe that nobody reads, and paths that say no."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server.delivery.channels import Broken, FileChannel, Refused, TimedOut, Unreachable
from tests.delivery.channels.sending import send


def test_jobs_are_appended_to_a_plain_file_created_when_missing(tmp_path: Path) -> None:
    channel = FileChannel(path=tmp_path / "paper.bin")
    send(channel, b"one")
    send(channel, b"two")
    assert channel.path.read_bytes() == b"onetwo"


def test_a_missing_folder_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        send(FileChannel(path=tmp_path / "no" / "paper.bin"), b"one")


def test_a_missing_device_is_unreachable_and_no_file_takes_its_place() -> None:
    device = Path("/dev/nouba-no-such-printer")
    with pytest.raises(Unreachable):
        send(FileChannel(path=device), b"one")
    assert not device.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_refuses(tmp_path: Path) -> None:
    path = tmp_path / "paper.bin"
    path.touch(mode=0o400)
    with pytest.raises(Refused):
        send(FileChannel(path=path), b"one")


def test_a_device_that_takes_no_more_bytes_times_out(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(TimedOut) as caught:
            send(FileChannel(path=path, send_timeout_seconds=0.2), bytes(1_000_000))
        assert caught.value.may_have_printed
    finally:
        os.close(reader)


def test_a_full_device_breaks_the_job() -> None:
    with pytest.raises(Broken):
        send(FileChannel(path=Path("/dev/full")), b"one")
