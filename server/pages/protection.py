"""What protects every page, on the server and on a kiosk: the policy against foreign scripts, and forms' tokens."""

from __future__ import annotations

from flask import Flask
from flask_talisman import Talisman
from flask_wtf import CSRFProtect

from server.pages import forms

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def protect_pages(app: Flask, *, https: bool) -> CSRFProtect:
    """Set the headers of every answer, ask every form for its token, refuse text that is none."""
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=https,
        # A kiosk's page stays open for days: the token lives as long as its session.
        WTF_CSRF_TIME_LIMIT=None,
    )
    # First, so that the page which says no to a form may run its scripts too.
    Talisman(
        app,
        force_https=https,
        strict_transport_security=https,
        session_cookie_secure=https,
        content_security_policy=_POLICY,
        content_security_policy_nonce_in=["script-src"],
        frame_options="DENY",
        # The secret in a ticket's address stays here; our own forms need it (CSRF over https asks for the referrer).
        referrer_policy="same-origin",
        permissions_policy={"geolocation": "()", "camera": "()", "microphone": "()"},
    )
    app.before_request(forms.refuse_unwritable)
    return CSRFProtect(app)
