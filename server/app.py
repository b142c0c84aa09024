"""Puts the parts together: the only place that knows them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, cast

import structlog
from flask import Blueprint, Flask, Response
from flask_login import LoginManager
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix

from server.actions.hall import Hall
from server.clock import SystemChance, SystemClock
from server.config import Config, secret_key
from server.db.engine import open_engine
from server.db.unit_of_work import CommitListener, Store
from server.delivery.channels import open_channel
from server.delivery.dispatcher import Dispatcher
from server.delivery.paper import PaperPress
from server.delivery.paper.fonts import FONTS
from server.delivery.paper.office import PaperOffice
from server.delivery.printing import LEASE_MARGIN, PrintSender
from server.delivery.push import Pusher
from server.delivery.worker import Hints, Worker
from server.domain.ticket import Ticket
from server.media import MediaFolders
from server.pages.compressing import compress_static
from server.pages.protection import protect_pages
from server.pages.rendering import ROOT, Renderer
from server.rooms import Rooms
from server.voice import open_voice
from server.voice.warming import Warmer
from server.web import (
    access,
    api,
    board,
    context,
    desk,
    devices,
    displays,
    home,
    kiosk,
    limits,
    media,
    metrics,
    packets,
    paper,
    problems,
    say,
    sign_in,
    sockets,
    ticket,
    voice,
)
from server.web.context import EXTENSION, Web
from server.web.membership import Members
from server.web.painter import Painter
from server.web.sessions import CookieSessions

_log = structlog.get_logger(__name__)
STATIC_CACHE = timedelta(days=365)
"""Addresses of static files carry a hash of their content."""
SESSION = timedelta(hours=12)

Guard = Callable[[], Response | None]

DOORS: tuple[tuple[Blueprint, Guard], ...] = (
    (home.pages, access.anyone),
    (home.status, access.anyone),
    (board.pages, access.anyone),
    (media.pages, access.anyone),
    (say.pages, access.anyone),
    (ticket.pages, access.anyone),
    (sign_in.pages, access.anyone),
    (kiosk.sign_in, access.anyone),
    (kiosk.pages, access.kiosk),
    (desk.pages, access.staff),
    (paper.pages, access.administrator),
    (devices.pages, access.supervisor),
    (displays.pages, access.supervisor),
    (voice.pages, access.supervisor),
    (api.public, access.anyone),
    (api.blueprint, access.program),
)
"""Every blueprint beside its guard: this is the whole answer to "what is public?"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nouba:
    """One process of the system: the pages, the live side and delivery."""

    flask: Flask
    io: SocketIO
    live: sockets.Sockets
    worker: Worker
    hall: Hall
    warmer: Warmer
    renderer: Renderer


def create_app(config: Config, *, hall: Hall | None = None, paper_url: str = "") -> Nouba:
    """Build one process. Starts nothing: `worker.start()` begins delivery, `warmer.start()` rendering ahead.

    `hall` replaces the real one in tests.
    """
    hall = hall or Hall(
        store=Store(open_engine(config.database.url)), clock=SystemClock(), chance=SystemChance()
    )
    app = Flask("nouba", root_path=str(ROOT), static_folder="static", template_folder="templates")
    app.session_interface = CookieSessions()
    _configure(app, config)
    parts = Web(
        hall=hall,
        config=config,
        renderer=Renderer(app),
        tokens=access.Tokens(hall),
        paper=PaperOffice(FONTS),
        media=MediaFolders(config.data / "media", config.board.picture_seconds),
        voice=open_voice(config.data),
        paper_url=paper_url,
    )
    app.extensions[EXTENSION] = parts
    _protect(app, config)
    problems.install(app)
    context.tell_time(app)
    for blueprint, guard in DOORS:
        _register(app, blueprint, guard)
    io = _sockets(app, config)
    _believe_proxies(app, config.server.trusted_proxies)
    rooms = Rooms()
    painter = Painter(hall, parts.renderer, parts.ticket_url, parts.media)
    live = sockets.install(app, io, hall, rooms, painter)
    metrics.install(app, rooms)
    return Nouba(
        flask=app,
        io=io,
        live=live,
        worker=_worker(hall, config, rooms, painter, live, parts),
        hall=hall,
        warmer=Warmer(config.data, partial(say.order_of, hall), _log),
        renderer=parts.renderer,
    )


def _sockets(app: Flask, config: Config) -> SocketIO:
    # Options of python-engineio underneath, which the stubs of Flask-SocketIO do not list.
    options: dict[str, Any] = {
        "transports": ["websocket"],
        "serve_client": False,
        "client_manager": Members(),
        "json": packets,
        # A socket says little: its own greenlet answers it, and none is started for each word.
        "async_handlers": False,
        # It is in before it is answered: a client that hears its answer first would wait for another one.
        "always_connect": True,
    }
    return SocketIO(
        app,
        async_mode=config.server.async_mode,
        ping_interval=sockets.PING_INTERVAL_SECONDS,
        ping_timeout=sockets.PING_TIMEOUT_SECONDS,
        max_http_buffer_size=sockets.MESSAGE_BYTES_MAX,
        manage_session=False,
        **options,
    )


def _believe_proxies(app: Flask, hops: int) -> None:
    """Outermost, so that Socket.IO too sees who is really asking, and by which address."""
    if hops:
        fixed = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        # Flask documents this way of wrapping; its types call the attribute a method.
        cast(Any, app).wsgi_app = fixed


def _configure(app: Flask, config: Config) -> None:
    app.config.update(
        SECRET_KEY=secret_key(config.data),
        MAX_CONTENT_LENGTH=config.limits.body_bytes_max,
        MAX_FORM_MEMORY_SIZE=config.limits.body_bytes_max,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_CACHE,
        PERMANENT_SESSION_LIFETIME=SESSION,
        SESSION_COOKIE_NAME="nouba_session",
        SESSION_COOKIE_SAMESITE="Lax",
        RATELIMIT_STORAGE_URI=config.redis.url or "memory://",
        RATELIMIT_HEADERS_ENABLED=True,
        # Redis is for sharing counts; without it each process counts for itself.
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
    )


def _protect(app: Flask, config: Config) -> None:
    forms_only = protect_pages(app, https=config.security.https)
    compress_static(app)
    for blueprint in (api.public, api.blueprint):  # no cookie opens these doors
        forms_only.exempt(blueprint)
    limits.limiter.init_app(app)
    staff = LoginManager(app)
    staff.user_loader(access.load_staff)
    # "strong" would end the session of a laptop that changes its address in the middle of a ticket.
    staff.session_protection = "basic"


def _register(app: Flask, blueprint: Blueprint, guard: Guard) -> None:
    """The guard belongs to this app's registration, so the shared blueprint object stays as it is."""

    app.before_request_funcs.setdefault(blueprint.name, []).append(guard)
    app.register_blueprint(blueprint)


def _worker(
    hall: Hall,
    config: Config,
    rooms: Rooms,
    painter: Painter,
    live: sockets.Sockets,
    parts: Web,
) -> Worker:
    def url_of(value: Ticket) -> str:
        return parts.ticket_url(value.secret)

    channel_to = partial(
        open_channel,
        connect_timeout_seconds=config.printing.connect_timeout_seconds,
        send_timeout_seconds=config.printing.send_timeout_seconds,
    )
    return Worker(
        hall,
        pusher=Pusher(hall, rooms, painter, live),
        dispatcher=Dispatcher(
            hall, expires_after=timedelta(seconds=config.printing.expire_seconds)
        ),
        sender=PrintSender(hall, PaperPress(FONTS), channel_to, url_of, lease=_lease(config)),
        hints=_hints(config),
    )


def _lease(config: Config) -> timedelta:
    """Longer than one attempt can take: only a dead sender loses its claim."""
    seconds = config.printing.connect_timeout_seconds + config.printing.send_timeout_seconds
    return timedelta(seconds=seconds) + LEASE_MARGIN


def _hints(config: Config) -> Callable[[CommitListener], Hints] | None:
    if not config.redis.url:
        return None
    # Imported here: redis is an extra that one small machine does not install.
    from server.delivery.hints import RedisHints

    return partial(RedisHints, config.redis.url)
