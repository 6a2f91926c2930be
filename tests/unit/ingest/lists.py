"""Lists with the figures of the references' worked examples, as an operator would import them."""

from collections import defaultdict
from collections.abc import Sequence

from services.ingest.prices.price_lists import Lists, PointValue, Position, VatRate
from services.ingest.prices.tariff_lists import Rows, read_list

GROUP = "7601003000009"
"""The insurer of the samples: in a purchasing group of its own."""

POSITIONS = """\
tariff;code;valid_from;valid_to;shape;points_mt;points_tt;factor;price;own;own_min;own_max;category;net;sitting;beside_flat_rate;laws;source;name_de;name_fr
001;00.0010;2018-01-01;2025-12-31;two_part;10.42;8.19;;;;;;;;;;;BR-34;Konsultation;Consultation
007;AA.00.0010;2026-01-01;;two_part;10.42;8.19;;;;;;;;;;;BR-34;Konsultation;Consultation
007;AA.00.0090;2026-01-01;;two_part;10.42;8.19;0.82;;;;;;;;;;BR-34;Mit nationalem Faktor;
007;ZZ.00.0010;2026-01-01;;two_part;1;1;;;;;;;;;1;;BR-32;Neben der Pauschale;
005;C02.15C;2026-01-01;;points;1.5;;;;;;;;;;;;BR-37;Pauschale;Forfait
312;7301;2018-01-01;;points;48;;;;;;;;;physio;;;BR-35;Sitzungspauschale;
312;7350;2018-01-01;;points;24;;;;;;;;;;;;BR-36;Zuschlag;
222;4.0650;2018-01-01;;points;41.5;;;;;;;;;;;;BR-38;Anästhesie;
222;4.5620;2018-01-01;;points;186;;;;points;150;200;;;;;;BR-38;Wurzelbehandlung;
222;4.0500;2018-01-01;;points;12.8;;;;;;;;;;;;BR-38;Röntgenaufnahme;
222;4.8000;2018-01-01;;points;100;;;;;;;NORMAL;;;;;BR-47;Prothese;
317;1371.00;2018-01-01;;points;9.2;;;;;;;;;;;;BR-40;Hämatogramm;
402;7680000001011;2018-01-01;;price;;;;8.95;;;;REDUCED;;;;;BR-41;Tabletten;
452;35.01.01.00.1;2018-01-01;;price;;;;5.40;max;;;;;;;KVG;BR-41;Kompressen;
999;GROSS;2018-01-01;;price;;;;108.10;;;;NORMAL;;;;;BR-49;Mit MWST;
999;NET;2018-01-01;;price;;;;10.45;;;;NORMAL;1;;;;BR-49;Tierärztliche Leistung;
999;NETFREE;2018-01-01;;price;;;;;price;;;NORMAL;1;;;;BR-49;Tierärztliche Leistung;
999;NETDRUG;2018-01-01;;price;;;;72.00;;;;REDUCED;1;;;;BR-49;Tierarznei;
532;10101;2020-01-01;;hourly;;;;76.90;;;;;;;;;BR-42;Abklärung;
532;10102;2020-01-01;;hourly;;;;63.00;;;;;;;;;BR-42;Behandlung;
532;10103;2020-01-01;;hourly;;;;52.60;;;;;;;;;BR-42;Grundpflege;
"""
VALUES = f"""\
tariff;law;canton;insurer_group;insurers;provider_kind;valid_from;valid_to;value;own_max;source
001;KVG;ZH;A;{GROUP};;2018-01-01;;0.91;;BR-33
001;KVG;ZH;;;;2018-01-01;;0.89;;BR-33
001;KVG;LU;;;;2018-01-01;;0.83;;BR-34
001;UVG;;;;;2018-01-01;;0.92;;BR-33
007;;ZH;;;;2026-01-01;;0.89;;BR-34
007;;LU;;;;2026-01-01;;0.83;;BR-34
007;;LU;;;psychiatry;2026-01-01;;0.84;;BR-33
007;UVG;;;;;2026-01-01;;0.92;;BR-33
005;;;;;;2026-01-01;;1.11;;BR-37
312;KVG;;;;;2018-01-01;;0.99;;BR-35
222;UVG;;;;;2018-01-01;;1.00;;BR-38
222;ORG;;;;;2018-01-01;;1.00;1.70;BR-38
317;;;;;;2018-01-01;;1.00;;BR-40
532;KVG;;;;;2020-01-01;;15.35;;BR-42
532;KVG;ZH;;;;2020-01-01;;7.65;;BR-42
"""
RATES = """\
category;valid_from;valid_to;rate;source
NORMAL;2018-01-01;2023-12-31;7.7;BR-46
NORMAL;2024-01-01;;8.1;BR-46
REDUCED;2018-01-01;2023-12-31;2.5;BR-46
REDUCED;2024-01-01;;2.6;BR-46
"""


def positions() -> Sequence[Position]:
    """Return the positions as they are read."""
    found = read_list(POSITIONS.encode(), Position)
    assert isinstance(found, Rows), found
    return found.rows


def all_lists() -> Lists:
    """Return what pricing looks things up in."""
    values = read_list(VALUES.encode(), PointValue)
    rates = read_list(RATES.encode(), VatRate)
    assert isinstance(values, Rows), values
    assert isinstance(rates, Rows), rates
    by_key, by_tariff = defaultdict(list), defaultdict(list)
    for position in positions():
        by_key[position.key].append(position)
    for value in values.rows:
        by_tariff[value.tariff].append(value)
    return Lists(
        positions=by_key,
        known=frozenset(tariff for tariff, _ in by_key),
        values=by_tariff,
        rates=rates.rows,
    )
