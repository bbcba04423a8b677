"""What stays in mind from one utterance to the next: open questions, and commands to come back to.

Pure logic: utterances and the time go in, a `Step` comes out. Missing slots are asked for, unsure commands
confirmed; "no, the bedroom" corrects, "and the kitchen too" adds, "cancel" gives up, "undo that" takes back.
There is at most one open question.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from voxedge.events import (
    Alternative,
    Completeness,
    DialogueState,
    DialogueStateName,
    IntentMatched,
    NoIntent,
    Relation,
)
from voxedge.understanding.contract import Context, Understander
from voxedge.understanding.dialogue_grammar import FollowUps, Heard
from voxedge.understanding.dialogue_spec import (
    EXPIRES_S,
    TRIES,
    UNDO_S,
    Confirm,
    ready_made_phrases,
)
from voxedge.understanding.dialogue_state import Done, Open, Step, Words, earlier_of, likely_slots, texts_of
from voxedge.understanding.engine import GrammarUnderstander

MAX_REMEMBERED = 10
"""Commands that "undo that", said again and again, goes back over."""
SURE = 0.9
"""A command that was heard with this score is no correction that was misheard."""
UNDO = "undo"
"""Intent of what takes a command back where no other is declared."""


class Dialogue:
    """One conversation's dialogue. Safe to call from several threads; utterances are taken one at a time.

    Args:
        understander: Finds commands.
        templates: The grammar whose values are asked for; often the understander itself.

    Raises:
        TemplateError: The grammar's section ``dialogue`` speaks of an intent or slot that it hasn't.
    """

    def __init__(self, understander: Understander, templates: GrammarUnderstander) -> None:
        grammar = templates.grammar
        self._understander = understander
        self._spec = ready_made_phrases(grammar.language).and_then(grammar.dialogue)
        self._words = Words(self._spec.says, grammar.responses)
        self._follow = FollowUps(templates, self._spec)
        self._open: Open | None = None
        self._done: list[Done] = []
        self._latest: Done | None = None
        self._turn = 0
        self._lock = threading.RLock()

    def warm_up(self) -> None:
        """Gets ready for the first question; nobody should wait for that when it is answered."""
        self._follow.warm_up()

    def take(
        self, readings: Sequence[Alternative], context: Context | None, now_s: float, turn: int = 0
    ) -> Step:
        """Takes one utterance.

        Args:
            readings: Readings of it, best first.
            context: What is known beside the words.
            now_s: Seconds of any clock that doesn't go back by much.
            turn: Number of its turn.
        """
        texts = texts_of(readings)
        command = self._understander.understand(readings, context)
        with self._lock:
            self._turn, expired = turn, self._expire(now_s)
            if not texts:
                step = Step(command)
            elif self._open is not None:
                step = self._in_question(self._open, command, texts, now_s)
            else:
                step = self._out_of_question(command, texts, now_s)
            return replace(step, states=expired + step.states) if expired else step

    def state(self, now_s: float) -> DialogueState:
        """Where the dialogue stands: ``idle``, or the command so far and what was asked."""
        pending = self._pending(now_s)
        if pending is None:
            return DialogueState(state="idle")
        return self._told("confirming" if pending.need is None else "asking", pending)

    def completeness(self, text: str, now_s: float) -> Completeness:
        """How complete an utterance is, open questions considered; see `Understander.completeness`."""
        pending = self._pending(now_s)
        if pending is not None:
            found = self._follow.completeness(pending.match.intent, pending.need, text)
            if found != "unknown":
                return found
        found = self._understander.completeness(text)
        last = self._last(now_s) if found == "unknown" else None
        return found if last is None else self._follow.completeness(last.match.intent, None, text)

    def hints(self, limit: int, now_s: float) -> tuple[str, ...]:
        """Likely answers to the open question, for the recognizer; empty where none is open."""
        pending = self._pending(now_s)
        return () if pending is None else self._follow.hints(pending.match.intent, pending.need, limit)

    def nearness(self, text: str, now_s: float) -> float:
        """Cost a sound of the nearest thing that may be said to the open question; 1 where none is open."""
        pending = self._pending(now_s)
        return 1.0 if pending is None else self._follow.nearness(pending.match.intent, pending.need, text)

    def expected(self, readings: Sequence[Alternative], now_s: float) -> IntentMatched | None:
        """The readings as an answer to the open question, if they are one. Changes nothing."""
        pending, texts = self._pending(now_s), texts_of(readings)
        if pending is None or not texts:
            return None
        intent, need = pending.match.intent, pending.need
        heard = None if need is None else self._follow.answer(intent, need, texts)
        if heard is None:
            change = self._follow.change(intent, texts, likely_slots(pending.match, pending.last))
            found = [item for item in (self._follow.talk(texts), change) if item is not None]
            heard = max(found, key=lambda item: item.score, default=None)
        if heard is None:
            return None
        return IntentMatched(intent=intent, slots=heard.slots, score=heard.score, text=heard.text)

    def failed(self) -> None:
        """The app failed at the last command: there is nothing to take back or to correct."""
        with self._lock:
            if self._done and self._done[-1] is self._latest:
                self._done.pop()
            self._latest = None

    def wipe(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._open = self._latest = None
            self._done.clear()

    # An utterance while a question is open.

    def _in_question(
        self, pending: Open, command: IntentMatched | NoIntent, texts: list[str], now_s: float
    ) -> Step:
        intent, need = pending.match.intent, pending.need
        answer = None if need is None else self._follow.answer(intent, need, texts)
        if answer is not None and answer.exact and answer.kind == "answer":
            return self._filled(pending, answer, now_s)
        talk = self._follow.talk(texts)
        if talk is not None and not talk.exact and answer is not None:
            talk = None if talk.kind in {"yes", "no"} or answer.score >= talk.score else talk
        kind = talk.kind if talk is not None else ""
        if kind in {"cancel", "undo"}:
            return self._closed(pending, "cancelled")
        if kind == "repeat":
            return self._asked(pending, now_s)
        if kind == "yes" and need is None:
            return self._go_on(replace(pending, unsure=False, agreed=True), now_s)
        if kind == "no" and need is None:
            return self._closed(pending, "rejected")
        if kind == "no" and need is not None and self._follow.rules(intent).required[need].optional:
            return self._go_on(replace(pending, skipped=pending.skipped | {need}), now_s)
        if kind not in {"yes", "no"}:
            heard = self._likeliest(pending, answer, command, texts)
            if isinstance(heard, Heard):
                return self._filled(pending, heard, now_s)
            if heard is not None:
                return self._interrupted(pending, heard, now_s)
        return self._not_understood(pending, command, now_s)

    def _likeliest(
        self, pending: Open, answer: Heard | None, command: IntentMatched | NoIntent, texts: list[str]
    ) -> Heard | IntentMatched | None:
        """What an utterance that is no exact answer may be: a new command, a correction, an answer."""
        if isinstance(command, IntentMatched) and command.score >= 1.0:
            return command
        anew = self._anew(texts)
        if anew is not None:
            return anew
        change = self._follow.change(pending.match.intent, texts, likely_slots(pending.match, pending.last))
        found = [item for item in (answer, change) if item is not None]
        heard = min(found, key=lambda item: (-item.score, item.wild), default=None)
        if isinstance(command, IntentMatched) and (heard is None or command.score > heard.score):
            return command
        return heard

    def _filled(self, pending: Open, heard: Heard, now_s: float) -> Step:
        old = pending.match
        match = replace(
            old,
            slots=self._follow.merged(old.intent, old.slots, heard.slots),
            score=min(old.score, heard.score),
            forgiven=old.forgiven + heard.forgiven,
            text=heard.text,
        )
        # Who corrects a command has agreed to the rest of it.
        pending = replace(pending, match=match, last=tuple(heard.slots), tries=0, unsure=False, agreed=False)
        return self._go_on(pending, now_s)

    def _interrupted(self, pending: Open, command: IntentMatched, now_s: float) -> Step:
        """A whole command came in place of an answer."""
        old = pending.match
        if command.intent in self._spec.asides:
            self._open = replace(pending, since_s=now_s)
            return Step(command)
        if command.intent == old.intent:
            slots = self._follow.merged(old.intent, old.slots, command.slots)
            match = replace(command, slots=slots, relation=old.relation, earlier=old.earlier)
            last = tuple(command.slots)
            return self._go_on(replace(pending, match=match, last=last, tries=0, unsure=False), now_s)
        self._open = None
        step = self._begin(command, now_s)
        return replace(step, states=(self._told("cancelled", pending), *step.states))

    def _not_understood(self, pending: Open, command: IntentMatched | NoIntent, now_s: float) -> Step:
        refusal = command if isinstance(command, NoIntent) else None
        if pending.tries >= (self._spec.tries or TRIES):
            return replace(self._closed(pending, "given_up"), found=refusal)
        step = self._asked(replace(pending, tries=pending.tries + 1), now_s)
        say = self._words.own("again", question=step.say) or step.say
        return replace(step, found=refusal, say=say)

    # An utterance while none is open.

    def _out_of_question(self, command: IntentMatched | NoIntent, texts: list[str], now_s: float) -> Step:
        score = command.score if isinstance(command, IntentMatched) else 0.0
        if score < 1.0:
            near = score < SURE
            talk = self._follow.talk(texts, near=near)
            if talk is not None and talk.kind == "undo" and talk.score > score:
                return self._undone(talk, now_s)
            last = self._last(now_s)
            step = None if last is None else self._taken_up(last, texts, score, now_s)
            if step is not None:
                return step
        if isinstance(command, IntentMatched):
            return self._begin(command, now_s)
        return self._nearly(command, now_s)

    def _taken_up(self, last: Done, texts: list[str], score: float, now_s: float) -> Step | None:
        """The utterance as one that takes up the last command; None where it is better as it was found."""
        prefer = likely_slots(last.match, last.last)
        heard = self._follow.change(last.match.intent, texts, prefer, near=score < SURE)
        if heard is None or not heard.exact:
            anew = self._anew(texts)
            if anew is not None:
                match = replace(anew, relation="correction", earlier=earlier_of(last))
                return self._begin(match, now_s, replaces=last)
        return self._changed(last, heard, now_s) if heard is not None and heard.score > score else None

    def _changed(self, last: Done, heard: Heard, now_s: float) -> Step:
        """A correction of the last command, or the same again with another value."""
        old, adds = last.match, heard.kind == "also"
        carry = self._follow.rules(old.intent).carry if adds else None
        kept = old.slots if carry is None else {k: v for k, v in old.slots.items() if k in carry}
        relation: Relation = "addition" if adds else "correction"
        match = replace(
            old,
            slots=self._follow.merged(old.intent, kept, heard.slots),
            score=heard.score,
            forgiven=heard.forgiven,
            alternatives=(),
            text=heard.text,
            sentence="",
            relation=relation,
            earlier=earlier_of(last),
        )
        pending = Open(match, skipped=last.skipped, last=tuple(heard.slots), replaces=None if adds else last)
        return self._go_on(pending, now_s)

    def _begin(self, command: IntentMatched, now_s: float, replaces: Done | None = None) -> Step:
        unsure = command.score < self._confirm(command.intent).below
        return self._go_on(Open(command, unsure=unsure, last=tuple(command.slots), replaces=replaces), now_s)

    def _nearly(self, refusal: NoIntent, now_s: float) -> Step:
        """Asks whether the nearest sentence was meant, where it is near enough for that."""
        least = min([item.near for item in self._all_confirms() if item.near > 0], default=2.0)
        if not refusal.nearest or refusal.score < least:
            return Step(refusal)
        meant = self._understander.understand([Alternative(refusal.nearest, 0.0)])
        if not isinstance(meant, IntentMatched) or meant.score < 1.0:
            return Step(refusal)
        near = self._confirm(meant.intent).near
        if not near or refusal.score < near:
            return Step(refusal)
        match = replace(meant, score=refusal.score, text=refusal.text, sentence=refusal.nearest)
        step = self._go_on(Open(match, unsure=True, last=tuple(match.slots)), now_s)
        return replace(step, found=refusal)

    def _undone(self, talk: Heard, now_s: float) -> Step:
        limit_s = UNDO_S if self._spec.undo_s is None else self._spec.undo_s
        if not self._done or now_s - self._done[-1].at_s > limit_s:
            return Step(None, self._words.own("nothing_to_undo"))
        last = self._done.pop()
        self._latest = None
        match = IntentMatched(
            intent=self._follow.rules(last.match.intent).undo or UNDO,
            slots=last.match.slots,
            score=talk.score,
            text=talk.text,
            context=last.match.context,
            relation="undo",
            earlier=earlier_of(last),
        )
        return Step(match, self._words.own("undone"), self._words.own("cannot_undo"))

    # What comes next for a command.

    def _go_on(self, pending: Open, now_s: float) -> Step:
        """Asks for what is missing, or completes the command."""
        match, confirm = pending.match, self._confirm(pending.match.intent)
        if pending.unsure:
            return self._asked(replace(pending, need=None, tries=1), now_s)
        for number, need in enumerate(self._follow.rules(match.intent).required):
            if number not in pending.skipped and not any(slot in match.slots for slot in need.slots):
                return self._asked(replace(pending, need=number, tries=1), now_s)
        if confirm.always and not pending.agreed:
            return self._asked(replace(pending, need=None, tries=1), now_s)
        return self._completed(pending, now_s)

    def _asked(self, pending: Open, now_s: float) -> Step:
        match = pending.match
        if pending.need is None:
            ask = self._confirm(match.intent).ask
            sentence = match.sentence or match.text
            question = (
                self._words.filled_in(ask, match)
                if ask
                else self._words.own("did_you_mean", sentence=sentence)
            )
        else:
            asks = self._follow.rules(match.intent).required[pending.need].ask
            question = self._words.filled_in(asks[min(max(pending.tries, 1), len(asks)) - 1], match)
        self._open = pending = replace(pending, question=question, since_s=now_s)
        name: DialogueStateName = "confirming" if pending.need is None else "asking"
        return Step(None, question, states=(self._told(name, pending),))

    def _completed(self, pending: Open, now_s: float) -> Step:
        match, asked = replace(pending.match, turn=self._turn), self._open is not None
        self._open = None
        if asked or match.relation != "new":
            match = replace(match, response=self._words.response(match))
        if match.intent not in self._spec.asides:
            if pending.replaces is not None and pending.replaces in self._done:
                self._done.remove(pending.replaces)
            self._latest = Done(match, now_s, pending.last, pending.skipped)
            self._done = [*self._done, self._latest][-MAX_REMEMBERED:]
        return Step(match, states=(self._told("completed", replace(pending, match=match)),) if asked else ())

    def _closed(self, pending: Open, why: str) -> Step:
        self._open = None
        return Step(None, self._words.own(why), states=(self._told("cancelled", pending),))

    # What is known.

    def _anew(self, texts: list[str]) -> IntentMatched | None:
        """A whole command after a "no": "no, turn off the fan"."""
        words = texts[0].split()
        for count in range(1, min(4, len(words))):
            talk = self._follow.talk([" ".join(words[:count])], near=False)
            if talk is not None and talk.exact and talk.kind == "no":
                rest = Alternative(" ".join(words[count:]), 0.0)
                found = self._understander.understand([rest])
                if isinstance(found, IntentMatched) and found.score >= 1.0:
                    return found
        return None

    def _confirm(self, intent: str) -> Confirm:
        return self._follow.rules(intent).confirm or self._spec.confirm or Confirm()

    def _all_confirms(self) -> list[Confirm]:
        own = [rules.confirm for rules in self._spec.intents.values()]
        return [item for item in (self._spec.confirm, *own) if item is not None]

    def _last(self, now_s: float) -> Done | None:
        """The command that may be corrected: the latest, until it was taken back."""
        latest = self._latest
        return latest if latest is not None and not self._is_old(latest.at_s, now_s) else None

    def _is_old(self, since_s: float, now_s: float) -> bool:
        return now_s - since_s > (EXPIRES_S if self._spec.expires_s is None else self._spec.expires_s)

    def _pending(self, now_s: float) -> Open | None:
        with self._lock:
            pending = self._open
            return pending if pending is not None and not self._is_old(pending.since_s, now_s) else None

    def _expire(self, now_s: float) -> tuple[DialogueState, ...]:
        pending = self._open
        if pending is None or not self._is_old(pending.since_s, now_s):
            return ()
        self._open = None
        return (self._told("expired", pending),)

    def _told(self, name: DialogueStateName, pending: Open) -> DialogueState:
        match = pending.match
        asked: tuple[str, ...] = ()
        if name == "asking" and pending.need is not None:
            asked = self._follow.rules(match.intent).required[pending.need].slots
        question = pending.question if name in {"asking", "confirming"} else ""
        return DialogueState(
            state=name, intent=match.intent, slots=match.slots, asked=asked, question=question
        )


def create_dialogue(understander: Understander | None) -> Dialogue | None:
    """The dialogue that an understander's grammar declares; None where it has no grammar.

    Raises:
        TemplateError: The grammar's section ``dialogue`` speaks of an intent or slot that it hasn't.
    """
    if not isinstance(understander, GrammarUnderstander):
        return None
    made = Dialogue(understander, understander)
    made.warm_up()
    return made
