"""Reads the fields of a form; what is missing, too long or no text at all is refused by name."""

from __future__ import annotations

from flask import abort, request, session
from werkzeug.datastructures import MultiDict

from server.domain.errors import Invalid

API_PREFIX = "/api/"
FIELD_LENGTH_MAX = 200
KEY_LENGTH_MAX = 80
NUMBER_DIGITS_MAX = 18
"""What a BIGINT certainly holds."""

PAPER_BYTES_MAX = 1024 * 1024
"""A logo of 512 KiB, as a file or in base64, with its template."""
RECORDING_FORM_BYTES_MAX = 4_100_000
"""A recording of the voice with its form."""
_UPLOADS = {"paper.submit": PAPER_BYTES_MAX, "voice.record": RECORDING_FORM_BYTES_MAX}
"""Forms that may be longer than `limits.body_bytes_max`, for who has signed in."""
SIGNED_IN = "_user_id"
"""Where Flask-Login keeps who signed in; the session is sealed, so no stranger has it."""

Form = MultiDict[str, str]


def refuse_unwritable() -> None:
    """Before every request: 404 or Invalid for an address or a field that no database can hold.

    Not for the API, whose routes and schemas let in nothing of the kind, and whose token is asked first.
    """
    if request.path.startswith(API_PREFIX):
        return
    bytes_max = _UPLOADS.get(request.endpoint or "")
    if bytes_max is not None and SIGNED_IN in session:
        request.max_content_length = request.max_form_memory_size = bytes_max
    if not is_writable(request.path):
        abort(404)
    for name, value in request.form.items(multi=True):
        if not is_writable(value):
            raise Invalid("this is no text", field=name if is_writable(name) else "form")


def is_writable(text: str) -> bool:
    """Whether `text` is text everywhere: PostgreSQL holds no NUL, and UTF-8 no half of a surrogate pair."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)


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
    if not value.isascii() or not value.isdecimal() or len(value) > NUMBER_DIGITS_MAX:
        raise Invalid(f"{name} must be a whole number", field=name)
    return int(value)


def idempotency_key(form: Form) -> str:
    """The form's own id. Raises Invalid: without it a second tap would be a second ticket."""
    key = field(form, "key")
    if len(key) > KEY_LENGTH_MAX:
        raise Invalid(f"key has more than {KEY_LENGTH_MAX} characters", field="key")
    return key
