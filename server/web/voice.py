"""The voice's page for staff: hear any call or sentence, see what it is made of, and put recordings in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import structlog
from flask import Blueprint, Response, redirect, request, url_for

from server import i18n
from server.db import reads, views
from server.domain.branch import Branch, Desk, Service
from server.domain.errors import Invalid
from server.domain.ids import Language
from server.domain.roles import Right, rights_of
from server.pages.answers import html
from server.pages.forms import field
from server.voice import CannotSay, Fragment, Origin, Voice, call, calls
from server.voice.recordings import RECORDING_SECONDS_MAX
from server.voice.rendering import RECORDINGS_FOLDER
from server.voice.splitting import SENTENCE_LENGTH_MAX
from server.web import access
from server.web.context import web
from server.web.problems import problem
from server.web.say import LANGUAGE

pages = Blueprint("voice", __name__, url_prefix="/voice")
SAMPLE_NUMBER: Final = "012"
_DONE = frozenset({"recorded", "removed"})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is asked for, and what it is made of; `url` is empty when it cannot be said."""

    language: str
    number: str
    desk: int
    text: str
    fragments: tuple[Fragment, ...]
    url: str
    mistake: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How much of a language is recorded."""

    language: str
    recorded: int
    fragments: tuple[Fragment, ...]


@pages.get("")
def show() -> Response:
    """The page; `?language=&number=&desk=&text=` choose what is heard."""
    done = request.args.get("done", "")
    return _page(notice=done if done in _DONE else "")


@pages.get(f"/sentence/{LANGUAGE}.wav")
def sentence(language: str) -> Response:
    """Any sentence, for those who listen to it here."""
    try:
        wav = _voice().wav(language, request.args.get("text", ""))
    except CannotSay:
        return problem(404, "no_voice", f"there is no voice for {language} here")
    except ValueError:
        return problem(422, "sentence_too_long", "this is too long to be said")
    except OSError as error:
        _log.error("voice_failed", error=str(error))
        return problem(503, "voice_failed", "the speech engine failed")
    answer = Response(wav, content_type="audio/wav")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@pages.post("/recordings")
def record() -> Response:
    """Keep a recording of a fragment, for this branch. The same file twice is the same as once."""
    access.caller().require(Right.ADMINISTER)
    language, words = _fragment()
    upload = request.files.get("file")
    try:
        _voice().recordings.put(language, words, upload.read() if upload else b"")
    except ValueError:
        return _page(refusal="unreadable")
    except OSError as error:
        _log.error("recording_not_written", error=str(error))
        return _page(refusal="not_written")
    return _back(language, "recorded")


@pages.post("/recordings/removals")
def remove() -> Response:
    """Forget a recording of this branch. What is not there any more is gone already."""
    access.caller().require(Right.ADMINISTER)
    language, words = _fragment()
    try:
        _voice().recordings.remove(language, words)
    except OSError as error:
        _log.error("recording_not_removed", error=str(error))
        return _page(refusal="not_written")
    return _back(language, "removed")


def _voice() -> Voice:
    """As the branch of whoever asks has recorded it; what all branches share is changed by no page."""
    with web().hall.store.read() as connection:
        branch = reads.branch(connection, access.staff_member().branch)
    return web().voice.of(branch.slug)


def _fragment() -> tuple[str, str]:
    """The language and words in the form. Raises Invalid."""
    language, words = field(request.form, "language"), field(request.form, "words")
    if not i18n.is_language(language):
        raise Invalid("there is no such language", field="language")
    return language, words


def _back(language: str, done: str) -> Response:
    query = urlencode({**_asked(), "language": language, "done": done})
    answer = redirect(f"{url_for('voice.show')}?{query}", 303)
    return Response(answer.get_data(), answer.status_code, answer.headers)


def _asked() -> dict[str, str]:
    """What was being heard, which every form carries along."""
    names = ("language", "number", "desk", "text")
    return {name: value for name in names if (value := request.values.get(name, "").strip())}


def _page(*, notice: str = "", refusal: str = "") -> Response:
    member = access.staff_member()
    with web().hall.store.read() as connection:
        branch = reads.branch(connection, member.branch)
        services = reads.services_of(connection, branch.id)
        desks = reads.desks_of(connection, branch.id)
    voice = web().voice.of(branch.slug)
    heard = _heard(voice, branch, services, desks)
    page = web().renderer.render(
        "voice/voice.html",
        member.agent.language.value,
        branch=views.branch_card(branch),
        agent=member.agent.name,
        administers=Right.ADMINISTER in rights_of(member.agent.role),
        heard=heard,
        desks=[desk.number for desk in desks],
        progress=[_progress(voice, tag.value, services, desks) for tag in Language],
        engine=voice.languages,
        folder=RECORDINGS_FOLDER,
        text_length_max=SENTENCE_LENGTH_MAX,
        seconds_max=RECORDING_SECONDS_MAX,
        notice=notice,
        refusal=refusal,
    )
    return html(page, 422 if refusal else 200)


def _heard(
    voice: Voice, branch: Branch, services: tuple[Service, ...], desks: tuple[Desk, ...]
) -> Heard:
    asked = _asked()
    language = asked.get("language", "")
    if not i18n.is_language(language):
        language = branch.languages[0].value
    letter = services[0].letter if services else "A"
    label = asked.get("number", f"{letter}{SAMPLE_NUMBER}").upper()
    numbers = [desk.number for desk in desks] or [1]
    number = next((each for each in numbers if str(each) == asked.get("desk")), numbers[0])
    text, mistake, url = asked.get("text", ""), "", ""
    fragments: tuple[Fragment, ...] = ()
    try:
        if text:
            fragments = voice.fragments(language, text)
            url = f"/voice/sentence/{language}.wav?{urlencode({'text': text})}"
        else:
            fragments = voice.call_fragments(language, call(language, label, number))
            query = urlencode({"number": label, "desk": number})
            url = f"/board/{branch.slug}/say/{language}.wav?{query}"
    except ValueError:
        mistake = "too_long" if text else "no_number"
    can_be_said = fragments and all(each.origin is not Origin.MISSING for each in fragments)
    return Heard(
        language=language,
        number=label,
        desk=number,
        text=text,
        fragments=fragments,
        url=url if can_be_said and desks else "",
        mistake=mistake,
    )


def _progress(
    voice: Voice, language: str, services: tuple[Service, ...], desks: tuple[Desk, ...]
) -> Progress:
    phrases = calls.recordable(
        language, (each.letter for each in services), (each.number for each in desks)
    )
    found = tuple(voice.fragment(language, phrase.words) for phrase in phrases)
    recorded = sum(each.origin is Origin.RECORDING for each in found)
    return Progress(language=language, recorded=recorded, fragments=found)
