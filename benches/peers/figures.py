"""What the records of this folder have in common."""

import platform
from datetime import date
from statistics import median


def three(values):
    """Least, median and greatest, as cells of a table."""
    return " | ".join(f"{value:,.2f}" if value < 100 else f"{value:,.0f}" for value in (min(values), median(values), max(values)))


def machine():
    """The day and the machine, in words."""
    with open("/proc/cpuinfo") as file:
        processor = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    return f"{date.today()}, {processor}, {platform.system()} {platform.release()}"
