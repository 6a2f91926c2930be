"""Patients, and who pays for the young ones."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from libs.events.values import Language, Law, Party
from services.simulator import identifiers
from services.simulator.insurers import Insurer, insurers
from services.simulator.practices import Practice
from services.simulator.seeds import chance
from services.simulator.tables import address, cantons, person

MAJORITY_YEARS = 18
HOME_CANTON = 0.93
"""Share of patients who live in the canton of the practice [E]."""
SPOKEN_HERE = 0.9
"""Share of patients with a name of the canton's language [E]."""
_YOUNGEST_BORN_ON = date(2024, 6, 1)
_AGE_DAYS_MAX, _AGE_DAYS_MODE = 34_500, 19_000


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A person who is treated; the owner, where the patient is an animal (BR-25)."""

    person: Party
    sex: str
    born_on: date
    ahv: str
    card: str
    policy: str
    insurer: Insurer
    language: Language
    canton: str
    parent: Party

    def payer(self, on: date) -> Party:
        """Return who owes for a treatment that began on this day (BR-19)."""
        born = self.born_on
        years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
        return self.parent if years < MAJORITY_YEARS else self.person


@lru_cache(maxsize=50_000)
def patient(seed: int, practice: Practice, number: int) -> Patient:
    """Return one patient of a practice; the same numbers always name the same person."""
    draw = chance(seed, "patient", practice.number, number)
    canton = practice.canton if draw.random() < HOME_CANTON else draw.choice(list(cantons()))
    language: Language = (
        practice.language if draw.random() < SPOKEN_HERE else draw.choice(("de", "fr", "it"))
    )
    sex = draw.choice(("female", "male"))
    age_days = int(draw.triangular(0, _AGE_DAYS_MAX, _AGE_DAYS_MODE))
    home = address(draw, canton)
    patient_ = person(draw, language, sex, home)
    insurer = draw.choice([known for known in insurers() if Law.KVG in known.laws])
    return Patient(
        person=patient_,
        sex=sex,
        born_on=_YOUNGEST_BORN_ON - timedelta(days=age_days),
        ahv=identifiers.ahv(draw),
        card=identifiers.insured_card(draw, insurer.code),
        policy=f"{draw.randint(100, 999)}.{draw.randint(10, 99)}.{draw.randint(100, 999)}",
        insurer=insurer,
        language=practice.language,
        canton=canton,
        parent=person(draw, language, draw.choice(("female", "male")), home, patient_.name),
    )
