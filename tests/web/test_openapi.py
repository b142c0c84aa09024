"""The OpenAPI document against the routes, against its own standard, and against the running API."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import Draft202012Validator, meta
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server.domain.roles import Role
from server.pages.errors import status_of_kind
from server.web import openapi
from server.web.api import OPERATIONS
from tests.builders import Town
from tests.machines import a_device, paired
from tests.web.builders import open_site

OWN_LANGUAGE = {
    "/branches/{branch}/paper-layout",
    "/branches/{branch}/devices/{device}/display",
    "/device/screenshot",
}
"""No JSON Schema can tell a right one: TOML with a grammar of its own, the services of a branch, pictures."""
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])

EXAMPLES_AN_OPERATION = 12
# Schemathesis' own list, and 410: a claim that nobody made is as over as one that ran out.
ANSWERS = ["2xx", "3xx", "401", "403", "404", "409", "410", "429", "5xx"]
# Schemathesis' own list, and 413: what is too large is refused before it is looked at.
REFUSALS = ["400", "401", "403", "404", "406", "413", "422", "428", "5xx"]
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ANSWERS},
            "negative_data_rejection": {"expected-statuses": REFUSALS},
        }
    }
)


@pytest.fixture
def document() -> dict[str, Any]:
    """As its readers get it."""
    return cast(dict[str, Any], json.loads(msgspec.json.encode(openapi.document(OPERATIONS))))


def test_it_is_served_to_everybody(town: Town, tmp_path: Path, document: dict[str, Any]) -> None:
    answer = open_site(town, tmp_path).api(None).get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == document


def test_every_route_is_in_it_and_every_entry_is_a_route(
    town: Town, tmp_path: Path, document: dict[str, Any]
) -> None:
    routes = {
        (method.lower(), re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")))
        for rule in open_site(town, tmp_path).app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods or ()
        if method in {"GET", "POST", "PUT", "DELETE"}
    }
    entries = {(method, path) for path, item in document["paths"].items() for method in item}
    assert routes == entries


def test_its_schemas_are_json_schemas_and_all_are_used(
    town: Town, document: dict[str, Any]
) -> None:
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used == set(schemas)


def test_every_operation_has_its_own_name_and_says_what_it_needs(
    town: Town, document: dict[str, Any]
) -> None:
    operations = [each for item in document["paths"].values() for each in item.values()]
    names = [each["operationId"] for each in operations]
    assert len(names) == len(set(names))
    assert all(each["summary"].endswith(".") for each in operations)
    for method, item in [(m, o) for path in document["paths"].values() for m, o in path.items()]:
        keys = [each for each in item["parameters"] if each["name"] == "Idempotency-Key"]
        assert bool(keys) == (method != "get")


def test_every_door_and_every_refusal_is_described(town: Town, document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        entry = document["paths"][operation.path][operation.method.lower()]
        shut = {"401", "403"} & set(entry["responses"])
        assert shut == (set() if operation.is_public else {"401", "403"}), operation.name
        assert entry.get("security") == ([] if operation.is_public else None)
        for refusal in operation.refusals:
            described = entry["responses"][str(status_of_kind(refusal))]["description"]
            assert f"`{refusal.code}`" in described


def test_no_request_has_room_for_unknown_fields(town: Town, document: dict[str, Any]) -> None:
    for operation in OPERATIONS:
        if operation.method == "POST":
            schema = document["components"]["schemas"][operation.input.__name__]
            assert schema["additionalProperties"] is False


def test_answers_fit_their_schemas(town: Town, tmp_path: Path, document: dict[str, Any]) -> None:
    """Views with something in them: what random requests seldom reach."""
    site = open_site(town, tmp_path)
    desk = site.seated(0)
    for service in ("a", "b", "a", "c"):
        town.issue(service)
    called = desk.post(f"/desks/{town.desks[0]}/calls").json
    assert called
    desk.post(f"/tickets/{called['id']}/starts")
    secret = town.issue().value.secret
    for path, name in {
        f"/branches/{town.slug}/views/board": "BoardView",
        f"/branches/{town.slug}/views/kiosk": "KioskView",
        f"/branches/{town.slug}/services": "ServiceList",
        f"/branches/{town.slug}/desks": "DeskList",
        f"/branches/{town.slug}/events": "EventList",
        f"/desks/{town.desks[0]}/view": "DeskView",
        f"/tickets/{secret}": "TicketView",
        "/tickets/0000000000000": "Problem",
    }.items():
        _validator(document, name).validate(desk.get(path).json)
    _validator(document, "TicketAnswer").validate(called)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_random_requests_meet_the_document(
    town: Town, tmp_path: Path, mode: GenerationMode
) -> None:
    """Schemathesis in this process, with requests as the document wants them and with others.

    No 500, no undocumented status, every body as its schema says, nothing wrong accepted, nothing right refused.
    """
    site = open_site(
        town,
        tmp_path,
        limits__secret_lookups_per_minute=100_000,
        limits__pairings_per_minute=100_000,
        limits__pairing_claims_per_minute=100_000,
    )
    town.sit(0)
    admin = site.api(Role.ADMIN, town.agents[0])
    _, device = paired(town)
    known, keys = _known(town), itertools.count()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", site.app, config=CONFIG)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)

        @given(case=result.ok().as_strategy(generation_mode=mode), is_known=st.booleans())
        @settings(
            max_examples=EXAMPLES_AN_OPERATION,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        def call(case: Any, is_known: bool) -> None:
            if mode is GenerationMode.POSITIVE:
                if isinstance(case.body, dict):
                    case.body = _written(case.body)
                case.headers["Idempotency-Key"] = f"key-{next(keys)}"
                # Half of the addresses name something that exists, or everything would end in a 404.
                if is_known:
                    case.path_parameters |= {name: known[name] for name in case.path_parameters}
            token = device if case.path.startswith("/device/") else admin.token
            case.call_and_validate(
                headers={"Authorization": f"Bearer {token}"},
                excluded_checks=[positive_data_acceptance] if case.path in OWN_LANGUAGE else [],
            )

        with suppress(Unsatisfiable):  # nothing in some requests can be wrong
            call()


def _written(body: Any) -> Any:
    """JSON Schema calls 415.0 an integer and the generator writes it so; no encoder of integers does."""
    match body:
        case dict():
            return {name: _written(value) for name, value in body.items()}
        case list():
            return [_written(value) for value in body]
        case float() if body.is_integer():
            return int(body)
        case _:
            return body


def _known(town: Town) -> dict[str, Any]:
    issued = town.issue().value
    return {
        "branch": town.slug,
        "desk": str(town.desks[0]),
        "device": str(a_device(town).device),
        "ticket": issued.id,
        "secret": issued.secret,
    }


def _validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": document["components"]},
        validate_formats=True,
    )
