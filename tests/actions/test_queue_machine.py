"""Random verbs of several people, on a real database, against a model made of nothing but the domain.

After each rule the tickets in the database equal the model's, field by field, and the history is lawful.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from server.actions import desks as desk_verbs
from server.actions import housekeeping, shifts, tickets
from server.actions.hall import Answered
from server.db import outbox, reads
from server.db.engine import open_engine
from server.domain import ticket as domain
from server.domain.errors import Conflict, KeyReused, Refusal
from server.domain.ids import Language, Secret, ServiceId, TicketId
from server.domain.queue import IssueRequest, PauseReason, issue
from server.domain.states import AT_A_DESK, LAWFUL, TicketClass, TicketState, Verb
from server.domain.ticket import Change, Place, Ticket
from server.wire import ShiftAnswer, TicketAnswer
from tests.builders import LINES, SERVICES, SeededChance, Town, build_town, outcome_of
from tests.databases import Databases
from tests.simulation import checks

S = TicketState
people = st.integers(0, 2)
which = st.integers(0, 30)
keys = st.one_of(st.none(), st.integers(0, 3).map(str))
SAME_DAY = frozenset({Verb.REINSTATE})
SIMPLE = sorted(desk_verbs.SIMPLE_VERBS)


class QueueMachine(RuleBasedStateMachine):
    """Three agents and a kiosk; `town_of` gives each run a branch of its own."""

    town_of: Callable[[], Town]

    def __init__(self) -> None:
        super().__init__()
        self.town = type(self).town_of()
        self.story = checks.Story()
        self.model: dict[TicketId, Ticket] = {}
        self.secrets: dict[TicketId, str] = {}
        self.seats: dict[int, bool] = {}
        """Agents with an open shift (each at the desk of the same index) → whether it is paused."""
        self.seated_on: dict[int, date] = {}
        self.answers: dict[tuple[str, str], tuple[object, TicketAnswer]] = {}
        with self.town.hall.store.read() as connection:
            self.branch = reads.branch(connection, self.town.branch)
            self.catalogue = reads.catalogue(connection, self.branch)

    # -- what people do -------------------------------------------------------------------

    @rule(
        service=st.sampled_from(SERVICES),
        ticket_class=st.sampled_from(TicketClass),
        key=keys,
    )
    def take_a_ticket(self, service: str, ticket_class: TicketClass, key: str | None) -> None:
        def act() -> Answered[TicketAnswer]:
            return self.town.issue(service, ticket_class=ticket_class, key=key)

        answered = self._keyed("kiosk", key, (service, ticket_class), act)
        if answered is None or not answered.is_new:
            return
        answer = answered.value
        found = self.catalogue.service(service)
        today = self.branch.hours.business_day(self.now)
        number = 1 + sum(
            (each.label[0], each.day) == (found.letter, today) for each in self.model.values()
        )
        assert answer.secret is not None
        self.secrets[TicketId(answer.id)] = answer.secret
        change = issue(
            IssueRequest(ticket_class=ticket_class, language=Language.ARABIC),
            branch=self.branch,
            service=found,
            number=number,
            day=today,
            ticket_id=TicketId(answer.id),
            secret=Secret(answer.secret),
            now=self.now,
        )
        self._put(change.after)
        before = [each for each in self._line(found.id) if each.id != change.after.id]
        rank = (change.after.rank_at, change.after.id)
        assert answer.ahead == sum((each.rank_at, each.id) < rank for each in before)

    @rule(agent=people, key=keys)
    def call_next(self, agent: int, key: str | None) -> None:
        expected = self._first_for(agent)
        ready = self.seats.get(agent) is False and self._in_hand(agent) is None
        answered = self._keyed(
            f"agent {agent}", key, "next", lambda: self.town.call(agent, key=key)
        )
        if answered is None:
            assert not ready or expected is None, "somebody could have been called"
        elif answered.is_new:
            assert ready
            assert expected is not None
            assert answered.value.id == expected.id
            self._decide(domain.call(expected, place=self._place(agent), now=self.now))

    @rule(agent=people, index=which)
    def call_a_chosen_one(self, agent: int, index: int) -> None:
        chosen = self._pick(index)
        if chosen is None:
            return
        place = self._place(agent)
        is_ready = self.seats.get(agent) is False and self._in_hand(agent) is None

        def act() -> Answered[TicketAnswer]:
            return desk_verbs.call_ticket(
                hall=self.town.hall,
                caller=self.town.agents[agent],
                desk=place.desk,
                ticket_id=chosen.id,
                key=None,
            )

        decide = lambda: domain.call(chosen, place=place, now=self.now)  # noqa: E731
        self._compare(act, decide, is_possible=is_ready, agent=agent)

    @rule(agent=people, index=which, verb=st.sampled_from(SIMPLE))
    def step(self, agent: int, index: int, verb: Verb) -> None:
        chosen = self._pick(index)
        if chosen is None:
            return
        is_paused = bool(self.seats.get(agent))
        is_possible = not (
            verb is Verb.REOPEN and (agent != 0 or self._in_hand(agent) or is_paused)
        )
        is_today = chosen.day == self.branch.hours.business_day(self.now)
        is_possible = is_possible and (is_today or verb not in SAME_DAY)

        def act() -> Answered[TicketAnswer]:
            return self.town.step(verb, chosen.id, agent)

        def decide() -> domain.Decision:
            return desk_verbs._AT_DESK[verb](chosen, place=self._place(agent), now=self.now)

        self._compare(act, decide, is_possible=is_possible, agent=agent)

    @rule(agent=people, index=which, to=st.sampled_from(SERVICES))
    def transfer(self, agent: int, index: int, to: str) -> None:
        chosen = self._pick(index)
        if chosen is None:
            return
        target = self.catalogue.service(to).id

        def act() -> Answered[TicketAnswer]:
            return desk_verbs.transfer_ticket(
                hall=self.town.hall,
                caller=self.town.agents[agent],
                ticket_id=chosen.id,
                to=to,
                key=None,
            )

        def decide() -> domain.Decision:
            return domain.transfer(chosen, to=target, place=self._place(agent), now=self.now)

        self._compare(act, decide, agent=agent)

    @rule(index=which)
    def citizen_cancels(self, index: int) -> None:
        chosen = self._pick(index)
        if chosen is None:
            return

        def act() -> Answered[TicketAnswer]:
            return tickets.cancel_ticket(hall=self.town.hall, secret=chosen.secret, key=None)

        self._compare(act, lambda: domain.cancel(chosen, place=None, now=self.now))

    @rule(agent=people)
    def sit_down(self, agent: int) -> None:
        before = self._seq()
        answer = self._shift(shifts.open_shift, agent)
        assert answer is not None, "each agent has a desk of their own"
        assert (self._seq() > before) is answer.is_new is (agent not in self.seats)
        self.seats.setdefault(agent, False)
        self.seated_on.setdefault(agent, self.branch.hours.business_day(self.now))

    @rule(agent=people)
    def get_up(self, agent: int) -> None:
        held = self._in_hand(agent)
        is_possible = agent in self.seats and not (held and held.state is S.SERVING)
        answer = self._shift(shifts.close_shift, agent)
        assert (answer is not None) is is_possible
        if not is_possible:
            return
        del self.seats[agent], self.seated_on[agent]
        if held:
            self._decide(domain.return_to_line(held, place=self._place(agent), now=self.now))

    @rule(agent=people, is_pause=st.booleans())
    def pause_or_go_on(self, agent: int, is_pause: bool) -> None:
        was = self.seats.get(agent)
        if is_pause:
            pause = lambda **given: shifts.pause_shift(reason=PauseReason.BREAK, **given)  # noqa: E731
            answer = self._shift(pause, agent)
            assert (answer is None) is (
                was is None or (was is False and self._in_hand(agent) is not None)
            )
        else:
            answer = self._shift(shifts.resume_shift, agent)
            assert (answer is None) is (was is None)
        if answer is not None:
            assert answer.is_new is (was is not is_pause)
            self.seats[agent] = is_pause

    @rule(minutes=st.sampled_from([0, 1, 5, 20]), seconds=st.sampled_from([0, 1, 10]))
    def time_passes(self, minutes: int, seconds: int) -> None:
        self.town.clock.advance(timedelta(minutes=minutes, seconds=seconds))

    @rule(hours=st.sampled_from([0, 0, 0, 15]))
    def night_watch(self, hours: int) -> None:
        """Housekeeping, at any time of the day or after midnight."""
        self.town.clock.advance(timedelta(hours=hours))
        today = self.branch.hours.business_day(self.now)
        closed = [
            each
            for each in self.model.values()
            if each.day < today and Verb.CLOSE_DAY in LAWFUL[each.state]
        ]
        assert housekeeping.close_past_days(hall=self.town.hall, branch=self.branch.id) == len(
            closed
        )
        for each in closed:
            self._decide(domain.close_day(each, now=self.now))
        # A forgotten shift of yesterday is closed too; those of today never are.
        for agent, day in list(self.seated_on.items()):
            if day < today:
                del self.seats[agent], self.seated_on[agent]

    # -- what must be true ------------------------------------------------------------------

    @invariant()
    def the_database_equals_the_model(self) -> None:
        with self.town.hall.store.read() as connection:
            snapshot = checks.read(connection, self.branch.id, self.story.seq)
        checks.check(snapshot, self.story)
        assert dict(snapshot.tickets) == self.model
        assert set(snapshot.seats) == {self.town.desks[agent] for agent in self.seats}

    # -- helpers ------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        return self.town.clock.now()

    def _place(self, agent: int) -> Place:
        return Place(desk=self.town.desks[agent], agent=self.town.agents[agent].require_agent())

    def _pick(self, index: int) -> Ticket | None:
        """One of the model's tickets; `index` counts back from the newest, so that runs meet again."""
        found = list(self.model.values())
        return found[-1 - index % len(found)] if found else None

    def _line(self, service: ServiceId) -> list[Ticket]:
        today = self.branch.hours.business_day(self.now)
        return [
            each
            for each in self.model.values()
            if each.state is S.WAITING and each.service == service and each.day == today
        ]

    def _first_for(self, agent: int) -> Ticket | None:
        """By brute force over everybody, never by the code under test."""
        can = [
            (each.rank_at + lag, each.id, each)
            for code, lag in LINES[agent].items()
            for each in self._line(self.catalogue.service(code).id)
            if each.not_before is None or each.not_before <= self.now
        ]
        return min(can, key=lambda found: found[:2])[2] if can else None

    def _in_hand(self, agent: int) -> Ticket | None:
        held = [
            each
            for each in self.model.values()
            if each.state in AT_A_DESK and each.desk == self.town.desks[agent]
        ]
        assert len(held) <= 1
        return held[0] if held else None

    def _put(self, ticket: Ticket) -> None:
        self.model[ticket.id] = ticket

    def _decide(self, decision: domain.Decision) -> None:
        if isinstance(decision, Change):
            self._put(decision.after)

    def _seq(self) -> int:
        with self.town.hall.store.read() as connection:
            return outbox.latest(connection, self.branch.id)

    def _compare(
        self,
        act: Callable[[], Answered[TicketAnswer]],
        decide: Callable[[], domain.Decision],
        *,
        is_possible: bool = True,
        agent: int | None = None,
    ) -> None:
        """The action says what the domain says: the same refusal, the same change, or already so."""
        before = self._seq()
        answered = outcome_of(act)
        assert (self._seq() > before) is (isinstance(answered, Answered) and answered.is_new)
        if agent is not None and agent not in self.seats:
            assert isinstance(answered, Refusal), "acted without a shift"
            return
        decision = outcome_of(decide)
        if isinstance(answered, Refusal):
            same = isinstance(decision, Refusal) and decision.code == answered.code
            assert same or not is_possible, f"{answered!r} instead of {decision!r}"
        else:
            assert answered.is_new is isinstance(decision, Change)
            assert is_possible or not answered.is_new
            assert not isinstance(decision, Refusal), f"done, but the domain says {decision!r}"
            self._decide(decision)

    def _keyed(
        self, who: str, key: str | None, asked: object, act: Callable[[], Answered[TicketAnswer]]
    ) -> Answered[TicketAnswer] | None:
        """None for a refusal; a key that was answered before gives the first answer or KeyReused."""
        before = self._seq()
        first = self.answers.get((who, key)) if key is not None else None
        answered = outcome_of(act)
        if isinstance(answered, Refusal):
            assert self._seq() == before, "a refusal wrote something"
            is_reuse = first is not None and first[0] != asked
            assert isinstance(answered, KeyReused) is is_reuse
            return None
        if first is not None:
            assert first[0] == asked
            assert (answered.value, answered.is_new) == (first[1], False)
            assert self._seq() == before
        elif key is not None and answered.is_new:
            self.answers[who, key] = (asked, answered.value)
        return answered

    def _shift(
        self, act: Callable[..., Answered[ShiftAnswer]], agent: int
    ) -> Answered[ShiftAnswer] | None:
        before = self._seq()
        answered = outcome_of(
            lambda: act(
                hall=self.town.hall,
                caller=self.town.agents[agent],
                desk=self.town.desks[agent],
                key=None,
            )
        )
        if isinstance(answered, Answered):
            return answered
        assert isinstance(answered, Conflict)
        assert self._seq() == before, "a refusal wrote something"
        return None


@pytest.mark.parametrize(
    ("examples", "steps"),
    [pytest.param(40, 40, id="short"), pytest.param(400, 80, id="long", marks=pytest.mark.soak)],
)
def test_random_verbs_leave_what_the_domain_says(
    databases: Databases, database_kind: str, examples: int, steps: int
) -> None:
    """One database, a new branch for each run."""
    url = databases.new(database_kind)
    engine = open_engine(url)
    seeds = itertools.count()

    class Machine(QueueMachine):
        @staticmethod
        def town_of() -> Town:
            return build_town(url, engine, SeededChance(next(seeds)))

    if database_kind == "postgres":
        examples //= 4
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )
    engine.dispose()
