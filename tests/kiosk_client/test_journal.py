"""The journal's promise: no number twice, nothing lost that was promised, whatever breaks in between."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kiosk_client.journal import Entry, Journal, JournalFailure
from server.domain.errors import LineFull
from server.wire_devices import Block, KeptTicket
from tests.databases import folder_in_memory
from tests.kiosk_client.builders import DAY, DEVICE, a_draft, a_journal, answer_for


def give(journal: Journal, key: str, service: str = "civil") -> Entry:
    """An offline ticket."""
    draft = a_draft(key, service)
    return journal.give_out(draft, lambda number: answer_for(draft, number), with_paper=True)[0]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = a_journal(tmp_path / "journal.sqlite3", numbers=5)
    yield made
    made.close()


class Crashes(RuleBasedStateMachine):
    """Taps, uploads and prints; any of them may be cut off after any number of SQLite's own steps."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory(dir=folder_in_memory())
        self.path = Path(self.folder.name) / "journal.sqlite3"
        self.journal = a_journal(self.path, numbers=12)
        self.promised: dict[str, Entry] = {}
        self.server: dict[str, int] = {}
        self.printed: list[str] = []

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()

    @rule(
        key=st.integers(0, 30),
        service=st.sampled_from(["civil", "legal"]),
        steps=st.none() | st.integers(1, 400),
    )
    def tap(self, key: int, service: str, steps: int | None) -> None:
        name = f"{service}-{key}"
        self.cut_after(steps)
        with suppress(JournalFailure, LineFull):
            entry = give(self.journal, name, service)
            assert self.promised.setdefault(name, entry).answer == entry.answer
        self.cut_after(None)

    @rule(limit=st.integers(1, 6), steps=st.none() | st.integers(1, 200), is_lost=st.booleans())
    def upload(self, limit: int, steps: int | None, is_lost: bool) -> None:
        batch = self.journal.to_upload(limit)
        for ticket in batch:
            assert self.server.setdefault(ticket.key, ticket.number) == ticket.number
        if not is_lost:
            self.cut_after(steps)
            with suppress(JournalFailure):
                self.journal.uploaded([KeptTicket(key=each.key, outcome="kept") for each in batch])
            self.cut_after(None)

    @rule(steps=st.none() | st.integers(1, 100))
    def print_one(self, steps: int | None) -> None:
        paper = self.journal.next_paper()
        if paper is None:
            return
        if paper.is_interrupted:
            self.journal.end_paper(paper.ticket, "doubtful")
            return
        self.cut_after(steps)
        with suppress(JournalFailure):
            self.journal.begin_sending(paper.ticket)
            self.printed.append(paper.ticket)
            self.journal.end_paper(paper.ticket, "done")
        self.cut_after(None)

    @rule()
    def start_again(self) -> None:
        self.journal.close()
        self.journal = Journal(self.path, device=DEVICE)

    @rule()
    def lease_again(self) -> None:
        self.journal.keep_blocks([Block(service="civil", day=DAY, first=988, last=999)])

    @precondition(lambda self: self.promised)
    @invariant()
    def everything_promised_is_here(self) -> None:
        for key, entry in self.promised.items():
            found = self.journal.by_key(key)
            assert found is not None
            assert found.answer == entry.answer

    @invariant()
    def no_number_twice(self) -> None:
        numbers = [(key.partition("-")[0], number) for key, number in self.server.items()]
        assert len(set(numbers)) == len(numbers)
        labels = [(e.answer.service, e.answer.label) for e in self.promised.values()]
        assert len(set(labels)) == len(labels)

    @invariant()
    def no_paper_twice(self) -> None:
        assert len(set(self.printed)) == len(self.printed)

    def cut_after(self, steps: int | None) -> None:
        """Interrupt SQLite after so many of its instructions, inside BEGIN, INSERT or COMMIT alike."""
        with suppress(JournalFailure):
            self.journal.probe()
        connection = self.journal._file._open()
        connection.set_progress_handler((lambda: 1) if steps else None, steps or 0)


TestCrashes = Crashes.TestCase
TestCrashes.settings = settings(max_examples=60, stateful_step_count=30)


def test_a_power_cut_drops_what_was_not_synced_and_nothing_else(tmp_path: Path) -> None:
    """The log up to each commit is on the disk (`synchronous=FULL`); the rest of it may be torn anywhere."""
    path = tmp_path / "journal.sqlite3"
    journal = a_journal(path, numbers=40)
    wal = path.with_name(f"{path.name}-wal")
    synced: list[tuple[str, int]] = []
    for number in range(12):
        entry = give(journal, f"key-{number}")
        synced.append((entry.answer.label, wal.stat().st_size))
    for index, (_, length) in enumerate(synced):
        following = synced[index + 1][1] if index + 1 < len(synced) else length
        for cut in range(length, following + 1, 700):
            lost = _copy(path, tmp_path / "after", wal_bytes=cut)
            labels = [answer_label(lost, f"key-{number}") for number in range(index + 1)]
            assert labels == [label for label, _ in synced[: index + 1]]
            fresh = give(lost, "fresh").answer.label
            assert fresh not in labels, "a number that was promised is not given out again"
            lost.close()
    journal.close()


def test_what_a_power_cut_relies_on(journal: Journal) -> None:
    with journal._file.reading() as db:
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL: synced at every commit"


def test_a_full_disk_refuses_before_it_promises(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = a_journal(path, numbers=999, pages_max=20)
    promised = 0
    with suppress(JournalFailure):
        for number in range(900):
            give(journal, f"key-{number}")
            promised += 1
    assert journal.state == "full"
    assert promised > 10
    journal.close()
    roomy = Journal(path, device=DEVICE)
    assert roomy.waiting_to_sync() == promised
    assert give(roomy, "after").answer.label == f"A{promised + 1:03d}", "and no hole either"
    assert roomy.state == "ok"
    roomy.close()


def test_a_broken_file_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    a_journal(path).close()
    path.write_bytes(b"no database at all" * 1000)
    journal = Journal(path, device=DEVICE)
    with pytest.raises(JournalFailure) as failed:
        give(journal, "key")
    assert failed.value.state == "broken"


def test_a_journal_that_begins_anew_gives_nothing(tmp_path: Path) -> None:
    """Its blocks would be leased again, and their numbers are on paper already."""
    journal = Journal(tmp_path / "gone.sqlite3", device=DEVICE)
    with pytest.raises(JournalFailure, match="pair again"):
        give(journal, "key")
    assert journal.state == "broken"
    path = tmp_path / "journal.sqlite3"
    a_journal(path).close()
    other = Journal(path, device=DEVICE + 1)
    with pytest.raises(JournalFailure, match="pair again"):
        give(other, "key")


def test_another_pairing_keeps_tickets_but_no_numbers(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    journal = a_journal(path)
    give(journal, "key")
    journal.close()
    again = Journal(path)
    again.hand_to(DEVICE + 1)
    assert again.waiting_to_sync() == 1
    assert again.numbers_left(DAY) == {}
    again.close()


def test_a_block_that_is_leased_again_begins_after_what_was_given_out(journal: Journal) -> None:
    """Whoever lost or wound back the table of blocks: the tickets say which numbers are taken."""
    block = Block(service="civil", day=DAY, first=995, last=999)
    labels = [give(journal, f"key-{number}").answer.label for number in range(2)]
    for damage in ("DELETE FROM blocks", "UPDATE blocks SET next = first"):
        with journal._file.writing() as db:
            db.execute(damage)
        journal.keep_blocks([block])
        labels.append(give(journal, damage).answer.label)
    assert labels == ["A995", "A996", "A997", "A998"]
    journal.keep_blocks([Block(service="civil", day=DAY, first=900, last=994)])
    assert give(journal, "the rest of it").answer.label == "A999"
    assert give(journal, "lower").answer.label == "A900", "another block has numbers of its own"
    journal.keep_blocks([block])
    assert journal.numbers_left(DAY)["civil"] == 94


def test_papers_are_told_once_the_server_knows_the_ticket(journal: Journal) -> None:
    entry = give(journal, "key")
    journal.begin_sending(entry.answer.id)
    journal.end_paper(entry.answer.id, "done")
    assert journal.papers_to_tell(10) == []
    journal.uploaded([KeptTicket(key="key", outcome="kept")])
    assert journal.papers_to_tell(10) == [(entry.answer.id, "done", None)]
    journal.told(entry.answer.id)
    assert journal.papers_to_tell(10) == []


def test_old_days_are_forgotten_but_nothing_that_waits(journal: Journal) -> None:
    first, second = give(journal, "first"), give(journal, "second")
    for entry in (first, second):
        journal.end_paper(entry.answer.id, "done")
    journal.uploaded([KeptTicket(key="first", outcome="refused", code="number_taken")])
    journal.forget(DAY + timedelta(days=1))
    assert journal.by_key("first") is None
    assert journal.by_key("second") is not None
    assert journal.numbers_left(DAY) == {}


def test_a_newer_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    a_journal(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(JournalFailure, match="newer version"):
        give(Journal(path, device=DEVICE), "key")


def _copy(path: Path, folder: Path, *, wal_bytes: int) -> Journal:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(path, folder / path.name)
    wal = path.with_name(f"{path.name}-wal").read_bytes()[:wal_bytes]
    (folder / f"{path.name}-wal").write_bytes(wal)
    return Journal(folder / path.name, device=DEVICE)


def answer_label(journal: Journal, key: str) -> str:
    """The number that was promised for a key."""
    found = journal.by_key(key)
    assert found is not None, f"{key} was promised"
    return found.answer.label
