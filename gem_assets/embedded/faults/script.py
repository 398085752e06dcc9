"""The script of faults: what goes wrong, at which request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec
import yaml
from msgspec import Meta, Struct

from gem_assets.problems import refuse

RequestKind: TypeAlias = Literal["models", "example", "submit", "status", "download"]

TRACEBACK = (
    "CUDA out of memory\n"
    "Traceback (most recent call last):\n"
    '  File "/srv/gem/worker.py", line 212, in predict\n'
    "    latents = encoder(batch)\n"
    "RuntimeError: CUDA out of memory"
)
"""How a failed query explains itself: a sentence, then the server's own affairs."""


class _Fault(Struct, frozen=True, forbid_unknown_fields=True, tag_field="fault", kw_only=True):
    nth: Annotated[int, Meta(ge=1)] = 1
    times: Annotated[int, Meta(ge=1)] = 1


class _AnyRequest(_Fault, frozen=True, kw_only=True):
    request: RequestKind


class _Submission(_Fault, frozen=True, kw_only=True):
    request: Literal["submit"] = "submit"


# -- one request and its answer --------------------------------------------------------------------


class StatusFault(_AnyRequest, frozen=True, tag="status", kw_only=True):
    """An answer of ``status``.

    Attributes
    ----------
    status
        400 to 599.
    retry_after, retry_at
        Seconds for ``Retry-After``, written as a number or as an HTTP date.
    accepted
        Whether the endpoint did what was asked, and failed only then.
    message
        What the answer says.
    """

    status: Annotated[int, Meta(ge=400, le=599)]
    retry_after: Annotated[int, Meta(ge=0)] | None = None
    retry_at: Annotated[int, Meta(ge=0)] | None = None
    accepted: bool = False
    message: str = "scripted fault"


class ResetFault(_AnyRequest, frozen=True, tag="reset", kw_only=True):
    """The connection is reset, before the request was acted on or (``accepted``) after."""

    accepted: bool = False


class HoldFault(_AnyRequest, frozen=True, tag="hold", kw_only=True):
    """No answer until the client gives up, the request not acted on or (``accepted``) acted on."""

    accepted: bool = False


class HtmlFault(_AnyRequest, frozen=True, tag="html", kw_only=True):
    """A page with status 200 in place of the answer, as proxies and portals give."""

    accepted: bool = False


class TruncatedFault(_AnyRequest, frozen=True, tag="truncated", kw_only=True):
    """The answer breaks off half-way, and the connection with it."""


class CorruptFault(_AnyRequest, frozen=True, tag="corrupt", kw_only=True):
    """The answer is complete, but garbled in the middle."""


class DownFault(_AnyRequest, frozen=True, tag="down", kw_only=True):
    """The server goes away: connections are closed, and new ones refused for ``seconds``."""

    seconds: Annotated[float, Meta(ge=0)] = 0.1


# -- one query and its result ----------------------------------------------------------------------


class FailedFault(_Submission, frozen=True, tag="failed", kw_only=True):
    """The query is accepted and then fails, with ``message``."""

    message: str = TRACEBACK


class NeverEndsFault(_Submission, frozen=True, tag="never_ends", kw_only=True):
    """The query is accepted and runs for ever."""


class LostFault(_Submission, frozen=True, tag="lost", kw_only=True):
    """The query is accepted and forgotten: its status is 404."""


class ExpiredFault(_Submission, frozen=True, tag="expired", kw_only=True):
    """The first ``downloads`` downloads of the query's result are refused as expired."""

    downloads: Annotated[int, Meta(ge=1)] = 1


Edit: TypeAlias = Literal[
    "fewer_outputs",
    "more_outputs",
    "nan_probabilities",
    "unnormalised_probabilities",
    "null_probabilities",
    "empty_decoder_sample",
    "null_decoder_sample",
    "short_decoder_sample",
]


class ResultFault(_Submission, frozen=True, tag="result", kw_only=True):
    """The query's result is odd: it has an output less or more, or its first output is."""

    edit: Edit


# -- from a submission on --------------------------------------------------------------------------


class TooLargeFault(_Submission, frozen=True, tag="too_large", kw_only=True):
    """From this submission on, those of more than ``samples`` samples are refused with 413."""

    samples: Annotated[int, Meta(ge=0)]


class InvalidSampleFault(_Submission, frozen=True, tag="invalid_sample", kw_only=True):
    """The sample at position ``sample`` of this submission is invalid, now and in any other."""

    sample: Annotated[int, Meta(ge=0)] = 0


class NewVersionFault(_Submission, frozen=True, tag="new_version", kw_only=True):
    """From this submission on, another model version answers."""

    version: str = "embedded-2"


class NewGeneOrderFault(_Submission, frozen=True, tag="new_gene_order", kw_only=True):
    """From this submission on, genes come and go in the reverse of their order."""


RequestFault: TypeAlias = (
    StatusFault | ResetFault | HoldFault | HtmlFault | TruncatedFault | CorruptFault | DownFault
)
QueryFault: TypeAlias = FailedFault | NeverEndsFault | LostFault | ExpiredFault | ResultFault
StandingFault: TypeAlias = TooLargeFault | InvalidSampleFault | NewVersionFault | NewGeneOrderFault
Fault: TypeAlias = RequestFault | QueryFault | StandingFault


class FaultScript(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong, in any order; where two faults meet, the one listed first is taken."""

    faults: tuple[Fault, ...] = ()


def read_script(path: Path) -> FaultScript:
    """Return the script in a YAML or JSON file.

    Raises
    ------
    RefusedInputError
        If there is no such file, or it isn't a script; says where.
    """
    action = "`python -m pydoc gem_assets.embedded.faults` shows what a script looks like."
    try:
        text = path.read_text(encoding="utf-8")
        return msgspec.convert(yaml.safe_load(text) or {}, FaultScript)
    except (OSError, UnicodeDecodeError) as error:
        code, what = "fault_script_unreadable", f"The script of faults {path} can't be read"
        raise refuse(code, f"{what}: {error}.", action) from None
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        code, what = "fault_script_invalid", f"{path} is no script of faults"
        raise refuse(code, f"{what}: {error}.", action) from None
