"""What predicting datasets would send, as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from gem_assets.outlook import DatasetOutlook


def print_plan(console: Console, outlooks: Sequence[DatasetOutlook]) -> None:
    """Print, dataset by dataset, how many samples are known and how many would be sent where."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("dataset", overflow="fold")
    for column in ("samples", "known", "under way", "to send"):
        table.add_column(column, justify="right")
    table.add_column("to", overflow="fold")
    table.add_column("model, last observed", overflow="fold")
    for outlook in outlooks:
        plan = outlook.plan
        counts = (plan.samples, plan.known, plan.under_way, plan.new) if plan else ()
        table.add_row(
            escape(f"{outlook.modality}/{outlook.name}"),
            *(f"{count:,}" for count in counts or ()),
            *(() if plan else ("?",) * 4),
            escape(outlook.host),
            escape(_observed(outlook)),
        )
    console.print(table)
    for outlook in outlooks:
        if outlook.needs:
            console.print(
                f"{outlook.modality}/{outlook.name}: {outlook.needs}", markup=False, soft_wrap=True
            )
    to_send: dict[str, int] = {}
    for outlook in outlooks:
        if outlook.plan:
            to_send[outlook.host] = to_send.get(outlook.host, 0) + outlook.plan.new
    for host, count in to_send.items():
        console.print(f"{count:,} samples would be sent to {host}.", markup=False, soft_wrap=True)


def _observed(outlook: DatasetOutlook) -> str:
    if outlook.model_version is None or outlook.observed_at is None:
        return f"{outlook.model_id}, never"
    return f"{outlook.model_id} {outlook.model_version}, {outlook.observed_at:%Y-%m-%d %H:%M} UTC"
