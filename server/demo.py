"""`nouba demo`: a town hall for newcomers, set up once and the same at every start."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from server.actions import amendments, settings
from server.actions.amendments import BranchChange, new_password
from server.actions.hall import Hall
from server.actions.settings import NewBranch, NewService
from server.clock import SystemChance, SystemClock
from server.config import EVERY_ADDRESS, Config
from server.db import listings, reads
from server.db.opening import open_store
from server.demo_printer import RunningPrinter, virtual_printer
from server.domain.branch import Branch
from server.domain.errors import NotAllowed, UnknownBranch
from server.domain.hours import ALWAYS_OPEN
from server.domain.ids import Language, Texts, in_language
from server.domain.roles import Role

BRANCH_FILE = Path(__file__).with_name("demo_branch.toml")
KIOSK_LABEL = "demo kiosk"
# TEST-NET-1 (RFC 5737): asking for the way there tells our own address, and sends nothing.
_NOWHERE = ("192.0.2.1", 9)
_LABEL_WIDTH = 16


NOUBA = Path(sys.executable).with_name("nouba")
"""The command as it can be typed: it is not on anybody's PATH."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A person of the demo; `password` only if this start made it."""

    login: str
    name: str
    role: Role
    password: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The demo's branch as it stands; `kiosk_token` only if this start made it."""

    branch: Branch
    sign_ins: tuple[SignIn, ...]
    kiosk_token: str | None


def run(
    config: Config, *, say: Callable[[str], object], serve: Callable[[Config, str], int]
) -> int:
    """Set up what is missing, start the printer, tell the addresses, serve; end all together.

    `config` has a public address (`reachable`); `serve` gets it and the address of the paper, and
    returns the server's exit status, as this does.

    Raises DatabaseUnusable, PrinterUnusable, Refusal.
    """
    # A plain SIGTERM would skip every `finally`; `serve` puts its own handler here.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        return _run(config, read_plan(), say, serve)
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(
    config: Config,
    plan: Mapping[str, Any],
    say: Callable[[str], object],
    serve: Callable[[Config, str], int],
) -> int:
    store = open_store(config.database.url, create=True)
    hall = Hall(store=store, clock=SystemClock(), chance=SystemChance())
    demo = set_up(hall, plan, open_kiosk=is_loopback(config.server.host))
    with virtual_printer(width_dots=plan["printer"]["width_dots"]) as printer:
        connect_printer(hall, demo.branch, plan, printer.address)
        store.engine.dispose()
        say(welcome(config, demo, printer))
        return serve(config, printer.page)


def read_plan() -> dict[str, Any]:
    """What `demo_branch.toml` says."""
    return tomllib.loads(BRANCH_FILE.read_text(encoding="utf-8"))


def set_up(hall: Hall, plan: Mapping[str, Any], *, open_kiosk: bool) -> Demo:
    """Create what is missing of the plan and nothing else, so an interrupted set-up goes on.

    Raises NotAllowed on the database of a real town hall, where nobody wants these agents.
    """
    branch = _branch(hall, plan, open_kiosk=open_kiosk)
    _services(hall, branch, plan["services"])
    _desks(hall, branch, plan["desks"])
    return Demo(
        branch=branch,
        sign_ins=_agents(hall, branch, plan["agents"]),
        kiosk_token=_kiosk_token(hall, branch),
    )


def connect_printer(hall: Hall, branch: Branch, plan: Mapping[str, Any], address: str) -> None:
    """Point the demo's printer to where the virtual one listens at this start."""
    name = plan["printer"]["name"]
    with hall.store.read() as connection:
        printers = reads.printers_of(connection, branch.id)
    for printer in printers:
        if printer.name == name:
            amendments.move_printer(hall=hall, printer=printer.id, address=address)
            return
    settings.create_printer(
        hall=hall,
        branch=branch.id,
        name=name,
        address=address,
        width_dots=plan["printer"]["width_dots"],
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name that we do not know is not believed."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reachable(config: Config) -> Config:
    """The same settings with a public address that a phone can open, if none was given."""
    server = config.server
    if server.public_url:
        return config
    host = _own_address() if server.host in EVERY_ADDRESS else server.host
    shown = f"[{host}]" if ":" in host else host
    return replace(config, server=replace(server, public_url=f"http://{shown}:{server.port}"))


def welcome(config: Config, demo: Demo, printer: RunningPrinter) -> str:
    """The block that a newcomer reads: every address, and what was made at this start."""
    base = config.server.public_url
    slug = demo.branch.slug
    names = demo.branch.names
    pages = [
        ("home", f"{base}/"),
        ("kiosk", f"{base}/kiosk/{slug}"),
        ("waiting room", f"{base}/board/{slug}"),
        ("desk (sign in)", f"{base}/desk"),
        ("devices", f"{base}/devices   for supervisors and administrators"),
        ("paper", printer.page),
        ("printer", f"{printer.address}   for nouba-kiosk pair --printer"),
        ("phone", f"{base}/t/…   the QR of a ticket leads there"),
        ("API", f"{base}/api/v1/openapi.json"),
    ]
    title = " · ".join(
        in_language(names, language)
        for language in (Language.FRENCH, Language.ARABIC, Language.AMAZIGH)
    )
    lines = ["", f"  Nouba · {title}", "", *(_line(label, text) for label, text in pages), ""]
    lines += _sign_in_lines(config, demo) + _kiosk_lines(config, demo)
    if is_loopback(config.server.host):
        lines.append(
            "  Phones cannot reach this address; to let them, start again with --host 0.0.0.0"
        )
    return "\n".join([*lines, "  Ctrl-C ends the server and the printer.", ""])


# ---------------------------------------------------------------- the parts of the branch


def _branch(hall: Hall, plan: Mapping[str, Any], *, open_kiosk: bool) -> Branch:
    try:
        with hall.store.read() as connection:
            found = reads.branch_by_slug(connection, plan["slug"])
    except UnknownBranch:
        _require_empty(hall)
        new = NewBranch(
            slug=plan["slug"],
            names=_texts(plan["names"]),
            rules=ALWAYS_OPEN,
            accent=plan["accent"],
            open_kiosk=open_kiosk,
        )
        settings.create_branch(hall=hall, new=new)
    else:
        change = BranchChange(open_kiosk=open_kiosk)
        amendments.change_branch(hall=hall, branch=found.id, change=change)
    with hall.store.read() as connection:
        return reads.branch_by_slug(connection, plan["slug"])


def _require_empty(hall: Hall) -> None:
    with hall.store.read() as connection:
        others = reads.all_branches(connection)
    if others:
        raise NotAllowed(
            f"this database holds {', '.join(branch.slug for branch in others)}: "
            "give the demo a data folder of its own with --data DIR"
        )


def _services(hall: Hall, branch: Branch, planned: Sequence[Mapping[str, Any]]) -> None:
    with hall.store.read() as connection:
        present = {service.code for service in reads.catalogue(connection, branch).services}
    for position, each in enumerate(planned):
        if each["code"] not in present:
            new = NewService(
                code=each["code"],
                letter=each["letter"],
                names=_texts(each["names"]),
                documents={Language(tag): items for tag, items in each["documents"].items()},
                icon=each["icon"],
                position=position,
                expected=timedelta(minutes=each["minutes"]),
            )
            settings.create_service(hall=hall, branch=branch.id, new=new)


def _desks(hall: Hall, branch: Branch, planned: Sequence[Mapping[str, Any]]) -> None:
    with hall.store.read() as connection:
        present = {desk.number for desk in reads.catalogue(connection, branch).desks}
    for each in planned:
        if each["number"] not in present:
            lines = {code: timedelta(minutes=lag) for code, lag in each["lines"].items()}
            settings.create_desk(hall=hall, branch=branch.id, number=each["number"], lines=lines)


def _agents(hall: Hall, branch: Branch, planned: Sequence[Mapping[str, Any]]) -> tuple[SignIn, ...]:
    with hall.store.read() as connection:
        present = {listed.agent.login for listed in listings.agents_of(connection, branch.id)}
    sign_ins = []
    for each in planned:
        password = None if each["login"] in present else new_password(hall.chance)
        if password is not None:
            settings.create_agent(
                hall=hall,
                branch=branch.id,
                login=each["login"],
                name=each["name"],
                role=Role(each["role"]),
                language=Language(each["language"]),
                password=password,
            )
        sign_in = SignIn(
            login=each["login"], name=each["name"], role=Role(each["role"]), password=password
        )
        sign_ins.append(sign_in)
    return tuple(sign_ins)


def _kiosk_token(hall: Hall, branch: Branch) -> str | None:
    with hall.store.read() as connection:
        tokens = listings.tokens_of(connection, branch.id)
    if any(each.label == KIOSK_LABEL and each.revoked_at is None for each in tokens):
        return None
    _, token = settings.create_token(
        hall=hall, branch=branch.id, role=Role.KIOSK, label=KIOSK_LABEL
    )
    return token


def _texts(raw: Mapping[str, str]) -> Texts:
    return {Language(tag): text for tag, text in raw.items()}


# ---------------------------------------------------------------- what is told


def _line(label: str, text: str) -> str:
    return f"    {label:<{_LABEL_WIDTH}}{text}"


def _sign_in_lines(config: Config, demo: Demo) -> list[str]:
    made = any(sign_in.password for sign_in in demo.sign_ins)
    heading = "Sign-ins, shown this once" if made else "Sign-ins"
    lines = [f"  {heading}"]
    for sign_in in demo.sign_ins:
        password = sign_in.password or "(shown at the first start)"
        lines.append(_line(sign_in.login, f"{password:<28}{sign_in.role:<12}{sign_in.name}"))
    if any(sign_in.password is None for sign_in in demo.sign_ins):
        lines.append(f"    Forgotten? {NOUBA} agent password LOGIN --data {config.data}")
    return [*lines, ""]


def _kiosk_lines(config: Config, demo: Demo) -> list[str]:
    kiosk = f"{config.server.public_url}/kiosk/{demo.branch.slug}"
    if demo.branch.open_kiosk:
        lines = ["  The kiosk needs no token, because only this machine can reach it."]
    else:
        lines = [
            "  Other machines can reach this server, so the kiosk needs a token: open",
            f"    {kiosk}#token={demo.kiosk_token or 'TOKEN'}",
        ]
        if demo.kiosk_token is None:
            command = f"{NOUBA} token create --role kiosk --data {config.data}"
            lines.append(f"  with a token from: {command}")
    if demo.branch.open_kiosk and demo.kiosk_token is not None:
        lines.append(_line("kiosk token", demo.kiosk_token))
    return [*lines, ""]


def _own_address() -> str:
    """This machine's address on the network that leads out, else loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_NOWHERE)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
