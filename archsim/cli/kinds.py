"""Options that name a kind: names, completion and help come from its register when they are asked for."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand

from archsim import registry


def kind_option(flag: str, group: str, text: str, **more: Any) -> Any:
    """An option that takes the name of a kind of the family that entry points of `group` add to."""

    def checked(value: str | None) -> str | None:
        names = registry.FAMILIES[group].names()
        if value is None or value in names:
            return value
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(names)}.")

    def completed(begun: str) -> list[str]:
        return [name for name in registry.FAMILIES[group].names() if name.startswith(begun)]

    metavar = flag.strip("-").upper()
    return typer.Option(
        flag, metavar=metavar, help=f"{{{group}}}. {text}", callback=checked, autocompletion=completed, **more
    )


class KindsCommand(TyperCommand):
    """A command with such options."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        for option in self.params:
            for group, family in registry.FAMILIES.items():
                said = getattr(option, "help", None) or ""
                if f"{{{group}}}" in said:
                    option.help = said.replace(f"{{{group}}}", ", ".join(family))  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)
