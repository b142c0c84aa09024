"""Setting up a building: branches, services, desks, agents, printers, tokens. Each is one transaction."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import argon2

from server.actions.hall import Hall
from server.clock import new_token
from server.db import admin, credentials, reads
from server.db.engine import Connection
from server.domain.errors import Invalid
from server.domain.estimate import PRIOR_WEIGHT
from server.domain.events import Event, EventKind
from server.domain.hours import OFFICE_HOURS, Hours, HoursRule
from server.domain.ids import SLUG, AgentId, BranchId, DeskId, Language, ServiceId, Texts
from server.domain.roles import STAFF_ROLES, Role

ICON = re.compile(r"[a-z0-9-]{1,40}")
LETTER = re.compile(r"[A-Z]")
COLOUR = re.compile(r"#[0-9a-f]{6}")
ACCENT_CONTRAST_MIN = 7.0
"""DESIGN section 9: what must be read has 7:1."""
NAME_LENGTH_MAX = 80
DOCUMENT_LENGTH_MAX = 120
DOCUMENTS_MAX = 12
"""What the longest ticket holds (delivery/paper)."""
LOGIN = re.compile(r"[a-z0-9._-]{2,60}")
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 200
WIDTHS_DOTS = (384, 576)
DESK_NUMBER_MAX = 99
_PASSWORDS = argon2.PasswordHasher()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBranch:
    """A building to be set up."""

    slug: str
    names: Texts
    languages: Sequence[Language] = tuple(Language)
    zone: str = "Africa/Casablanca"
    rules: tuple[HoursRule, ...] = OFFICE_HOURS
    accent: str = "#0f5c5c"
    open_kiosk: bool = False
    priority_head_start: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService:
    """A service to be set up."""

    code: str
    letter: str
    names: Texts
    documents: Mapping[Language, Sequence[str]] = field(default_factory=dict)
    icon: str = "file-text"
    position: int = 0
    expected: timedelta = timedelta(minutes=6)


def create_branch(*, hall: Hall, new: NewBranch) -> BranchId:
    """Raises Invalid, which names the field."""
    _match(SLUG, new.slug, "slug", "small letters, digits and dashes")
    check_looks(names=new.names, languages=new.languages, accent=new.accent)
    zone = zone_named(new.zone)
    with hall.store.administer() as connection:
        return admin.insert_branch(
            connection,
            slug=new.slug,
            names=new.names,
            languages=tuple(new.languages),
            hours=Hours(zone=zone, rules=new.rules),
            accent=new.accent,
            open_kiosk=new.open_kiosk,
            priority_head_start=new.priority_head_start,
        )


def create_service(*, hall: Hall, branch: BranchId, new: NewService) -> ServiceId:
    """Raises Invalid when the code or the letter is taken, or a field makes no sense."""
    _match(SLUG, new.code, "code", "small letters, digits and dashes")
    _match(LETTER, new.letter, "letter", "one letter from A to Z")
    check_service(names=new.names, documents=new.documents, icon=new.icon, expected=new.expected)
    values: dict[str, Any] = {
        "branch_id": branch,
        "code": new.code,
        "letter": new.letter,
        "names": {tag.value: text for tag, text in new.names.items()},
        "documents": {tag.value: list(items) for tag, items in new.documents.items()},
        "icon": new.icon,
        "position": new.position,
        "is_open": True,
        "expected_seconds": round(new.expected.total_seconds()),
        "mean_seconds": new.expected.total_seconds(),
        "visits": PRIOR_WEIGHT,
    }
    with hall.store.administer() as connection:
        return admin.insert_service(connection, values)


def create_desk(
    *, hall: Hall, branch: BranchId, number: int, lines: Mapping[str, timedelta]
) -> DeskId:
    """A desk that serves the services of `lines` (code → lag; zero is primary). Raises Invalid, UnknownService."""
    if not 1 <= number <= DESK_NUMBER_MAX:
        raise Invalid(f"a desk's number goes from 1 to {DESK_NUMBER_MAX}", field="number")
    check_lines(lines)
    with hall.store.administer() as connection:
        found = {
            reads.service_by_code(connection, branch, code).id: lag for code, lag in lines.items()
        }
        return admin.insert_desk(connection, branch, number, found)


def create_agent(
    *,
    hall: Hall,
    branch: BranchId,
    login: str,
    name: str,
    role: Role,
    language: Language,
    password: str | None,
) -> AgentId:
    """A person of the staff; without a password they can only act by a token. Raises Invalid."""
    _match(LOGIN, login, "login", "2 to 60 small letters, digits, dots and dashes")
    if role not in STAFF_ROLES:
        raise Invalid(f"staff are {', '.join(STAFF_ROLES)}", field="role")
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise Invalid(f"a name has 1 to {NAME_LENGTH_MAX} characters", field="name")
    # Slow on purpose, so never under the lock of a transaction.
    password_hash = hash_password(password) if password is not None else None
    with hall.store.administer() as connection:
        return admin.insert_agent(
            connection,
            branch=branch,
            login=login,
            name=name,
            role=role,
            language=language,
            password_hash=password_hash,
        )


def create_printer(
    *, hall: Hall, branch: BranchId, name: str, address: str, width_dots: int
) -> int:
    """A printer; the first of a branch is its default. The caller has checked `address`. Raises Invalid."""
    if width_dots not in WIDTHS_DOTS:
        raise Invalid("a printer is 384 (58 mm) or 576 (80 mm) dots wide", field="width")
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise Invalid(f"a name has 1 to {NAME_LENGTH_MAX} characters", field="name")
    with hall.store.administer() as connection:
        return admin.insert_printer(connection, branch, name, address, width_dots)


def create_token(
    *,
    hall: Hall,
    branch: BranchId,
    role: Role,
    label: str,
    agent: AgentId | None = None,
    printer: int | None = None,
) -> tuple[int, str]:
    """A token's id and the token itself, which is shown this once: the database keeps only its digest.

    A staff token without an agent gets one of its own, who cannot sign in. Raises Invalid.
    """
    if not 1 <= len(label) <= NAME_LENGTH_MAX:
        raise Invalid(f"a label has 1 to {NAME_LENGTH_MAX} characters", field="label")
    token = new_token(hall.chance)
    digest = token_digest(token)
    with hall.store.administer() as connection:
        _require_same_branch(connection, branch, agent, printer)
        if role in STAFF_ROLES and agent is None:
            agent = admin.insert_agent(
                connection,
                branch=branch,
                login=f"token-{digest[:12]}",
                name=label,
                role=role,
                language=Language.FRENCH,
                password_hash=None,
            )
        token_id = admin.insert_token(
            connection,
            branch=branch,
            role=role,
            label=label,
            digest=digest,
            agent=agent,
            printer=printer,
            now=hall.clock.now(),
        )
    return token_id, token


def _require_same_branch(
    connection: Connection, branch: BranchId, agent: AgentId | None, printer: int | None
) -> None:
    found = credentials.account(connection, agent) if agent is not None else None
    if agent is not None and (found is None or found.branch != branch):
        raise Invalid("this agent works in another branch", field="agent")
    printers = {each.id for each in reads.printers_of(connection, branch)}
    if printer is not None and printer not in printers:
        raise Invalid("this printer stands in another branch", field="printer")


def revoke_token(*, hall: Hall, token_id: int) -> bool:
    """Shut a token out at once; False when it was unknown or revoked already."""
    with hall.store.administer() as connection:
        return admin.revoke_token(connection, token_id, hall.clock.now())


def set_service_open(*, hall: Hall, branch: BranchId, code: str, is_open: bool) -> bool:
    """Open or close a service for new tickets; False when it already is so. Raises UnknownService."""
    with hall.store.change(branch) as work:
        now = hall.clock.now()
        service = reads.service_by_code(work.connection, branch, code)
        if service.is_open is is_open:
            return False
        work.save_service_open(service.id, is_open=is_open)
        kind = EventKind.SERVICE_OPENED if is_open else EventKind.SERVICE_CLOSED
        work.record_event(Event(kind=kind, at=now, service=service.id))
        work.commit()
    return True


def announce_catalogue(*, hall: Hall, branch: BranchId) -> None:
    """Let every screen of a running server see a new service or desk."""
    with hall.store.change(branch) as work:
        work.record_event(Event(kind=EventKind.CATALOGUE_CHANGED, at=hall.clock.now()))
        work.commit()


def token_digest(token: str) -> str:
    """What the database keeps of a token; tokens are long and random, so one plain SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def password_matches(password_hash: str | None, password: str) -> bool:
    """Whether a password is right; an unknown account (None) takes the same time as a wrong password."""
    try:
        _PASSWORDS.verify(password_hash or _DECOY, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return password_hash is not None


def contrast_with_white(colour: str) -> float:
    """The contrast of `#rrggbb` with white, 1 to 21 (WCAG 2.2, "contrast ratio" and "relative luminance")."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
        for channel in channels
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def hash_password(password: str) -> str:
    """What the database keeps of a password. Slow on purpose: never under a lock. Raises Invalid."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise Invalid(
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters",
            field="password",
        )
    return _PASSWORDS.hash(password)


def check_looks(*, names: Texts, languages: Sequence[Language], accent: str) -> None:
    """What people see of a branch. Raises Invalid, which names the field."""
    _match(COLOUR, accent, "accent", "a colour like #0f5c5c")
    if contrast_with_white(accent) < ACCENT_CONTRAST_MIN:
        raise Invalid(
            f"white words on {accent} would be hard to read: choose a darker accent",
            field="accent",
        )
    _check_names(names)
    if not languages:
        raise Invalid("a branch needs at least one language", field="languages")


def check_service(
    *,
    names: Texts,
    documents: Mapping[Language, Sequence[str]],
    icon: str,
    expected: timedelta,
) -> None:
    """What people see of a service. Raises Invalid, which names the field."""
    _check_names(names)
    _check_documents(documents)
    _match(ICON, icon, "icon", "the name of a Lucide icon")
    if expected <= timedelta(0):
        raise Invalid("the expected handling time must be above zero", field="expected")


def check_lines(lines: Mapping[str, timedelta]) -> None:
    """The lines of a desk. Raises Invalid, which names the field."""
    if not lines:
        raise Invalid("a desk serves at least one service", field="services")
    if any(lag < timedelta(0) for lag in lines.values()):
        raise Invalid("a lag cannot be negative", field="lag")


def zone_named(name: str) -> ZoneInfo:
    """Raises Invalid when there is no such time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(f"there is no time zone {name!r}", field="zone") from error


def _match(pattern: re.Pattern[str], value: str, name: str, wanted: str) -> None:
    if pattern.fullmatch(value) is None:
        raise Invalid(f"{name} must be {wanted}, not {value!r}", field=name)


def _check_names(names: Texts) -> None:
    if not names:
        raise Invalid("a name in at least one language is needed", field="names")
    for tag, text in names.items():
        check_line(text, NAME_LENGTH_MAX, "names", f"the name in {tag}")


def _check_documents(documents: Mapping[Language, Sequence[str]]) -> None:
    for tag, items in documents.items():
        if len(items) > DOCUMENTS_MAX:
            raise Invalid(f"at most {DOCUMENTS_MAX} documents in {tag}", field="documents")
        for item in items:
            check_line(item, DOCUMENT_LENGTH_MAX, "documents", f"each document in {tag}")


def check_line(text: str, length_max: int, name: str, what: str) -> None:
    """One printable line: it goes on paper, walls and phones."""
    if not 1 <= len(text.strip()) <= length_max:
        raise Invalid(f"{what} must have 1 to {length_max} characters", field=name)
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise Invalid(f"{what} must not contain control characters", field=name)


_DECOY = _PASSWORDS.hash("a password that nobody has")
