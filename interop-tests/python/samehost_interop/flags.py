"""The flags of a program, each with one value: `--name value` or `--name=value`."""

from __future__ import annotations


class Misused(Exception):
    """The flags are wrong; the text says how."""


class Flags:
    """The flags of a command line; one that is not known, or has no value, is refused."""

    def __init__(self, words: list[str], known: tuple[str, ...]) -> None:
        """Read them."""
        self._values: dict[str, str] = {}
        rest = iter(words)
        for word in rest:
            name, equals, value = word.partition("=")
            if not name.startswith("--") or name[2:] not in known:
                message = f"no such flag: {word}"
                raise Misused(message)
            given = value if equals else next(rest, None)
            if given is None:
                message = f"the flag {word} needs a value"
                raise Misused(message)
            self._values[name[2:]] = given

    def find(self, name: str, default: str | None = None) -> str | None:
        """Give the value of a flag, if it was given."""
        return self._values.get(name, default)

    def get(self, name: str) -> str:
        """Give the value of a flag, which must have been given."""
        value = self._values.get(name)
        if value is None:
            message = f"the flag --{name} is missing"
            raise Misused(message)
        return value
