"""A pickle read without running it: opcodes become plain values, and names stay names.

``pickletools.genops`` takes the file apart; a stack of our own puts numbers, texts, lists, tuples
and dictionaries together. What a pickle would import and call becomes a :class:`Made`: its name,
what it was given and what state it was to have. Nothing is imported and nothing is called.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genn_delays.support.errors import DataError, reason, short
from genn_delays.support.limits import check_size

COST = 128
"""Bytes that a value takes in memory, of which a byte of the file may make one."""


@dataclass(eq=False)
class Name:
    """What a pickle would import."""

    full: str


@dataclass(eq=False)
class Made:
    """What a pickle would make: ``name(*args)``, then given a ``state``."""

    name: str
    args: Any
    state: Any = None


class _Mark:
    """The beginning of a group of values on the stack."""


def read_pickle(data: bytes, where: str) -> Any:
    """What a pickle holds.

    Args:
        data: content of the file.
        where: begins every message: the file.

    Raises:
        DataError: no pickle, damaged, of a form that files of data do not have, or larger than
            the limit on memory.
    """
    check_size(COST * len(data), f"{where}: a pickle of {len(data)} bytes")
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            step = STEPS.get(opcode.name)
            if step is None:
                raise DataError(f"{where}: opcode {opcode.name}, which files of data do without")
            step(machine, argument)
        return machine.result()
    except DataError:
        raise
    except Exception as failure:  # a stack that is empty, a key that is a list, a length
        raise DataError(
            f"{where}: not a readable pickle ({reason(failure)}); copy it again"
        ) from None


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def result(self) -> Any:
        """The one value that is left."""
        (value,) = self.stack
        return value

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def group(self) -> list[Any]:
        """The values from the last mark on."""
        place = len(self.stack) - 1
        while not isinstance(self.stack[place], _Mark):
            place -= 1
            if place < 0:
                raise ValueError("a group without a beginning")
        values = self.stack[place + 1 :]
        del self.stack[place:]
        return values

    def several(self, count: int) -> list[Any]:
        """The last values of the stack."""
        if len(self.stack) < count:
            raise ValueError("an empty stack")
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def extend(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise ValueError("entries for something that is no list")
        target.extend(values)

    def enter(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise ValueError("keys for something that is no dictionary")
        target.update(zip(values[::2], values[1::2], strict=True))

    def make(self) -> None:
        callee, args = self.several(2)
        if not isinstance(callee, Name) or not isinstance(args, tuple):
            raise ValueError("a call of something that is no name")
        self.push(Made(callee.full, args))

    def give_state(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, Made):
            raise ValueError("a state for something that has none")
        target.state = state

    def imported(self) -> None:
        module, name = self.several(2)
        self.push(_name(f"{module}.{name}"))


def _name(full: str) -> Name:
    return Name(short(full, 100))


Step = Callable[[_Machine, Any], None]


def _tuple(count: int) -> Step:
    return lambda machine, _: machine.push(tuple(machine.several(count)))


def _constant(value: Any) -> Step:
    return lambda machine, _: machine.push(value)


STEPS: dict[str, Step] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda machine, _: None),
    **dict.fromkeys(
        (
            *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
            *("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
            *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"),
        ),
        _Machine.push,
    ),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "MARK": lambda machine, _: machine.push(_Mark()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_TUPLE": _tuple(0),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.group())),
    "APPEND": lambda machine, _: machine.extend(machine.several(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.group()),
    "SETITEM": lambda machine, _: machine.enter(machine.several(2)),
    "SETITEMS": lambda machine, _: machine.enter(machine.group()),
    "GLOBAL": lambda machine, name: machine.push(_name(name.replace(" ", "."))),
    "STACK_GLOBAL": lambda machine, _: machine.imported(),
    "REDUCE": lambda machine, _: machine.make(),
    "NEWOBJ": lambda machine, _: machine.make(),
    "BUILD": lambda machine, _: machine.give_state(),
    "POP": lambda machine, _: machine.several(1).clear(),
    "MEMOIZE": lambda machine, _: machine.memory.update({len(machine.memory): machine.stack[-1]}),
    **dict.fromkeys(
        ("BINPUT", "LONG_BINPUT"),
        lambda machine, place: machine.memory.update({place: machine.stack[-1]}),
    ),
    **dict.fromkeys(
        ("BINGET", "LONG_BINGET"), lambda machine, place: machine.push(machine.memory[place])
    ),
}
"""What each opcode does."""
