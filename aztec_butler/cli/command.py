"""What a command is: a function, the groups of options it shares with others, and how its words are parsed.

Fire parses and we run. What Fire gets to see is a function with the command's whole signature that does nothing but
return an ``Invocation``, so a mistyped word is found before anything happens; how each word becomes a value is decided
by annotations, so an address stays an address.

A group of options is a function too: ``connection(*, network=None, l1=None, ...) -> Session``. A command that takes a
``Session`` names the group, and its options appear in the command's signature and help.
"""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from aztec_butler.core.errors import InputError

OUTPUT_OPTIONS = ("output", "file", "safe_file")
"""Options that name a file to write."""


class Command:
    """A function that answers, with what the command line needs to know about it.

    Args:
        function: called with one value per group, then the command's own arguments.
        groups: functions that turn shared options into the first arguments.
        renders: whether it returns an ``Answer``, and so takes the options of ``rendering.output`` as well.
    """

    def __init__(
        self, function: Callable[..., Any], groups: tuple[Callable[..., Any], ...], *, renders: bool
    ) -> None:
        self.function = function
        self.groups = groups
        self.renders = renders
        own = list(inspect.signature(function, eval_str=True).parameters.values())[len(groups) :]
        self.own = {parameter.name: parameter for parameter in own}
        self.shared = {group: _parameters(group) for group in self.option_groups}
        merged = dict(self.own)
        for parameters in self.shared.values():
            merged |= parameters
        self.parameters: Mapping[str, inspect.Parameter] = merged
        self.parsers = {name: _parser(parameter) for name, parameter in merged.items()}

    @property
    def option_groups(self) -> tuple[Callable[..., Any], ...]:
        """Every group whose options it takes, that of its rendering last."""
        if not self.renders:
            return self.groups
        from aztec_butler.cli.rendering import output

        return (*self.groups, output)

    @property
    def signature(self) -> inspect.Signature:
        """Its own arguments, then all options."""
        order = sorted(self.parameters.values(), key=lambda parameter: parameter.kind)
        return inspect.Signature(order)

    def is_switch(self, name: str) -> bool:
        """Whether an option is on or off, and so takes no value."""
        return self.parsers[name] is parse_switch

    def run(self, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """Call the function with what was parsed."""
        values = [_call(group, self.shared[group], options) for group in self.groups]
        own = {name: options[name] for name in self.own if name in options}
        return self.function(*values, *arguments, **own)

    def output(self, options: Mapping[str, Any]) -> Any:
        """How its answer is wanted."""
        group = self.option_groups[-1]
        return _call(group, self.shared[group], options)


def command(*groups: Callable[..., Any], renders: bool = True) -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command. Its docstring becomes the help: summary, text, ``Args:``, ``Examples:``."""

    def decorate(function: Callable[..., Any]) -> Command:
        return Command(function, groups, renders=renders)

    return decorate


def flag_of(parameter: str) -> str:
    """An option as it is written; what is a keyword of Python has a line behind it as a parameter.

    >>> flag_of("first_block"), flag_of("from_")
    ('--first-block', '--from')
    """
    return "--" + parameter.rstrip("_").replace("_", "-")


class Invocation:
    """A parsed command that has not run; it has no members, so Fire cannot walk into it."""

    __slots__ = ("arguments", "command", "options")

    def __init__(self, command: Command, arguments: tuple[Any, ...], options: Mapping[str, Any]) -> None:
        self.command = command
        self.arguments = arguments
        self.options = options

    def __dir__(self) -> list[str]:
        return []


def _parameters(group: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(group, eval_str=True).parameters)


def _call(group: Callable[..., Any], parameters: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    return group(**{name: options[name] for name in parameters if name in options})


# --------------------------------------------------------------------------- words to values


def parse_text(text: str) -> str:
    """The word itself."""
    return text


def parse_whole(text: str) -> int:
    """A whole number, decimal or 0x hex.

    Raises:
        InputError: anything else, ``1e3`` included.
    """
    try:
        return int(text, 0)
    except ValueError:
        raise InputError("expected a whole number", value=text) from None


def parse_switch(text: str) -> bool:
    """On or off.

    Raises:
        InputError: neither true nor false.
    """
    try:
        return {"true": True, "false": False}[text.lower()]
    except KeyError:
        raise InputError("expected true or false", value=text) from None


_PARSERS: dict[Any, Callable[[str], Any]] = {str: parse_text, int: parse_whole, bool: parse_switch}


def _parser(parameter: inspect.Parameter) -> Callable[[str], Any]:
    """The parser an annotation stands for: a plain type, a StrEnum, or ``Annotated[type, parser]``.

    An annotation that says nothing about parsing is refused when the command is defined, not when it is used.
    """
    annotation = parameter.annotation
    if get_origin(annotation) in (UnionType, Union):
        (annotation,) = (part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is Annotated:
        parser = annotation.__metadata__[0]
        if callable(parser):
            return parser  # type: ignore[no-any-return]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice(annotation)
    if annotation in _PARSERS:
        return _PARSERS[annotation]
    message = f"no parser for the parameter {parameter}"
    raise TypeError(message)


def _choice(kind: type[Enum]) -> Callable[[str], Any]:
    def parse(text: str) -> Enum:
        try:
            return kind(text.lower())
        except ValueError:
            names = ", ".join(str(member.value) for member in kind)
            raise InputError("expected one of a few words", value=text, words=names) from None

    return parse
