"""From untyped settings, as in ``{lr: 1e-3}``, to the frozen dataclass they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError

from genn_delays.support.errors import ConfigError, DataError, GennDelaysError, reason, suggest

T = TypeVar("T")


class Settings:
    """Base of dataclasses whose fields are the settings a user may write.

    ``positive`` and ``not_negative`` name the numbers that must be > 0 and >= 0.
    """

    # YAML reads 1e-3 as text, so numbers may come as text; NaN and infinity may not come
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(allow_inf_nan=False)
    positive: ClassVar[tuple[str, ...]] = ()
    not_negative: ClassVar[tuple[str, ...]] = ()
    error: ClassVar[type[GennDelaysError]] = DataError

    def __post_init__(self) -> None:
        name = type(self).__name__
        for field in self.positive:
            if not getattr(self, field) > 0:
                raise self.error(f"{name}: {field} is {getattr(self, field)}, it must be > 0")
        for field in self.not_negative:
            if not getattr(self, field) >= 0:
                raise self.error(f"{name}: {field} is {getattr(self, field)}, it must be >= 0")


def build(
    kind: type[T],
    given: Mapping[str, Any],
    where: str,
    error: type[GennDelaysError] = ConfigError,
) -> T:
    """An instance of the dataclass ``kind`` from untyped settings.

    Args:
        kind: a dataclass, or a class that has no settings.
        given: settings by name. A number may be text, because YAML reads ``1e-3`` as text.
        where: place in the configuration, for messages.
        error: class of the error to raise.

    Raises:
        error: an unknown name (the nearest is named), a wrong type, a missing setting.
    """
    names = [field.name for field in fields(kind) if field.init] if is_dataclass(kind) else []
    if given and not is_dataclass(kind):
        raise error(
            f"{where}: unknown setting {next(iter(given))!r}; {kind.__name__} has none, because it "
            "is no dataclass; write @dataclass(frozen=True) above it"
        )
    check_keys(where, given, names, error)
    try:
        return TypeAdapter(kind).validate_python(dict(given)) if is_dataclass(kind) else kind()
    except ValidationError as failure:
        first = failure.errors()[0]
        place = ".".join(str(part) for part in (where, *first["loc"]))
        if first["type"] == "missing":
            raise error(f"{place} is missing; give it a value") from None
        raise error(f"{place}: {first['input']!r} given; {first['msg'].lower()}") from None
    except PydanticUserError as failure:  # an annotation that stands for no plain value
        raise error(f"{where}: the settings of {kind.__name__}: {reason(failure)}") from None
    except (TypeError, ValueError, OverflowError) as failure:  # of a check that expects a number
        raise error(f"{where}: {dict(given)!r} given; {reason(failure)}") from None


def check_keys(
    where: str,
    given: Mapping[str, Any],
    allowed: Iterable[str],
    error: type[GennDelaysError] = ConfigError,
) -> None:
    """Raise ``error`` for the first key that is not allowed, naming the nearest one."""
    for key in given:
        if key not in allowed:
            raise error(f"{where}: unknown setting {key!r}; {suggest(str(key), allowed)}")
