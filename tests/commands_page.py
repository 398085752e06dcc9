"""docs/commands.md: every command with its options, as click knows them, and its JSON keys.

``python tests/commands_page.py`` writes it anew. Read the difference before you commit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from gem_assets.cli import SECTIONS, main

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"

START, END = "<!-- commands: tests/commands_page.py -->", "<!-- end of commands -->"
"""What lies between them is written here; the rest of the page by people."""


def page(told: str) -> str:
    """Return the page with its commands as they are now."""
    before, _, rest = told.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n" + "\n\n".join(_blocks()) + f"\n\n{END}{after}"


def _blocks() -> Iterator[str]:
    context = click.Context(main)
    known = {name for names in SECTIONS.values() for name in names}
    others = [name for name in main.list_commands(context) if name not in known]
    for title, names in {**SECTIONS, "Others": others}.items():
        if names:
            yield f"## {title}"
        for name in names:
            yield from _command(name, main.commands[name])


def _command(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for sub_name, sub in command.commands.items():
            yield from _command(f"{name} {sub_name}", sub)
        return
    context = click.Context(command, info_name=name)
    yield f"### `gem-assets {name}`"
    yield f"`gem-assets {name} {' '.join(command.collect_usage_pieces(context))}`"
    prose, *example = inspect.cleandoc(command.help or "").split("\b\n")
    yield _escaped(prose.strip())
    if example:
        first, _, lines = example[0].partition("\n")
        yield f"{first}\n\n```text\n{inspect.cleandoc(lines)}\n```"
    rows = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and "--help" not in parameter.opts
        and (record := parameter.get_help_record(context))
    ]
    if rows:
        yield "| option | what it does |\n| --- | --- |\n" + "\n".join(
            f"| `{_cell(option)}` | {_cell(_escaped(said))} |" for option, said in rows
        )
    if command.epilog:
        yield _escaped(" ".join(command.epilog.split()))


def _escaped(text: str) -> str:
    """Return a text whose underscores and angle brackets Markdown leaves alone."""
    return re.sub(r"([_<>*])", r"\\\1", text)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
