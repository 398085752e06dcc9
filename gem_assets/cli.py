"""The command line: ``gem-assets run | plan | inspect | predict | review | selftest | ...``."""

from __future__ import annotations

import click

from gem_assets import __version__
from gem_assets.commands.forget import forget
from gem_assets.commands.inspect import inspect
from gem_assets.commands.plan import plan
from gem_assets.commands.predict import predict
from gem_assets.commands.report import report
from gem_assets.commands.review import review
from gem_assets.commands.run import run
from gem_assets.commands.selftest import selftest
from gem_assets.commands.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Find RNA-seq samples whose labels their expression contradicts."""


for _command in (
    run,
    plan,
    inspect,
    predict,
    review,
    report,
    selftest,
    forget,
    serve,
):
    main.add_command(_command)
