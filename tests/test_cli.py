"""The commands as an operator types them, on a data folder of their own."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.actions.settings import password_matches, token_digest
from server.cli import main
from server.db import credentials, reads
from server.db.opening import open_store
from server.domain.branch import Catalogue
from server.domain.ids import Language
from server.domain.roles import Role


class Operator:
    """Types commands for one data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def types(self, *words: str, typed: str = "") -> Result:
        environ = {
            "NOUBA_DATA": str(self.data),
            "NOUBA_DATABASE_URL": None,
            "NOUBA_REDIS_URL": None,
        }
        return CliRunner().invoke(main, words, env=environ, input=io.BytesIO(typed.encode()))

    def succeeds(self, *words: str, typed: str = "") -> str:
        result = self.types(*words, typed=typed)
        assert result.exit_code == 0, result.output
        return result.stdout

    def is_refused(self, *words: str, typed: str = "") -> str:
        result = self.types(*words, typed=typed)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.stderr
        return result.stderr.removeprefix("Error: ").strip()

    def catalogue(self, slug: str = "oujda") -> Catalogue:
        store = open_store(f"sqlite:///{self.data}/nouba.sqlite3", create=False)
        with store.read() as connection:
            found = reads.catalogue(connection, reads.branch_by_slug(connection, slug))
        store.engine.dispose()
        return found


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    """In a folder of its own, so that the checkout's config.toml is not read."""
    monkeypatch.chdir(tmp_path)
    return Operator(tmp_path / "var")


def oujda(operator: Operator) -> None:
    """A town hall with two services, a desk, an agent and a printer."""
    operator.succeeds("branch", "create", "oujda", "--name", "fr=Oujda", "--name", "ar=وجدة")
    operator.succeeds("service", "create", "civil", "--letter", "A", "--name", "fr=État civil")
    operator.succeeds("service", "create", "taxes", "--letter", "B", "--name", "fr=Taxes")
    operator.succeeds("desk", "create", "1", "--service", "civil", "--service", "taxes:10")
    operator.succeeds("agent", "create", "amina", "--name", "Amina Tazi", "--language", "ar")
    operator.succeeds("printer", "create", "hall", "--address", "tcp://10.0.0.7", "--width", "58")


def test_a_town_hall_from_nothing(operator: Operator) -> None:
    oujda(operator)
    catalogue = operator.catalogue()
    assert catalogue.branch.names[Language.ARABIC] == "وجدة"
    assert [service.letter for service in catalogue.services] == ["A", "B"]
    (desk,) = catalogue.desks
    assert [line.lag.total_seconds() for line in desk.lines] == [0, 600]
    assert "taxes:10" in operator.succeeds("desk", "list")
    assert "État civil" in operator.succeeds("service", "list")
    assert "Oujda" in operator.succeeds("branch", "list")
    assert "Amina Tazi" in operator.succeeds("agent", "list")
    assert "58 mm" in operator.succeeds("printer", "list")


def test_documents_are_kept_in_order_by_language(operator: Operator) -> None:
    operator.succeeds("branch", "create", "oujda", "--name", "fr=Oujda")
    words = ["service", "create", "civil", "--letter", "A", "--name", "fr=État civil"]
    for each in ("fr=CNIE", "fr=Livret", "en=Card"):
        words += ["--documents", each]
    operator.succeeds(*words, "--minutes", "9", "--icon", "stamp")
    (service,) = operator.catalogue().services
    assert service.documents[Language.FRENCH] == ("CNIE", "Livret")
    assert service.documents[Language.ENGLISH] == ("Card",)
    assert (service.icon, service.expected.total_seconds()) == ("stamp", 540)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("branch", "create", "Oujda!", "--name", "fr=Oujda"), "small letters"),
        (("branch", "create", "oujda", "--name", "fr=Oujda"), "taken"),
        (("branch", "create", "fes", "--name", "fr=Fès", "--zone", "Mars/Fès"), "Mars/Fès"),
        (("branch", "create", "fes", "--name", "fr=Fès", "--accent", "red"), "colour"),
        (("service", "create", "civil", "--letter", "C", "--name", "fr=x"), "taken"),
        (("service", "create", "health", "--letter", "é", "--name", "fr=x"), "letter"),
        (("service", "close", "health"), "health"),
        (("service", "list", "--branch", "fes"), "there is no branch 'fes'; there are: oujda"),
        (("desk", "create", "1", "--service", "civil"), "taken"),
        (("desk", "create", "100", "--service", "civil"), "1 to 99"),
        (("desk", "create", "2", "--service", "health"), "health"),
        (("agent", "create", "amina", "--name", "Amina"), "taken"),
        (("agent", "create", "A B", "--name", "Amina"), "login"),
        (("agent", "password", "nobody"), "nobody"),
        (("printer", "create", "p", "--address", "lpt1"), "lpt1"),
        (("printer", "create", "hall", "--address", "tcp://10.0.0.8"), "taken"),
        (("token", "create", "--role", "kiosk", "--agent", "amina"), "--agent"),
        (("token", "create", "--role", "agent", "--agent", "nobody"), "nobody"),
        (("token", "create", "--role", "kiosk", "--printer", "roof"), "there are: hall"),
        (("token", "revoke", "7"), "unknown"),
        (("branch", "change", "fes", "--accent", "#000000"), "there are: oujda"),
        (("branch", "change", "oujda", "--accent", "#ffd700"), "darker accent"),
        (("branch", "change", "oujda", "--zone", "Mars/Fès"), "Mars/Fès"),
        (("branch", "change", "oujda", "--name", "fr=", "--name", "ar="), "at least one language"),
        (("branch", "change", "oujda", "--name", f"fr={'x' * 81}", "--open-kiosk"), "80"),
        (("branch", "change", "oujda", "--priority-minutes", "-1"), "0 to 240"),
        (("branch", "hours", "oujda", "--set", "nowhere.toml"), "nowhere.toml has 1 problem"),
        (("branch", "hours", "oujda", "--close", "2027-01-11", "--comment", "x" * 81), "80"),
        (("service", "change", "health", "--minutes", "5"), "health"),
        (("service", "change", "civil", "--position", "3"), "1 to 2"),
        (("service", "change", "civil", "--icon", "A Stamp", "--minutes", "9"), "icon"),
        (("desk", "change", "7", "--service", "civil"), "there is no desk 7; there are: 1"),
        (("desk", "change", "1", "--service", "civil", "--service", "health"), "health"),
        (("desk", "change", "1"), "at least one service"),
    ],
)
def test_a_refusal_is_one_line(operator: Operator, words: tuple[str, ...], reason: str) -> None:
    oujda(operator)
    before = operator.catalogue()
    said = operator.is_refused(*words)
    assert reason in said
    assert "\n" not in said.replace("\n  - ", "")  # problems of a file stand below each other
    assert operator.catalogue() == before


@pytest.mark.parametrize(
    "words",
    [
        ("branch", "create", "fes", "--name", "Fès"),
        ("branch", "create", "fes", "--name", "es=Fez"),
        ("branch", "create", "fes", "--name", "fr=Fès", "--name", "fr=Fez"),
        ("branch", "create", "fes", "--name", "fr=Fès", "--languages", "fr,es"),
        ("branch", "create", "fes", "--name", "fr=Fès", "--languages", "fr,fr"),
        ("desk", "create", "2", "--service", "civil:soon"),
        ("desk", "create", "2", "--service", "civil", "--service", "civil:5"),
        ("agent", "create", "ali", "--name", "Ali", "--role", "kiosk"),
        ("serve", "--port", "many"),
        ("branch", "change", "oujda"),
        ("service", "change", "civil"),
        ("service", "change", "civil", "--letter", "C"),
        ("desk", "change", "1", "--service", "civil", "--service", "civil:5"),
        ("branch", "hours", "oujda", "--close", "2027-02-30"),
        ("branch", "hours", "oujda", "--close", "2027-01-11", "--reopen", "2027-01-11"),
        ("branch", "hours", "oujda", "--comment", "why"),
    ],
)
def test_a_mistyped_line_is_explained(operator: Operator, words: tuple[str, ...]) -> None:
    oujda(operator)
    result = operator.types(*words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_the_branch_may_be_left_out_only_where_there_is_one(operator: Operator) -> None:
    operator.succeeds("migrate")
    assert operator.is_refused("service", "list") == "there is no branch yet"
    oujda(operator)
    operator.succeeds("branch", "create", "fes", "--name", "fr=Fès", "--languages", "fr, ar")
    assert operator.is_refused("service", "list") == "say which one: --branch fes, oujda"
    assert "civil" in operator.succeeds("service", "list", "--branch", "oujda")


def test_a_service_is_closed_and_opened(operator: Operator) -> None:
    oujda(operator)
    assert "now closed" in operator.succeeds("service", "close", "civil")
    assert "already closed" in operator.succeeds("service", "close", "civil")
    assert not operator.catalogue().service("civil").is_open
    assert "now open" in operator.succeeds("service", "open", "civil")


def test_a_branch_is_changed_and_what_is_left_out_stays(operator: Operator) -> None:
    oujda(operator)
    words = ["branch", "change", "oujda", "--name", "fr=Oujda-Angad", "--languages", "ar,fr"]
    words += ["--accent", "#123456", "--open-kiosk", "--priority-minutes", "45"]
    assert operator.succeeds(*words) == "branch oujda: changed\n"
    branch = operator.catalogue().branch
    assert branch.names == {Language.ARABIC: "وجدة", Language.FRENCH: "Oujda-Angad"}
    assert branch.languages == (Language.ARABIC, Language.FRENCH)
    assert (branch.accent, branch.open_kiosk) == ("#123456", True)
    assert branch.head_starts.priority.total_seconds() == 45 * 60
    assert operator.succeeds(*words) == "branch oujda: already so\n"
    operator.succeeds("branch", "change", "oujda", "--name", "fr=", "--closed-kiosk")
    after = operator.catalogue().branch
    assert after.names == {Language.ARABIC: "وجدة"}
    assert (after.accent, after.open_kiosk) == ("#123456", False)


def test_a_service_is_changed_but_for_its_code_and_letter(operator: Operator) -> None:
    oujda(operator)
    words = ["service", "change", "taxes", "--name", "ar=الضرائب", "--minutes", "9"]
    words += ["--documents", "fr=CNIE", "--documents", "fr=Avis", "--documents", "en=Card"]
    assert operator.succeeds(*words, "--position", "1") == "service taxes: changed\n"
    first, second = operator.catalogue().services
    assert (first.code, first.letter, second.code) == ("taxes", "B", "civil")
    assert first.names == {Language.ARABIC: "الضرائب", Language.FRENCH: "Taxes"}
    assert first.documents[Language.FRENCH] == ("CNIE", "Avis")
    assert first.expected.total_seconds() == 540
    assert operator.succeeds(*words) == "service taxes: already so\n"
    operator.succeeds("service", "change", "taxes", "--documents", "fr=Quittance")
    operator.succeeds("service", "change", "taxes", "--documents", "en=")
    assert operator.catalogue().service("taxes").documents == {Language.FRENCH: ("Quittance",)}


def test_a_desk_serves_other_services(operator: Operator) -> None:
    oujda(operator)
    operator.succeeds("desk", "create", "2", "--service", "civil")
    result = operator.types("desk", "change", "1", "--service", "civil:5")
    assert result.stdout == "desk 1: changed\n"
    assert result.stderr == "no desk serves taxes any more: nobody calls who waits there\n"
    assert "civil:5" in operator.succeeds("desk", "list")
    again = operator.types("desk", "change", "1", "--service", "civil:5")
    assert (again.stdout, again.stderr) == ("desk 1: already so\n", "")


def test_hours_are_set_from_a_file_and_read_like_a_notice(operator: Operator) -> None:
    oujda(operator)
    example = str(Path(__file__).resolve().parents[1] / "docs" / "hours-example.toml")
    assert operator.succeeds("branch", "hours", "oujda", "--set", example).splitlines()[0] == (
        "hours of oujda: changed"
    )
    shown = operator.succeeds("branch", "hours", "oujda")
    for line in (
        "Africa/Casablanca",
        "next opening",
        "  Friday     08:30-12:00, 14:00-16:30",
        "  Sunday     closed",
        "Ramadan 1448: from Monday 2027-02-08 to Tuesday 2027-03-09",
        "  Monday 2027-01-11  Manifeste de l'Indépendance",
    ):
        assert line in shown
    again = operator.succeeds("branch", "hours", "oujda", "--set", example)
    assert again.startswith("hours of oujda: already so")


def test_a_bad_hours_file_changes_nothing_and_says_all(operator: Operator) -> None:
    oujda(operator)
    before = operator.catalogue()
    file = operator.data.parent / "hours.toml"
    file.write_text('[weekdays]\nmonday = ["9-5"]\nfryday = []\n')
    words = ("branch", "hours", "oujda", "--set", str(file))
    said = operator.is_refused(*words)
    assert "2 problems" in said
    assert "did you mean friday?" in said
    file.write_bytes(b"\xff")
    assert "not UTF-8" in operator.is_refused(*words)
    file.write_text("#" * 100_001)
    assert "bytes" in operator.is_refused(*words)
    assert operator.catalogue() == before


def test_one_day_is_closed_and_reopened(operator: Operator) -> None:
    oujda(operator)
    words = ("branch", "hours", "oujda", "--close", "2027-01-11")
    told = operator.succeeds(*words, "--comment", "Manifeste")
    assert told.startswith("oujda on Monday 2027-01-11: changed")
    assert "  Monday 2027-01-11  Manifeste" in told
    assert ": already so" in operator.succeeds(*words)
    reopened = operator.succeeds("branch", "hours", "oujda", "--reopen", "2027-01-11")
    assert ": changed" in reopened
    assert "Closed days" not in reopened
    assert ": already so" in operator.succeeds("branch", "hours", "oujda", "--reopen", "2027-01-11")


def test_a_made_password_stands_alone_and_works(operator: Operator) -> None:
    oujda(operator)
    made = operator.succeeds("agent", "create", "ali", "--name", "Ali", "--role", "supervisor")
    assert signs_in(operator, "ali", made.strip())
    assert signs_in(operator, "ali", operator.succeeds("agent", "password", "ali").strip())
    assert not signs_in(operator, "ali", made.strip())


def test_a_password_from_standard_input_is_not_repeated(operator: Operator) -> None:
    oujda(operator)
    words = ("agent", "password", "amina", "--password-stdin")
    assert operator.succeeds(*words, typed="كلمة سر طويلة\n") == ""
    assert signs_in(operator, "amina", "كلمة سر طويلة")
    assert "10 to 200" in operator.is_refused(*words, typed="short\n")
    assert "10 to 200" in operator.is_refused(*words)
    assert signs_in(operator, "amina", "كلمة سر طويلة")


def test_a_token_stands_alone_on_standard_output_and_is_listed_without_itself(
    operator: Operator,
) -> None:
    oujda(operator)
    words = ("token", "create", "--role", "kiosk", "--label", "entrance", "--printer", "hall")
    result = operator.types(*words)
    token = result.stdout.strip()
    assert result.stdout == f"{token}\n"
    assert token.startswith("nouba_")
    assert "nouba token revoke 1" in result.stderr
    listed = operator.succeeds("token", "list")
    assert "entrance" in listed
    assert token not in listed
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    with store.read() as connection:
        found = credentials.credential(connection, token_digest(token))
        assert found is not None
        assert (found.role, found.printer) == (Role.KIOSK, 1)
    operator.succeeds("token", "revoke", "1")
    with store.read() as connection:
        assert credentials.credential(connection, token_digest(token)) is None
    store.engine.dispose()
    assert "revoked before" in operator.is_refused("token", "revoke", "1")


def test_a_token_acts_for_a_person_of_its_branch_only(operator: Operator) -> None:
    oujda(operator)
    operator.succeeds("branch", "create", "fes", "--name", "fr=Fès")
    words = ("token", "create", "--role", "agent", "--agent", "amina", "--branch")
    assert operator.succeeds(*words, "oujda").startswith("nouba_")
    assert "nobody in this branch" in operator.is_refused(*words, "fes")


def test_a_mistyped_folder_makes_no_database(operator: Operator) -> None:
    assert "there is no database" in operator.is_refused("branch", "list")
    assert not operator.data.exists()


def test_migrate_says_what_it_did(operator: Operator) -> None:
    assert "from empty" in operator.succeeds("migrate")
    assert "up to date" in operator.succeeds("migrate")


def test_an_unusable_database_is_one_line(operator: Operator) -> None:
    operator.data.mkdir()
    (operator.data / "nouba.sqlite3").write_bytes(b"this is no database, not even a short one" * 30)
    assert "not a database" in operator.is_refused("branch", "list")
    assert "not a database" in operator.is_refused("migrate")


def test_check_config_tells_all_or_ok(operator: Operator) -> None:
    file = operator.data.parent / "config.toml"
    file.write_text("[server]\nprot = 1\nport = 0\n")
    said = operator.is_refused("check-config")
    assert "did you mean port?" in said
    assert "from 1 to 65535" in said
    assert "2 problems" in operator.is_refused("serve")
    file.write_text("[server]\nport = 8111\n")
    told = operator.succeeds("check-config")
    assert told.startswith("OK: ")
    assert "server.port = 8111" in told
    assert not operator.data.exists()


def test_check_config_names_an_address_that_no_phone_can_open(operator: Operator) -> None:
    (operator.data.parent / "config.toml").write_text('[server]\nhost = "0.0.0.0"\n')
    assert "server.public_url" in operator.is_refused("check-config")


def test_a_port_in_use_is_said_before_anything_starts(operator: Operator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo"):
            assert f"{port} is in use" in operator.is_refused(command, "--port", port)
    assert not operator.data.exists()


def test_several_workers_on_sqlite_are_refused(operator: Operator) -> None:
    said = operator.is_refused("serve", "--workers", "3")
    assert "PostgreSQL" in said
    assert "Redis" in said


def signs_in(operator: Operator, login: str, password: str) -> bool:
    store = open_store(f"sqlite:///{operator.data}/nouba.sqlite3", create=False)
    with store.read() as connection:
        account = credentials.agent_by_login(connection, login)
    store.engine.dispose()
    assert account is not None
    return password_matches(account.password_hash, password)
