# SPDX-License-Identifier: Apache-2.0
"""What became of the requests of each test that ends them in an unusual way, as a table."""

ROWS = []
HEADINGS = ("ENDING", "SENT", "ENDED", "LOST", "IN FLIGHT")


def note(name, total, lost):
    ROWS.append((name, *(str(int(n)) for n in (total["sent"], total["ended"], lost,
                                               total["in_flight"]))))


def take_lost():
    """Requests of the table that were lost; the table is empty then."""
    lost = sum(int(row[HEADINGS.index("LOST")]) for row in ROWS)
    ROWS.clear()
    return lost


def table():
    if not ROWS:
        return []
    rows = [HEADINGS, *ROWS]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    return ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))) for row in rows]
