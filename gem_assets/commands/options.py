"""Options that several commands share, and how a command says what went wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import click

from gem_assets.settings import ENDPOINT_MODES, Settings, endpoint_mode

P = ParamSpec("P")

INTERRUPTED = 130
"""Exit status of an interrupted command, as shells have it: 128 and the signal's number."""


def told_plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Show what went wrong as a sentence: a user's mistake gets no traceback."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        from gem_assets.endpoint.errors import EndpointError
        from gem_assets.predictions.errors import PredictionsError
        from gem_assets.problems import RefusedInputError
        from gem_assets.public_data.errors import PublicDataError
        from gem_assets.warehouse.errors import WarehouseError

        try:
            command(*args, **kwargs)
        except (
            RefusedInputError,
            EndpointError,
            PredictionsError,
            PublicDataError,
            WarehouseError,
        ) as error:
            raise click.ClickException(str(error)) from None
        except BrokenPipeError:
            raise  # who read the output has seen enough: click ends quietly
        except OSError as error:
            # A full disk, a folder without permission, a port that is taken.
            where = f" ({error.filename})" if error.filename else ""
            raise click.ClickException(f"{error.strerror or error}{where}.") from None

    return wrapped


def exit_statuses(
    fine: str = "all is fine", failed: str = "it could not be done", **more: str
) -> str:
    """Return the paragraph on exit statuses that ends a command's help.

    Parameters
    ----------
    fine, failed
        What 0 and 1 mean.
    more
        What others mean, by name: ``s3="..."``.
    """
    told = {"0": fine, "1": failed, "2": "the command line was not understood"}
    told |= {name.removeprefix("s"): words for name, words in more.items()}
    told |= {str(INTERRUPTED): "interrupted"}
    return f"Exit status: {'; '.join(f'{status} {words}' for status, words in told.items())}."


data_option = click.option(
    "--data", metavar="DIR", help="Folder with bulk/NAME and sc/NAME. [GEM_ASSETS_DATA, data]"
)
results_option = click.option(
    "--results",
    metavar="DIR",
    help="Folder of results, predictions, ledger. [GEM_ASSETS_RESULTS, results]",
)
endpoint_option = click.option(
    "--endpoint",
    type=click.Choice(ENDPOINT_MODES),
    help="Who predicts. [GEM_ASSETS_ENDPOINT, embedded]",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: docs/commands.md has its keys."
)


def settings_of(data: str | None, results: str | None, endpoint: str | None) -> Settings:
    """Return the settings of the environment, with what a command was told in their place.

    Raises
    ------
    click.ClickException
        If a variable holds what it can't, or the results folder is none.
    """
    try:
        default = Settings.from_environment()
        settings = replace(
            default,
            data=data or default.data,
            results=results or default.results,
            endpoint=endpoint_mode(endpoint) if endpoint else default.endpoint,
        )
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    folder = Path(settings.results)
    if folder.exists() and not folder.is_dir():
        raise click.ClickException(
            f"The results folder {settings.results!r} is a file. Name a folder with --results."
        )
    return settings


def require_writable(settings: Settings) -> None:
    """Refuse a results folder that can't be written, or made, before anything is done.

    Raises
    ------
    click.ClickException
        If it can't.
    """
    folder = Path(settings.results).absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise click.ClickException(
            f"The results folder {settings.results!r} can't be written: {there} is "
            f"{'not writable for you' if there.is_dir() else 'a file'}. Name another folder with "
            "--results."
        )
