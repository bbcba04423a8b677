"""Reading numbers from tokens: a descent over the grammar of number words, without going back.

A number is read as far as it goes: "two hundred and five lamps" gives 205 and where it ended. What can't be
one number ("twenty twelve") ends where the first is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from voxedge.numbers.small import Reading, SmallReader
from voxedge.numbers.tokens import Token


class NumberReader(SmallReader):
    """Reads numbers of one language. Has no state; safe to share.

    Args:
        language: ISO 639-1 code, with or without a region.

    Raises:
        LanguageUnsupported: The language has no table.
    """

    def __init__(self, language: str) -> None:
        super().__init__(language)
        scales = sorted(set(self.words.scales.values()), reverse=True)
        self._scales = tuple(scales)

    def read(
        self,
        tokens: Sequence[Token],
        at: int = 0,
        *,
        ordinals: bool = True,
        inner: bool = False,
        whole: bool = False,
    ) -> Reading | None:
        """Reads the number that starts at a token.

        Args:
            tokens: Of `tokenize`.
            at: Index of the first token.
            ordinals: Whether "third" may be read, as opposed to only "three".
            inner: Whether the number may end within a compound ("dreiviertelstunde").
            whole: Whether to stop before a fraction: "las dos y media" is an hour and then a half.
        """
        if at >= len(tokens):
            return None
        start, negative = at, False
        if tokens[at].text in self.words.minus or self._is_sign(tokens, at):
            at, negative = at + 1, True
        found = self._unsigned(tokens, at, ordinals, whole)
        if found is None or (tokens[found.end - 1].inner and not inner):
            return None
        value = -found.value if negative else found.value
        if negative and found.ordinal:
            return None
        return Reading(value, found.end, found.ordinal, found.fraction, found.written, found.end - start)

    def _is_sign(self, tokens: Sequence[Token], at: int) -> bool:
        """A hyphen counts as a sign where the number follows it at once and nothing stands before it."""
        if tokens[at].text not in "-−–" or at + 1 >= len(tokens) or tokens[at + 1].number is None:
            return False
        token = tokens[at]
        joined = at > 0 and tokens[at - 1].end == token.start
        return token.end == tokens[at + 1].start and not joined

    def _unsigned(self, tokens: Sequence[Token], at: int, ordinals: bool, whole: bool) -> Reading | None:
        if at >= len(tokens):
            return None
        if tokens[at].number is not None:
            return self._numeral(tokens, at, ordinals)
        bare = None if whole else self._bare_fraction(tokens, at)
        if bare is not None:
            return bare
        found = self._cardinal(tokens, at, ordinals)
        if found is None or found.ordinal or whole:
            return found
        return self._with_rest(tokens, found)

    # -- digits ---------------------------------------------------------------------------------------

    def _numeral(self, tokens: Sequence[Token], at: int, ordinals: bool) -> Reading | None:
        token = tokens[at]
        value = token.number
        assert value is not None
        end = at + 1
        follower = tokens[end] if end < len(tokens) else None
        close = follower is not None and follower.start == token.end
        if follower is None:
            return Reading(value, end, fraction=value.denominator != 1, written=True)
        if follower.text in {"½", "¼", "¾", "⅓", "⅔"} and follower.number is not None:
            return Reading(value + follower.number, end + 1, fraction=True, written=True)
        if close and follower.text in self.words.ordinal_marks and value.denominator == 1 and ordinals:
            if follower.text == "." and self._ends_sentence(tokens, end):
                return Reading(value, end, written=True)
            last = end + 1
            if follower.text == "." and last < len(tokens) and tokens[last].text in {"º", "ª"}:
                last += 1
            return Reading(value, last, ordinal=True, written=True)
        if close and self.language == "es" and follower.text == "." and self._mark_after(tokens, end):
            return Reading(value, end + 2, ordinal=ordinals, written=True)
        slash = self._slash(tokens, at)
        if slash is not None:
            return slash
        if not close and value.denominator == 1 and follower.number is not None:
            part = self._slash(tokens, end)
            if part is not None and part.value < 1:
                return Reading(value + part.value, part.end, fraction=True, written=True)
        found = Reading(value, end, fraction=value.denominator != 1, written=True)
        return self._with_rest(tokens, self._scaled(tokens, found))

    def _mark_after(self, tokens: Sequence[Token], at: int) -> bool:
        return (
            at + 1 < len(tokens)
            and tokens[at + 1].text in {"º", "ª", "o", "a"}
            and (tokens[at].end == tokens[at + 1].start)
        )

    def _ends_sentence(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a full stop after a numeral ends the text: "am 3." names a day, "um 3." is a sentence."""
        return at + 1 >= len(tokens)

    def _slash(self, tokens: Sequence[Token], at: int) -> Reading | None:
        if at + 2 >= len(tokens) or tokens[at + 1].text not in {"/", "⁄"}:
            return None
        above, below = tokens[at].number, tokens[at + 2].number
        joined = tokens[at].end == tokens[at + 1].start and tokens[at + 1].end == tokens[at + 2].start
        if not joined or above is None or not below or above.denominator != 1 or below.denominator != 1:
            return None
        if at + 3 < len(tokens) and tokens[at + 3].text == "/" and tokens[at + 3].start == tokens[at + 2].end:
            return None  # a date
        return Reading(above / below, at + 3, fraction=True, written=True)

    def _scaled(self, tokens: Sequence[Token], found: Reading) -> Reading:
        """Digits with a scale word: "2 million", "1,5 Millionen"."""
        while found.end < len(tokens) and tokens[found.end].text in self.words.scales:
            value = found.value * self.words.scales[tokens[found.end].text]
            found = Reading(value, found.end + 1, fraction=value.denominator != 1, written=True)
        return found

    # -- words ----------------------------------------------------------------------------------------

    def _cardinal(self, tokens: Sequence[Token], at: int, ordinals: bool) -> Reading | None:
        noun = self.words.nouns.get(tokens[at].text)
        if noun:
            return Reading(Fraction(noun), at + 1)
        if self.language == "de" and tokens[at].text in {"anderthalb", "eineinhalb"}:
            return Reading(Fraction(3, 2), at + 1, fraction=True)
        found = self._level(tokens, at, self._scales)
        if found is None or (found.ordinal and not ordinals):
            return None
        noun_at = found.end
        if noun_at < len(tokens) and not found.ordinal and self.words.nouns.get(tokens[noun_at].text):
            # "a dozen", "two dozen", "une douzaine"
            dozen = self.words.nouns[tokens[noun_at].text]
            return Reading(found.value * dozen, noun_at + 1)
        if found.end == at + 1 and tokens[at].text in self.words.articles:
            return None
        return found

    def _level(self, tokens: Sequence[Token], at: int, scales: tuple[int, ...]) -> Reading | None:
        """A number below the scale above ``scales[0]``: lower part, scale word, rest."""
        if not scales:
            return self._below_thousand(tokens, at)
        scale = scales[0]
        lower = self._level(tokens, at, scales[1:])
        after = at if lower is None else lower.end
        if lower is not None and lower.ordinal:
            return lower
        word = tokens[after].text if after < len(tokens) else ""
        ordinal = self.words.ordinals.get(word) == scale and scale == 1000
        if self.words.scales.get(word) != scale and not ordinal:
            return lower
        if lower is None and scale > 1000:
            return None
        total = (lower.value if lower is not None else Fraction(1)) * scale
        after += 1
        if ordinal:
            return Reading(total, after, ordinal=True)
        rest_at = self._past_joiner(tokens, after)
        if scale >= 1000 and after + 1 < len(tokens) and tokens[after].text == "," and self.language == "en":
            rest_at = self._past_joiner(tokens, after + 1)  # "one thousand, two hundred"
        rest = self._level(tokens, rest_at, scales[1:]) if rest_at < len(tokens) else None
        if rest is None or rest.value == 0 or tokens[rest_at].text in self.words.articles:
            return Reading(total, after)
        joined = rest_at != after and tokens[after].text != ","
        if joined and (rest.value >= 100 or self.language in {"fr", "es"}):
            return Reading(total, after)  # "a thousand and two hundred" are two numbers; "mil y dos" too
        return Reading(total + rest.value, rest.end, rest.ordinal)

    def _below_thousand(self, tokens: Sequence[Token], at: int) -> Reading | None:
        if at >= len(tokens):
            return None
        words = self.words
        first = tokens[at].text
        if first in words.hundreds:
            found: Reading | None = Reading(Fraction(words.hundreds[first]), at + 1)
        elif first in words.hundred:
            found = Reading(Fraction(100), at + 1)
        elif words.ordinals.get(first, 0) in range(100, 1000):
            if self.language == "es":
                return self._spanish_ordinal(tokens, at)
            return Reading(Fraction(100), at + 1, ordinal=True)
        else:
            found = self._hundreds(tokens, at)
        if found is None or found.ordinal or found.value < 100:
            return found
        rest_at = self._past_joiner(tokens, found.end)
        if rest_at != found.end and self.language in {"fr", "es"}:
            return found
        rest = self._below_hundred(tokens, rest_at)
        if rest is None or rest.value == 0:
            return found
        return Reading(found.value + rest.value, rest.end, rest.ordinal)

    def _hundreds(self, tokens: Sequence[Token], at: int) -> Reading | None:
        """``[1..99] hundred`` or a number below a hundred."""
        words = self.words
        if tokens[at].text in words.articles:
            follower = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if follower in words.hundred:
                return Reading(Fraction(100), at + 2)
            if follower in words.scales or words.nouns.get(follower):
                return Reading(Fraction(1), at + 1)
            return None
        small = self._below_hundred(tokens, at)
        if small is None or small.ordinal or small.end >= len(tokens) or small.value == 0:
            return small
        follower = tokens[small.end].text
        if follower in words.hundred and small.value % 10:
            return Reading(small.value * 100, small.end + 1)
        if words.ordinals.get(follower) == 100 and small.value < 10 and self.language != "es":
            return Reading(small.value * 100, small.end + 1, ordinal=True)
        return small

    # -- fractions and decimals -----------------------------------------------------------------------

    def _bare_fraction(self, tokens: Sequence[Token], at: int) -> Reading | None:
        """A fraction without a number before it: "half", "a third", "tres cuartos", "dreiviertel"."""
        words, above, below_at = self.words, 1, at
        first = tokens[at].text
        if first in words.articles:
            below_at = at + 1
        elif first in words.small and 0 < words.small[first] < 20:
            above, below_at = words.small[first], at + 1
        elif first not in words.halves and not (self.language == "de" and first in words.denominators):
            return None
        if below_at >= len(tokens):
            return None
        word = tokens[below_at].text
        below = words.denominators.get(word)
        plural = word.endswith("s") or self.language == "de"
        if below is None or (above > 1 and not plural and word not in words.halves):
            return None
        if above > 1 and below == 2 and self.language == "de" and not tokens[at].inner:
            return None  # "drei halb" is no fraction
        return Reading(Fraction(above, below), below_at + 1, fraction=True)

    def _with_rest(self, tokens: Sequence[Token], whole: Reading) -> Reading:
        """Adds decimals ("point five") or a fraction ("and a half") to a whole number."""
        words, at = self.words, whole.end
        if at >= len(tokens) or whole.fraction:
            return whole
        if tokens[at].text in words.points:
            return self._decimals(tokens, whole)
        if self.language == "de":
            return self._german_half(tokens, whole)
        if tokens[at].text not in words.joiners:
            return whole
        part = self._bare_fraction(tokens, at + 1) if at + 1 < len(tokens) else None
        if (
            part is None
            and at + 1 < len(tokens)
            and self.language == "fr"
            and tokens[at + 1].text in words.denominators
        ):
            part = Reading(Fraction(1, words.denominators[tokens[at + 1].text]), at + 2)
        if part is None or part.value >= 1:
            return whole
        return Reading(whole.value + part.value, part.end, fraction=True, written=whole.written)

    def _german_half(self, tokens: Sequence[Token], whole: Reading) -> Reading:
        """Adds the half of "zweieinhalb", "zwei ein halb", "zwei und ein halb"."""
        at = self._past_joiner(tokens, whole.end)
        if at + 1 >= len(tokens):
            return whole
        below = self.words.denominators.get(tokens[at + 1].text)
        if tokens[at].text in {"ein", "eine", "einen"} and below is not None:
            return Reading(whole.value + Fraction(1, below), at + 2, fraction=True)
        if (
            at + 1 < len(tokens)
            and at != whole.end
            and tokens[at].text == "drei"
            and tokens[at + 1].text == "viertel"
        ):
            return Reading(whole.value + Fraction(3, 4), at + 2, fraction=True)
        return whole

    def _decimals(self, tokens: Sequence[Token], whole: Reading) -> Reading:
        """Digits after the point, said one by one or as one number ("virgule vingt-cinq")."""
        at, digits = whole.end + 1, ""
        while at < len(tokens) and len(digits) < 12:
            token = tokens[at]
            if token.number is not None and token.text.isdecimal() and len(token.text) <= 6:
                digits += token.text
                at += 1
                continue
            value = self.words.small.get(token.text, self.words.digits.get(token.text))
            if value == 0:
                digits += "0"
                at += 1
                continue
            part = self._below_hundred(tokens, at)
            if part is None or part.ordinal or (part.value >= 10 and digits.strip("0")):
                break
            digits += str(int(part.value))
            at = part.end
            if part.value >= 10:
                break
        if not digits:
            return whole
        return Reading(whole.value + Fraction(int(digits), 10 ** len(digits)), at, fraction=True)
