"""`receipt`: one Arabic ticket to ESC/POS bytes by a press that has printed before, and by a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import BenchWrong, Figure, Pairs, Wanted, percentile
from benchmarks.scratch import ROOT, Size
from server.delivery.paper import PaperPress, TicketPaper

NAME = "receipt"
WANTED = Wanted(bound=0.5, is_least=False)
FONTS = ROOT / "static" / "vendor" / "fonts"
MEDIAN = 0.5
WARM_UP = 3


def measure(_folder: Path, size: Size) -> Iterator[Figure]:
    """Floor and warm press in turn, every ticket with its own number, QR, wait and time."""
    press = PaperPress(FONTS)
    for number in range(WARM_UP):
        press.escpos(_ticket(number))
    pairs = Pairs()
    number = WARM_UP
    for _ in range(size.rounds):
        fresh, warm = [], []
        for _ in range(size.receipts):
            number += 1
            paper = _ticket(number)
            began = time.perf_counter()
            expected = PaperPress(FONTS).escpos(paper)
            between = time.perf_counter()
            printed = press.escpos(paper)
            fresh.append((between - began) * 1000)
            warm.append((time.perf_counter() - between) * 1000)
            if printed != expected:
                raise BenchWrong("a warm press printed something else than a new one")
        pairs.add(percentile(warm, MEDIAN), percentile(fresh, MEDIAN))
    yield pairs.figure(NAME, "Arabic, 80 mm", "ms", more_is_better=False, wanted=WANTED)


def _ticket(number: int) -> TicketPaper:
    return TicketPaper(
        language="ar",
        width_dots=576,
        municipality="جماعة بركان",
        service="الحالة المدنية – عقود الازدياد",
        number_caption="رقمكم",
        number=f"A{number % 1000:03d}",
        ahead_line=f"أمامكم \u2066{number % 40}\u2069 من الأشخاص (حوالي \u206610–15\u2069 دقيقة)",
        time_line=f"الإثنين 23 نونبر 2026 · 09:{number % 60:02d}",
        qr_url=f"HTTPS://NOUBA.BERKANE.MA/T/7K3QX9M2P{number:04d}",
        documents_title="الوثائق المطلوبة",
        documents=(
            "البطاقة الوطنية للتعريف الإلكترونية",
            "دفتر الحالة المدنية (النسخة الأصلية)",
            "طلب موقّع، نموذج \u2066EC-12\u2069",
        ),
        footer="احتفظوا بهذه التذكرة، وامسحوا الرمز لتتبع دوركم",
    )
