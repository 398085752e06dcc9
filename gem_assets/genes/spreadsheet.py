"""Names that a spreadsheet took for dates and numbers, and the names they may have been.

Excel reads ``SEPT1`` as the first of September and shows ``1-Sep``; what is saved depends on the
cell's format (``Sep-01``, ``2023-09-01``, ``9/1/2023``, or the serial number of the day, 45170).
It takes a name for a month that begins like one, from three letters on (``MARC1`` becomes
``1-Mar`` as ``MARCH1`` does), and a number that is no day of the month for a year (``SEP53`` is
September 1953, see Microsoft's article Q214327). Names of months are those of the user's language:
AGO2 is a date in Spanish, MEI1 in Dutch, TAMM41 in Finnish. A name of digits around one E is a
number (``2310009E13``, a clone of the mouse, becomes ``2.31E+13``).

- Zeeberg et al. 2004, BMC Bioinformatics 5:80 (dates and RIKEN clones);
- Ziemann, Eren & El-Osta 2016, Genome Biology 17:177 (forms seen in supplements);
- Abeysooriya et al. 2021, PLoS Computational Biology 17:e1008984 (languages, serial numbers).

The damage loses which name stood there. A date is brought to a key, month and number, and so is
every name that a spreadsheet would take for a date; the date is restored where one gene alone has
a name of its key. Asked first are names that are or were official and begin like an English month,
then approved symbols that begin like a month of another language, then English aliases. So
``5-Mar`` is MARCH5, while ``1-Mar`` may be MARCH1 or MARC1 and stays open.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gem_assets.genes.symbols import Meanings, named_genes

MONTHS: Final = (
    "january januar janvier enero gennaio janeiro januari tammikuu",
    "february februar février fevrier febrero febbraio fevereiro februari helmikuu",
    "march märz maerz mrz mars marzo março marco maart mrt maaliskuu",
    "april avril abril aprile huhtikuu",
    "may mai mayo maggio maio mei toukokuu",
    "june juni juin junio giugno junho kesäkuu kesakuu",
    "july juli juillet julio luglio julho heinäkuu heinakuu",
    "august août aout agosto augustus elokuu",
    "september septembre septiembre settembre setembro syyskuu",
    "october oktober octobre octubre ottobre outubro lokakuu",
    "november novembre noviembre novembro marraskuu",
    "december dezember décembre decembre diciembre dicembre dezembro joulukuu",
)
"""Names of the months in English, then others (German, French, Spanish, Italian, Portuguese, Dutch,
Finnish), with the shortenings that are no beginnings."""

DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

FIRST_TYPED_YEAR: Final = 1985
"""Excel's first: a date gets the year it is typed in, so an older one shows a number of a name."""

_SERIALS: Final = (10959, 54789)
"""1930-01-01 to 2049-12-31 as days after 1899-12-30, the way Excel counts them."""

_EPOCH: Final = pd.Timestamp(1899, 12, 30)

_WORD = r"[^0-9\s/.-]{3,12}"
_MAY_BE_A_DATE: Final = (
    rf"^X?[0-9]{{1,4}}[-/. ]|^{_WORD}[-/. ]{{1,2}}[0-9]|^X?[1-5][0-9]{{4}}(?:\.0)?$"
)
_FORMS: Final = (
    # 1-Sep, 01. Sept, 1/Sep/23, 1-Sep-2023; X1.Sep of R
    rf"^X?(?P<day>[0-3]?[0-9])[-/. ]{{1,2}}(?P<word>{_WORD})\.?"
    r"(?:[-/. ]+(?P<year>[0-9]{2}|[0-9]{4}))?$",
    # Sep-01, Sep 1, Sep-53, September 1, 2023
    rf"^(?P<word>{_WORD})[-/. ]{{1,2}}(?P<day>[0-9]{{1,2}})(?:[-/., ]+(?P<year>[0-9]{{4}}))?$",
    # 2023-09-01, 2023/09/01 00:00:00
    r"^X?(?P<year>[0-9]{4})[-/.](?P<month>[01]?[0-9])[-/.](?P<day>[0-3]?[0-9])"
    r"(?:[T .]00[:.]00(?:[:.]00)?(?:[:.]0+)?)?$",
)
_TWO_NUMBERS: Final = (
    # 9/1/2023, 01.09.2023, 9/1, 09-01
    r"^X?(?P<first>[0-3]?[0-9])[-/.](?P<second>[0-3]?[0-9])(?:[-/.](?P<year>[0-9]{2}|[0-9]{4}))?$"
)
_FLOAT = r"^X?[0-9](?:[.,][0-9]+)?E[+.]?[0-9]{1,3}$"


@cache
def _month_beginnings(*, english_only: bool) -> dict[str, int]:
    """Return the month (from 1) of each beginning of a month's name, three letters or longer.

    What begins several months is left out, but English comes first: ``mar`` is March, not
    ``marraskuu``.
    """
    english: dict[str, set[int]] = {}
    others: dict[str, set[int]] = {}
    for month, names in enumerate(MONTHS, start=1):
        for position, name in enumerate(names.split()):
            for length in range(3, len(name) + 1):
                (others if position else english).setdefault(name[:length], set()).add(month)
    found = english if english_only else others | english
    return {beginning: min(months) for beginning, months in found.items() if len(months) == 1}


def _month_of(words: pd.Series, *, english_only: bool = False) -> pd.Series:
    return words.str.lower().map(_month_beginnings(english_only=english_only)).astype(float)


def _keys(month: pd.Series, day: pd.Series, year: pd.Series) -> pd.Series:
    """Return ``month/number``, missing where the parts make no date.

    The number is the day, or the year's last two digits where the day is the first of a year in
    which nobody could type it, or no day of the month at all.
    """
    days = month.map(dict(enumerate(DAYS, start=1)))
    old = (day == 1) & (year < FIRST_TYPED_YEAR) & (year % 100 > 29)
    number = day.mask(old, year % 100)
    possible = month.between(1, 12) & (day >= 1) & ((day <= days) | year.isna())
    return (
        month.astype("Int64").astype("string") + "/" + number.astype("Int64").astype("string")
    ).where(possible)


def _numbers(text: pa.Array) -> pd.Series:
    return pd.to_numeric(pd.Series(text.to_numpy(zero_copy_only=False), dtype=object))


@cache
def names_by_date() -> Meanings:
    """Return what the keys of dates mean: the names that a spreadsheet makes this date of."""
    names = named_genes()
    parts = names["name"].str.extract(r"^(?P<word>[^\W\d_]{3,12})[-/. ]?0?(?P<number>[1-9]\d?)$")
    parts = parts.dropna()
    names = names.loc[parts.index].assign(said=names["name"])
    english = _month_of(parts["word"], english_only=True).notna()
    approved, alias = names["source"] == 0, names["source"] == 2
    keys = _keys(
        _month_of(parts["word"]), parts["number"].astype(float), pd.Series(np.nan, names.index)
    )
    rank = np.select([english & ~alias, ~english, english], [0, 1, 2])
    # Of several names of one gene, the one to show: SEPT3 before SEP3, OCT4 before OCT-4.
    shown = names["name"].str.len() + 10 * names["name"].str.isalnum()
    names = names.assign(name=keys, rank=rank).loc[shown.sort_values(ascending=False).index]
    return Meanings.of(names[(keys.notna() & (english | approved))[names.index]])


def meanings_of_dates(keys: pd.Series) -> Meanings:
    """Return what the keys of some dates mean (`date_keys`); two keys mean what either does."""
    by_date = names_by_date()
    two = pd.Series(keys[keys.str.contains(" ")].unique(), dtype=object)
    if two.empty:
        return by_date
    entries = by_date.entries()
    either = pd.DataFrame({"both": two, "name": two.str.split(" ")}).explode("name")
    together = either.merge(entries, on="name").drop(columns="name")
    return Meanings.of(
        pd.concat([entries, together.rename(columns={"both": "name"})]).assign(rank=0)
    )


def date_keys(names: NDArray[np.object_], *, serials: bool) -> pd.Series:
    """Return the key of each name that is a date, ``month/number``; missing for the others.

    Parameters
    ----------
    names
        Names of rows, no known ones among them.
    serials
        Whether whole numbers are serial numbers of days (and not Entrez ids).

    Returns
    -------
    pandas.Series
        Where month and day may be exchanged and the other dates don't tell which is first, there
        are two keys, joined by a blank.
    """
    all_keys = pd.Series(None, index=range(len(names)), dtype=object)
    text = pc.utf8_trim_whitespace(pa.array(names, pa.string(), from_pandas=True))
    possible = pc.fill_null(pc.match_substring_regex(text, _MAY_BE_A_DATE), False)
    text = text.filter(possible)
    if not len(text):
        return all_keys
    keys = pd.Series(None, index=range(len(text)), dtype=object)
    for form in _FORMS:
        rows, found = _matches(text, form)
        if not rows.size:
            continue
        if "word" in found:
            month = _month_of(pd.Series(found["word"].to_numpy(zero_copy_only=False), dtype=object))
        else:
            month = _numbers(found["month"])
        key = _keys(month, _numbers(found["day"]), _full_year(found["year"]))
        keys.iloc[rows] = _or_none(key)
    rows, found = _matches(text, _TWO_NUMBERS)
    if rows.size:
        keys.iloc[rows] = _keys_of_two_numbers(found)
    if serials:
        rows, found = _matches(text, r"^X?(?P<serial>[1-5][0-9]{4})(?:\.0)?$")
        days = _numbers(found["serial"]) if rows.size else pd.Series(dtype=float)
        dates = _EPOCH + pd.to_timedelta(days.where(days.between(*_SERIALS)), unit="D")
        key = _keys(dates.dt.month, dates.dt.day, dates.dt.year)
        keys.iloc[rows] = _or_none(key)
    all_keys[possible.to_numpy(zero_copy_only=False)] = keys.to_numpy()
    return all_keys


def _keys_of_two_numbers(found: dict[str, pa.Array]) -> NDArray[np.object_]:
    """Read ``9/1`` in the order of the column where one of its dates tells, else in both."""
    first, second = _numbers(found["first"]), _numbers(found["second"])
    year = _full_year(found["year"])
    month_first = _keys(first.where(first <= 12), second, year)
    day_first = _keys(second.where(second <= 12), first, year)
    if (second > 12).any() and not (first > 12).any():
        keys = month_first
    elif (first > 12).any() and not (second > 12).any():
        keys = day_first
    else:
        two = month_first.notna() & day_first.notna() & (month_first != day_first)
        keys = month_first.fillna(day_first).where(~two, month_first + " " + day_first)
    return _or_none(keys)


def _or_none(keys: pd.Series) -> NDArray[np.object_]:
    return np.asarray(keys.astype(object).where(keys.notna(), None), dtype=object)


def _full_year(text: pa.Array) -> pd.Series:
    """Return the year, of two digits as Excel reads it: 00 to 29 in this century."""
    year = pd.to_numeric(
        pd.Series(text.to_numpy(zero_copy_only=False), dtype=object).replace("", None)
    )
    year = year.astype(float)
    return year.where(year >= 100, year + np.where(year < 30, 2000, 1900))


def _matches(text: pa.Array, form: str) -> tuple[NDArray[np.int64], dict[str, pa.Array]]:
    found = pc.extract_regex(text, form)
    rows = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
    found = found.drop_null()
    return rows, {field.name: pc.struct_field(found, field.name) for field in found.type}


def number_like(names: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which names are numbers in scientific notation, as ``2.31E+13``."""
    found = pc.match_substring_regex(pa.array(names, pa.string(), from_pandas=True), _FLOAT)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)
