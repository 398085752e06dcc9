"""What the embedded model can answer: ontology ids and the reference columns that stand for them.

Ids were checked against cellxgene-ontology-guide 1.11.1. Columns are compared without case. A
class gathers the columns that mean one organ in several references: parts that two independent
references do not both tell apart (regions of the brain, endometrium and myometrium) are one class,
because nothing here could show that the finer answer is right.
"""

from __future__ import annotations

BLOOD = "UBERON:0000178"

TISSUES: dict[str, tuple[str, ...]] = {
    "UBERON:0001013": ("adipose", "adipose tissue"),
    "UBERON:0002369": ("adrenal", "adrenal gland"),
    "UBERON:0001154": ("appendix",),
    "UBERON:0001637": ("artery",),
    BLOOD: ("total_pbmc",),
    "UBERON:0002371": ("bone marrow",),
    "UBERON:0000955": (
        "brain",
        "cortex",
        "cerebral cortex",
        "amygdala",
        "basal ganglia",
        "cerebellum",
        "corpus callosum",
        "hippocampal formation",
        "hypothalamus",
        "midbrain",
        "pons and medulla",
        "thalamus",
    ),
    "UBERON:0000310": ("breast",),
    "UBERON:0000002": ("cervix uteri", "cervix, uterine"),
    "UBERON:0001155": ("colon",),
    "UBERON:0002114": ("duodenum",),
    "UBERON:0001301": ("epididymis",),
    "UBERON:0001043": ("oesophagus", "esophagus"),
    "UBERON:0003889": ("fallopian tube",),
    "UBERON:0002110": ("gallbladder",),
    "UBERON:0000948": ("heart", "heart muscle"),
    "UBERON:0002113": ("kidney",),
    "UBERON:0002107": ("liver",),
    "UBERON:0002048": ("lung",),
    "UBERON:0000029": ("lymph node",),
    "UBERON:0001021": ("nerve",),
    "UBERON:0000992": ("ovary",),
    "UBERON:0001264": ("pancreas",),
    "UBERON:0001132": ("parathyroid gland",),
    "UBERON:0000007": ("pituitary", "pituitary gland"),
    "UBERON:0001987": ("placenta",),
    "UBERON:0002367": ("prostate",),
    "UBERON:0001052": ("rectum",),
    "UBERON:0000966": ("retina",),
    "UBERON:0001044": ("salivary gland",),
    "UBERON:0000998": ("seminal vesicle",),
    "UBERON:0001134": ("muscle", "skeletal muscle"),
    "UBERON:0002097": ("skin",),
    "UBERON:0002108": ("small intestine",),
    "UBERON:0001135": ("smooth muscle",),
    "UBERON:0002240": ("spinal cord",),
    "UBERON:0002106": ("spleen",),
    "UBERON:0000945": ("stomach",),
    "UBERON:0000473": ("testis",),
    "UBERON:0002370": ("thymus",),
    "UBERON:0002046": ("thyroid", "thyroid gland"),
    "UBERON:0001723": ("tongue",),
    "UBERON:0002372": ("tonsil",),
    "UBERON:0001255": ("bladder", "urinarybladder", "urinary bladder"),
    "UBERON:0000995": ("uterus", "endometrium"),
    "UBERON:0000996": ("vagina",),
    "UBERON:0001000": ("ductus deferens",),
}
"""UBERON id -> columns of the tissue references."""

TISSUE_OF_COLUMN: dict[str, str] = {name: term for term, names in TISSUES.items() for name in names}

CONNECTIVE_TISSUES: tuple[str, ...] = (
    "UBERON:0001013",  # adipose tissue
    "UBERON:0001135",  # smooth muscle
    "UBERON:0001134",  # skeletal muscle
    "UBERON:0001637",  # artery
    "UBERON:0001021",  # nerve
    BLOOD,
)
"""What a dissected organ carries along: fat, muscle, vessels, nerves and blood."""

IMMUNE_CELL_TYPES: dict[str, str] = {
    "basophil": "CL:0000767",
    "classical_monocyte": "CL:0000860",
    "eosinophil": "CL:0000771",
    "gdT_cell": "CL:0000798",
    "intermediate_monocyte": "CL:0002393",
    "MAIT_T_cell": "CL:0000940",
    "memory_B_cell": "CL:0000787",
    "memory_CD4_T_cell": "CL:0000897",
    "memory_CD8_T_cell": "CL:0000909",
    "myeloid_DC": "CL:0000782",
    "naive_B_cell": "CL:0000788",
    "naive_CD4_T_cell": "CL:0000895",
    "naive_CD8_T_cell": "CL:0000900",
    "neutrophil": "CL:0000775",
    "NK_cell": "CL:0000623",
    "non_classical_monocyte": "CL:0000875",
    "plasmacytoid_DC": "CL:0000784",
    "T_reg": "CL:0000815",
}
"""Column of the sorted blood cells -> CL id."""

LINEAGES: dict[str, tuple[str, ...]] = {
    "myeloid": (
        "classical_monocyte",
        "intermediate_monocyte",
        "non_classical_monocyte",
        "neutrophil",
        "myeloid_DC",
    ),
    "T and NK": (
        "gdT_cell",
        "MAIT_T_cell",
        "memory_CD4_T_cell",
        "memory_CD8_T_cell",
        "naive_CD4_T_cell",
        "naive_CD8_T_cell",
        "T_reg",
        "NK_cell",
    ),
    "B": ("memory_B_cell", "naive_B_cell"),
}
"""Blood lineages that do not occur together in a pure population of cells."""

NOT_IMMORTAL: tuple[str, ...] = ("ASC diff", "HHSteC", "HSkMC")
"""Columns of the cell line reference that are primary cells in culture, not lines."""

CELL_LINES: dict[str, str] = {
    "A-431": "CVCL_0037",
    "A549": "CVCL_0023",
    "AF22": "CVCL_A5CW",
    "AN3-CA": "CVCL_0028",
    "BEWO": "CVCL_0044",
    "BJ": "CVCL_3653",
    "CACO-2": "CVCL_0025",
    "CAPAN-2": "CVCL_0026",
    "Daudi": "CVCL_0008",
    "EFO-21": "CVCL_0029",
    "fHDF/TERT166": "CVCL_GZ73",
    "GAMG": "CVCL_1226",
    "HaCaT": "CVCL_0038",
    "HAP1": "CVCL_Y019",
    "HBEC3-KT": "CVCL_X491",
    "HBF TERT88": "CVCL_9Q52",
    "HDLM-2": "CVCL_0009",
    "HEK 293": "CVCL_0045",
    "HEL": "CVCL_0001",
    "HeLa": "CVCL_0030",
    "Hep G2": "CVCL_0027",
    "HL-60": "CVCL_0002",
    "HMC-1": "CVCL_0003",
    "hTCEpi": "CVCL_AQ44",
    "hTEC/SVTERT24-B": "CVCL_JM27",
    "hTERT-HME1": "CVCL_3383",
    "hTERT-RPE1": "CVCL_4388",
    "HUVEC TERT2": "CVCL_9Q53",
    "JURKAT": "CVCL_0065",
    "K-562": "CVCL_0004",
    "Karpas-707": "CVCL_0010",
    "LHCN-M2": "CVCL_8890",
    "MCF7": "CVCL_0031",
    "MOLT-4": "CVCL_0013",
    "NB-4": "CVCL_0005",
    "NTERA-2": "CVCL_0034",
    "OE19": "CVCL_1622",
    "PC-3": "CVCL_0035",
    "REH": "CVCL_1650",
    "RH-30": "CVCL_0041",
    "RPMI-8226": "CVCL_0014",
    "RPTEC TERT1": "CVCL_K278",
    "RT4": "CVCL_0036",
    "SCLC-21H": "CVCL_0024",
    "SH-SY5Y": "CVCL_0019",
    "SiHa": "CVCL_0032",
    "SK-BR-3": "CVCL_0033",
    "SK-MEL-30": "CVCL_0039",
    "SuSa": "CVCL_L280",
    "T-47d": "CVCL_0553",
    "THP-1": "CVCL_0006",
    "TIME": "CVCL_0047",
    "U-138 MG": "CVCL_0020",
    "U-2 OS": "CVCL_0042",
    "U-2197": "CVCL_0043",
    "U-251 MG": "CVCL_0021",
    "U-266/70": "CVCL_0015",
    "U-266/84": "CVCL_0016",
    "U-698": "CVCL_0017",
    "U-87 MG": "CVCL_0022",
    "U-937": "CVCL_0007",
    "WM-115": "CVCL_0040",
}
"""Column of the cell line reference -> Cellosaurus id; a line whose id could not be checked is
left out (the altered BJ lines, ASC TERT1)."""

XIST = "ENSG00000229807"
CHROMOSOME_Y_MARKERS: dict[str, str] = {
    "RPS4Y1": "ENSG00000129824",
    "DDX3Y": "ENSG00000067048",
    "KDM5D": "ENSG00000012817",
    "UTY": "ENSG00000183878",
    "USP9Y": "ENSG00000114374",
    "EIF1AY": "ENSG00000198692",
    "ZFY": "ENSG00000067646",
}
"""Genes of the male-specific region of Y that are expressed in most tissues."""
