"""The simulated cooperative: practices, patients, insurers and a bank that behave like real ones.

It is a client of Quittance, not a service: it owns no log, hears nothing, says nothing, and
reaches the system only as its partners do, over HTTPS. Its messages are the demo's data, the
tests' data and the benchmark's load.

Everything here is a pure function of a seed and of the name of what is made (`seeds.chance`), so
the same seed gives the same bytes in whatever order things are asked for. Numbers come from
business-rules section 9; names, tariff positions and prices are invented.

Read in this order: `practices.py` (who takes part), `invoices.py` (what they invoice), `request.py`
(the messages), `behaviour.py` (how debtors pay), `camt054.py` (what the bank reports), `driver.py`
(a span of days played through the front door).
"""
