"""docs/commands.md says truly which commands and options there are."""

from __future__ import annotations

from commands_page import PAGE, page

from gem_assets.cli import SECTIONS, main


def test_the_page_has_every_command_and_option_as_click_knows_them() -> None:
    told = PAGE.read_text(encoding="utf-8")
    assert page(told) == told, "python tests/commands_page.py writes the page anew"


def test_every_command_has_its_place_and_a_line_in_the_list() -> None:
    placed = [name for names in SECTIONS.values() for name in names]
    assert sorted(placed) == sorted(main.commands)
    for name, command in main.commands.items():
        assert 0 < len(command.get_short_help_str(60)) <= 60, name
        assert "..." not in command.get_short_help_str(60), name
        assert "130 interrupted" in (command.epilog or ""), name
