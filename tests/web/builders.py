"""A whole app over a town of `tests.builders`, and a client that speaks to its API as a program would."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIO
from werkzeug.test import Client, TestResponse

from server.actions import settings, shifts
from server.actions.hall import Caller, Hall
from server.app import create_app
from server.config import load
from server.db import tables
from server.domain.ids import AgentId, BranchId, Language
from server.domain.roles import Role
from server.web import access
from server.web.sockets import Sockets
from tests.builders import Town

API = "/api/v1"
PASSWORD = "correct horse battery"
_keys = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """A program with one token, or with none. Every changing request gets a new key unless one is given."""

    app: Flask
    token: str | None

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> TestResponse:
        """Read something."""
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: object = None, key: str | None = None) -> TestResponse:
        """Change something; `body` None is an empty object."""
        return self.send("POST", path, headers=_key(key), json={} if body is None else body)

    def put(self, path: str, body: object, key: str | None = None) -> TestResponse:
        """Put something in the place of what is there."""
        return self.send("PUT", path, headers=_key(key), json=body)

    def delete(self, path: str, key: str | None = None) -> TestResponse:
        """End something."""
        return self.send("DELETE", path, headers=_key(key))

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Any request, as it is."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        # Werkzeug's own client: no cookie is kept, like in a program.
        client = Client(self.app, use_cookies=False)
        return client.open(API + path, method=method, headers=sent, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An app that serves a town."""

    app: Flask
    io: SocketIO
    live: Sockets
    town: Town

    def api(self, role: Role | None, agent: Caller | None = None) -> Api:
        """A program with a new token of `role`, which acts for `agent` if one is given; None is a stranger."""
        if role is None:
            return Api(app=self.app, token=None)
        return Api(app=self.app, token=a_token(self.town, role, agent.agent if agent else None))

    def kiosk(self) -> Api:
        """A program that may only issue."""
        return self.api(Role.KIOSK)

    def agent(self, index: int = 0) -> Api:
        """The program of one of the town's agents; the first is a supervisor."""
        caller = self.town.agents[index]
        return self.api(caller.role, caller)

    def seated(self, index: int = 0) -> Api:
        """The same, with an open shift at their own desk."""
        self.town.sit(index)
        return self.agent(index)


def open_site(town: Town, data: Path, *, hall: Hall | None = None, **overrides: object) -> Site:
    """A new app on the town's database; settings by name, `limits__body_bytes_max=…`."""
    named = {name.replace("__", "."): value for name, value in overrides.items()}
    config = load(None, data, {}, overrides={"database.url": town.url, **named})
    built = create_app(config, hall=hall or town.hall)
    return Site(app=built.flask, io=built.io, live=built.live, town=town)


def a_token(
    town: Town, role: Role, agent: AgentId | None = None, branch: BranchId | None = None
) -> str:
    """A token's text."""
    _, token = settings.create_token(
        hall=town.hall, branch=branch or town.branch, role=role, label=role.value, agent=agent
    )
    return token


def another_branch(site: Site, role: Role) -> Api:
    """A program whose token belongs to another branch of the same installation."""
    town = site.town
    new = settings.NewBranch(slug=f"{town.slug}-other", names={Language.FRENCH: "Autre"})
    branch = settings.create_branch(hall=town.hall, new=new)
    return Api(app=site.app, token=a_token(town, role, branch=branch))


def call(desk: Api, town: Town, index: int = 0) -> str:
    """Call the next one to a desk; the ticket's id."""
    answer = desk.post(f"/desks/{town.desks[index]}/calls")
    assert answer.status_code == 201, answer.text
    assert answer.json
    return str(answer.json["id"])


def refused(api: Api, path: str, body: object = None) -> tuple[int, str]:
    """Status and code of a POST that must fail with a problem document."""
    return problem_of(api.post(path, body))


def problem_of(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.content_type == "application/problem+json", answer.text
    assert answer.json
    assert answer.json["status"] == answer.status_code
    return answer.status_code, str(answer.json["code"])


def signed_in(site: Site, *, desk: int | None = None, role: Role = Role.AGENT) -> FlaskClient:
    """A browser in which a new agent signed in (and sat down at a desk), with a kiosk's cookie as well.

    Switches the check of form tokens off: they are the subject of other tests.
    """
    town = site.town
    site.app.config["WTF_CSRF_ENABLED"] = False
    login = f"{town.slug}-browser" if role is Role.AGENT else f"{town.slug}-{role}"
    agent = settings.create_agent(
        hall=town.hall,
        branch=town.branch,
        login=login,
        name="Browser",
        role=role,
        language=Language.FRENCH,
        password=PASSWORD,
    )
    if desk is not None:
        caller = Caller(scope=f"agent:{agent}", role=role, branch=town.branch, agent=agent)
        shifts.open_shift(hall=town.hall, caller=caller, desk=town.desks[desk], key=None)
    client = site.app.test_client()
    client.set_cookie(access.DEVICE_COOKIE, a_token(town, Role.KIOSK))
    answer = client.post("/sign-in", data={"login": login, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


@contextmanager
def nothing_written(town: Town, *, but_answers: bool = False) -> Iterator[None]:
    """Whatever happens inside leaves the queue as it was: no row more, none changed.

    `but_answers` lets the answers to requests be kept.
    """
    before = _everything(town)
    yield
    after = _everything(town)
    if but_answers:
        del before["requests"], after["requests"]
    assert after == before


def _everything(town: Town) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with town.hall.store.read() as connection:
        for table in tables.metadata.sorted_tables:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key))
            found[table.name] = [tuple(row) for row in rows]
    return found


def _key(key: str | None) -> dict[str, str]:
    return {"Idempotency-Key": key or f"key-{next(_keys)}"}
