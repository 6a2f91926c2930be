"""The invented names, towns and positions, read once from the files in data/."""

from collections.abc import Iterator
from csv import DictReader
from functools import cache
from pathlib import Path
from random import Random

from libs.events.values import Address, Language, Party

_DATA = Path(__file__).parent / "data"
HOUSE_NO_MAX = 80
_SALUTATIONS: dict[Language, tuple[str, str]] = {
    "de": ("Frau", "Herr"),
    "fr": ("Madame", "Monsieur"),
    "it": ("Signora", "Signor"),
    "en": ("Ms", "Mr"),
}


def rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the lines of one table; fields are separated by semicolons."""
    with (_DATA / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        yield from DictReader(lines, delimiter=";")


@cache
def names() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return family, female, male and street names by language."""
    return {
        row["list"]: {language: tuple(row[language].split(",")) for language in ("de", "fr", "it")}
        for row in rows("names")
    }


@cache
def cantons() -> dict[str, tuple[Language, float, tuple[str, ...]]]:
    """Return language, weight (inhabitants in ten thousands) and "zip town" of each canton."""
    languages: dict[str, Language] = {"de": "de", "fr": "fr", "it": "it"}
    return {
        row["canton"]: (
            languages[row["language"]],
            float(row["weight"]),
            tuple(row["places"].split(",")),
        )
        for row in rows("places")
    }


def address(draw: Random, canton: str) -> Address:
    """Return an address in the canton; the street's name fits its language."""
    language, _, places = cantons()[canton]
    zip_code, _, city = draw.choice(places).partition(" ")
    return Address(
        street=draw.choice(names()["street"][language]),
        house_no=f"{draw.randint(1, HOUSE_NO_MAX)}{draw.choice(['', '', '', '', 'a', 'b'])}",
        zip=zip_code,
        city=city,
    )


def person(draw: Random, language: Language, sex: str, home: Address, family: str = "") -> Party:
    """Return a person with a name and a form of address of its language."""
    return Party(
        name=family or draw.choice(names()["family"][language]),
        given_name=draw.choice(names()[sex][language]),
        salutation=_SALUTATIONS[language][sex == "male"],
        address=home,
    )
