"""Counts of one process for Prometheus: what was answered how fast, how many screens are connected."""

from __future__ import annotations

from time import perf_counter

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from server.rooms import Rooms

registry = CollectorRegistry()
_requests = Counter(
    "nouba_requests_total", "Requests answered.", ("route", "status"), registry=registry
)
_seconds = Histogram(
    "nouba_request_seconds", "Seconds from request to answer.", ("route",), registry=registry
)
_screens = Gauge("nouba_screens", "Sockets that watch a view.", registry=registry)
"""The names are public: docs/metrics.md lists them."""


def install(app: Flask, rooms: Rooms) -> None:
    """Count every request of `app`; routes are named by their rule, never by what a stranger typed."""
    _screens.set_function(rooms.count)

    @app.before_request
    def begin() -> None:
        g.began_at = perf_counter()

    @app.after_request
    def count(answer: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        _requests.labels(route, str(answer.status_code)).inc()
        _seconds.labels(route).observe(perf_counter() - g.get("began_at", perf_counter()))
        return answer


def exposition() -> Response:
    """Everything counted so far."""
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)
