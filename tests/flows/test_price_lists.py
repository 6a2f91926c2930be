"""`quittance tariffs|point-values|vat-rates import`, as an operator uses them."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from services.__main__ import main
from tests.unit.ingest.lists import POSITIONS, RATES, VALUES


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words], env={"QUITTANCE_DATA": str(data)})


def test_lists_are_imported_whole_and_once_or_not_at_all(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "list.csv"
    for command, text in (("point-values", VALUES), ("vat-rates", RATES), ("tariffs", POSITIONS)):
        file.write_text(text)
        done = run(data, command, "import", str(file))
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["rows"] == len(text.splitlines()) - 1
    again = run(data, "tariffs", "import", str(file))
    assert again.exit_code == 0
    head, first, *_ = POSITIONS.splitlines()
    wrong = first.replace("two_part", "none").replace("10.42", "x")
    file.write_text(f"{head}\n{first}\n{wrong}")
    refused = run(data, "tariffs", "import", str(file))
    assert refused.exit_code == 1
    assert "line 3, shape: must be one of two_part" in refused.stderr
    assert "line 3, points_mt: must be a number" in refused.stderr
    assert "Nothing was imported." in refused.stderr
    file.write_text("\n".join((head, first.replace("2018-01-01", "2020-01-01"))))
    overlapping = run(data, "tariffs", "import", str(file))
    assert overlapping.exit_code == 1
    assert "line 2, valid_from: stands on the same day" in overlapping.stderr
