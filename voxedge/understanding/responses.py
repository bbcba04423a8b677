"""The replies that a grammar brings along: plain text, or Jinja2 templates in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol


class _Template(Protocol):
    def render(self, values: Mapping[str, object]) -> str: ...


@lru_cache(maxsize=1)
def _environment() -> object:

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment()


@lru_cache(maxsize=2000)
def _template(text: str) -> _Template:
    return _environment().from_string(text)  # type: ignore[attr-defined, no-any-return]


def is_template(text: str) -> bool:
    """Whether a response has anything to fill in."""
    return "{{" in text or "{%" in text


def render(text: str, values: Mapping[str, object]) -> str | None:
    """Fills in a response.

    Returns:
        The text with single blanks; None where the template needs what isn't known here (the states of
        a home, for example) or is wrong.
    """
    if not is_template(text):
        return " ".join(text.split())
    from jinja2 import TemplateError as JinjaError

    try:
        return " ".join(_template(text).render(values).split())
    except (JinjaError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError):
        return None
