"""The command line: ``gem-assets run | plan | inspect | predict | review | selftest | ...``."""

from __future__ import annotations

import click

from gem_assets import __version__
from gem_assets.commands.demo import demo
from gem_assets.commands.export import export
from gem_assets.commands.forget import forget
from gem_assets.commands.inspect import inspect
from gem_assets.commands.options import INTERRUPTED
from gem_assets.commands.plan import plan
from gem_assets.commands.predict import predict
from gem_assets.commands.report import report
from gem_assets.commands.review import review
from gem_assets.commands.run import run
from gem_assets.commands.selftest import selftest
from gem_assets.commands.serve import serve

SECTIONS = {
    "Find the wrong labels": ("run", "review", "selftest"),
    "Look before you send": ("inspect", "plan", "predict"),
    "Afterwards": ("report", "export", "forget"),
    "To try it": ("demo", "serve"),
}
"""The commands in the order in which a person comes to need them."""

_ENVIRONMENT = """\
Environment: GEM_ASSETS_DATA, GEM_ASSETS_RESULTS, GEM_ASSETS_ENDPOINT and GEM_ASSETS_MODEL say
what --data, --results and --endpoint do not. SYNTHESIZE_API_KEY is read where the endpoint is
hosted or self_hosted, and DAGSTER_HOME says where Dagster keeps its history. NO_COLOR turns off
colours.
"""


class Commands(click.Group):
    """Commands in sections; an interrupted one ends in a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of their sections, what is in none at the end."""
        names = [name for names in SECTIONS.values() for name in names if name in self.commands]
        return names + [name for name in super().list_commands(ctx) if name not in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line a command, by section."""
        named = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in named)
        for title, names in {**SECTIONS, "Others": others}.items():
            lines = [
                (name, self.commands[name].get_short_help_str(60))
                for name in names
                if name in self.commands
            ]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo(
                "\nInterrupted. Nothing is half written: what was finished is kept, and the same "
                "command goes on from there.",
                err=True,
            )
            ctx.exit(INTERRUPTED)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_ENVIRONMENT,
)
@click.version_option(__version__)
def main() -> None:
    """Find RNA-seq samples whose labels their expression contradicts.

    gem-assets COMMAND --help tells more of each, with its exit statuses.
    """


for _command in (
    run,
    plan,
    inspect,
    predict,
    review,
    report,
    selftest,
    export,
    forget,
    serve,
    demo,
):
    main.add_command(_command)
