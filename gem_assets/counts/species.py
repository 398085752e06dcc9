"""Whether the genes are human; GEM-1 knows no other species."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gem_assets.counts.gene_names import ENSEMBL_GENE, sampled, stem_variety, transcript_share
from gem_assets.counts.matrix import CountMatrix
from gem_assets.problems import InputProblem, Severity

ENSEMBL_SPECIES = {
    "MUS": "mouse",
    "RNO": "rat",
    "DAR": "zebrafish",
    "SSC": "pig",
    "BTA": "cow",
    "OAR": "sheep",
    "CAF": "dog",
    "GAL": "chicken",
    "MMU": "rhesus macaque",
    "MFA": "crab-eating macaque",
    "PTR": "chimpanzee",
    "OCU": "rabbit",
    "ECA": "horse",
    "XET": "frog (Xenopus)",
    "CPO": "guinea pig",
    "MAU": "golden hamster",
}
"""Species infix of Ensembl stable ids (https://www.ensembl.org/info/genome/stable_ids/)."""

OTHER_DATABASES = (
    (re.compile(r"FBgn\d{7}"), "fruit fly"),
    (re.compile(r"WBGene\d{8}"), "Caenorhabditis elegans"),
    (re.compile(r"AT[1-5CM]G\d{5}"), "Arabidopsis"),
    (re.compile(r"Y[A-P][LR]\d{3}[WC](-[A-Z])?"), "yeast"),
)
"""Ids of species that Ensembl takes over from FlyBase, WormBase, TAIR and SGD."""

_RODENT_SYMBOL = re.compile(r"[A-Z][a-z]+[0-9a-z]*(-[A-Za-z0-9]+)?|\d{7}[A-Z]\d{2}Rik|mt-[A-Z]\w+")
"""Form of mouse and rat symbols: a capital, then small letters (MGI nomenclature)."""

MIXED_SHARE = 0.01
"""Share of another species' genes that is told: a joint human-mouse reference has about half."""


def find_species_problems(matrix: CountMatrix) -> tuple[InputProblem, ...]:
    """Return an error if most names are another species' or transcripts', a warning if some are."""
    names = sampled(matrix.gene_ids)
    if transcript_share(names) > 0.5:
        return (_transcripts(names),)
    species = Counter(s for s in map(_species, names) if s is not None)
    foreign = sum(n for s, n in species.items() if s != "human")
    if foreign:
        most = next(s for s, _ in species.most_common() if s != "human")
        example = next(n for n in names if _species(n) == most)
        if foreign > len(names) / 2:
            return (_wrong_species(f"ids such as {example} are {most} genes", most),)
        if foreign >= MIXED_SHARE * len(names):
            return (_mixed_species(foreign / len(names), most, example),)
    if species["human"] == 0:
        for symbols in filter(None, (matrix.gene_symbols, matrix.gene_ids)):
            if _rodent_symbols(symbols):
                written = ", ".join(sampled(symbols)[:3])
                return (
                    _wrong_species(
                        f"symbols are written as in mouse or rat ({written}, ...), a capital "
                        "followed by small letters",
                        "mouse",
                    ),
                )
    return ()


def _species(name: str) -> str | None:
    ensembl = ENSEMBL_GENE.match(name)
    if ensembl:
        infix = ensembl.group(1)
        if infix is None:
            return "human"
        return ENSEMBL_SPECIES.get(infix, f"another species' (ENS{infix}G)")
    return next((s for pattern, s in OTHER_DATABASES if pattern.fullmatch(name)), None)


def _rodent_symbols(symbols: Sequence[str]) -> bool:
    """Most of at least twenty names, and not numbered ones such as ``Gene1, Gene2...``."""
    names = sampled(symbols)
    formed = [name for name in names if _RODENT_SYMBOL.fullmatch(name)]
    return len(names) >= 20 and len(formed) > len(names) / 2 and stem_variety(formed) > 0.1


def _wrong_species(evidence: str, species: str) -> InputProblem:
    return InputProblem(
        "wrong_species",
        Severity.ERROR,
        f"the genes look like {species}: {evidence}; the model knows human genes only.",
        "Give human counts. Genes of another species are not mapped to human orthologues.",
    )


def _mixed_species(share: float, species: str, example: str) -> InputProblem:
    return InputProblem(
        "mixed_species",
        Severity.WARNING,
        f"{share:.0%} of the genes are {species} genes (such as {example}); they will be left out.",
        "If samples are xenografts or mixtures, expect reads of the other species in them.",
    )


def _transcripts(names: Sequence[str]) -> InputProblem:
    return InputProblem(
        "transcripts",
        Severity.ERROR,
        f"the rows are transcripts ({names[0]}, ...), not genes.",
        "Sum the counts by gene first, for example with tximport and a tx2gene table.",
    )
