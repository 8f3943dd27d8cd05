"""Example messages of this chapter: synthetic people, NHS numbers of the 999 range."""

from __future__ import annotations

import pytest

ADMISSION = "\r".join(
    [
        r"MSH|^~\&|PAS|RXA|HUB|RXA|202403021015||ADT^A01^ADT_A01|900100200300|P|2.4|7||||GBR|UNICODE UTF-8|EN||iTKv1.0",
        "EVN||202403021010|||700700700^Okafor^Nneka^^^Mrs^^RXA01|202403021005",
        "PID|1||9990000018^^^NHS~H55512^^^RXA^PI||FENWICK^MARGARET^ANN^^MRS^^L~FENNY^MEG^^^^^N||19480217|2|||4 TARN ROW^^KENDAL",
        "PD1|||LAKESIDE SURGERY^^A82999|G9999981^Birch^Thomas^^^Dr^^^GMC",
        "PV1|1|I|RXA^W7^B3^RXA01|21|||C9999981^Hale^Ruth^^^Miss^^^GMC|||300||||19|||||4711^^^VISITID",
        r"DG1|1||J18.9^Pneumonia, unspecified \T\ cough^ICD10||202403021040|A",
        "DG1|2||I10X^Essential hypertension^ICD10||202403021040|A",
        'NK1|1|FENWICK^PETER^^^MR^^L|1|""|+441632960555&&x^PRN',
        "ZU1|202403011200|1|C",
    ]
)


@pytest.fixture(scope="session")
def admission() -> str:
    """An ITK ADT A01 with repetitions, an escape, a subcomponent, a deletion and a local segment."""
    return ADMISSION
