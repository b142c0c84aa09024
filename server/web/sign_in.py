"""Staff sign in with a password and out again."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request, session, url_for
from flask_login import current_user, login_user, logout_user

from server.actions.settings import password_matches
from server.db import credentials
from server.pages.answers import html, preferred_language
from server.web.access import StaffMember
from server.web.context import web
from server.web.limits import limiter, sign_in_attempts

pages = Blueprint("sign_in", __name__)
PASSWORD_LENGTH_MAX = 200


@pages.get("/sign-in")
def show() -> Response:
    """The form."""
    if current_user.is_authenticated:
        return _go(_next())
    return _form(refusal=False)


@pages.post("/sign-in")
@limiter.limit(sign_in_attempts)
def submit() -> Response:
    """Check the password; a wrong login takes as long and says the same as a wrong password."""
    login = request.form.get("login", "").strip().lower()
    password = request.form.get("password", "")[: PASSWORD_LENGTH_MAX + 1]
    with web().hall.store.read() as connection:
        found = credentials.agent_by_login(connection, login)
    # Slow on purpose: outside of any transaction.
    if not password_matches(found.password_hash if found else None, password):
        return _form(refusal=True)
    assert found is not None, "only a known account has a password that matches"
    if not found.agent.is_active:
        return _form(refusal=True)
    session.clear()  # a session that somebody planted before ends here
    session.permanent = (
        True  # ends after PERMANENT_SESSION_LIFETIME, not when the browser is closed
    )
    login_user(StaffMember(found))
    return _go(_next())


@pages.post("/sign-out")
def sign_out() -> Response:
    """End the session; an open shift stays open."""
    logout_user()
    session.clear()
    return _go(url_for("sign_in.show"))


def _form(*, refusal: bool) -> Response:
    text = web().renderer.render(
        "sign_in.html",
        preferred_language(),
        refusal={"code": "wrong_password", "message": "wrong login or password"}
        if refusal
        else None,
        next_url=_next(),
    )
    return html(text, 403 if refusal else 200)


def _next() -> str:
    """Where to go afterwards: a path of this server, never another address."""
    wanted = request.values.get("next", "")
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and not parts.netloc else url_for("desk.show")


def _go(address: str) -> Response:
    answer = redirect(address, 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)
