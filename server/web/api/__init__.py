"""The JSON API of integrators and devices."""

from __future__ import annotations

from flask import Blueprint

public = Blueprint("api_public", __name__, url_prefix="/api/v1")
blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
