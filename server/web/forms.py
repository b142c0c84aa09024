"""Reads the fields of a form; what is missing or too long is refused by name."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from server.domain.errors import Invalid

FIELD_LENGTH_MAX = 200
KEY_LENGTH_MAX = 80

Form = MultiDict[str, str]


def field(form: Form, name: str) -> str:
    """The text of a field. Raises Invalid."""
    value = form.get(name, "").strip()
    if not value:
        raise Invalid(f"{name} is missing", field=name)
    if len(value) > FIELD_LENGTH_MAX:
        raise Invalid(f"{name} has more than {FIELD_LENGTH_MAX} characters", field=name)
    return value


def number(form: Form, name: str) -> int:
    """The whole number of a field. Raises Invalid."""
    value = field(form, name)
    if not value.isascii() or not value.isdecimal():
        raise Invalid(f"{name} must be a whole number", field=name)
    return int(value)


def idempotency_key(form: Form) -> str:
    """The form's own id. Raises Invalid: without it a second tap would be a second ticket."""
    key = field(form, "key")
    if len(key) > KEY_LENGTH_MAX:
        raise Invalid(f"key has more than {KEY_LENGTH_MAX} characters", field="key")
    return key
