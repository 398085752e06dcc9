"""Options that several commands share, and how a command says what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import ParamSpec

import click

from gem_assets.settings import ENDPOINT_MODES, Settings, endpoint_mode

P = ParamSpec("P")


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

    return wrapped


data_option = click.option(
    "--data", metavar="DIR", help="Folder with bulk/NAME and sc/NAME. [GEM_ASSETS_DATA]"
)
results_option = click.option(
    "--results", metavar="DIR", help="Folder of results, predictions, ledger. [GEM_ASSETS_RESULTS]"
)
endpoint_option = click.option(
    "--endpoint",
    type=click.Choice(ENDPOINT_MODES),
    help="Who predicts. [GEM_ASSETS_ENDPOINT, embedded]",
)


def settings_of(data: str | None, results: str | None, endpoint: str | None) -> Settings:
    """Return the settings of the environment, with what a command was told in their place.

    Raises
    ------
    click.ClickException
        If a variable holds what it can't.
    """
    try:
        default = Settings.from_environment()
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    return replace(
        default,
        data=data or default.data,
        results=results or default.results,
        endpoint=endpoint_mode(endpoint) if endpoint else default.endpoint,
    )
