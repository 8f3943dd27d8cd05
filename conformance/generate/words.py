"""Words that synthetic people and places are made of. Towns, streets and postcode areas are invented."""

from __future__ import annotations


def _list(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


FEMALE = _list("""
    Amelia, Beatrice, Carys, Deborah, Elspeth, Farah, Gwendoline, Harriet, Ingrid, Jasvinder, Kathleen, Lorna, Maureen,
    Niamh, Olufunke, Priya, Rosemary, Siân, Theresa, Una, Veronica, Winifred, Yasmin, Zoë, Agnieszka, Bronwen, Chloë,
    Daphne, Eileen, Frances, Geraldine, Hannah, Isobel, Judith, Kerry-Ann, Lakshmi
""")
MALE = _list("""
    Alistair, Bernard, Callum, Desmond, Edwin, Farouk, Gareth, Hamish, Imran, Joseph, Kwame, Leonard, Malcolm, Nathaniel,
    Owen, Patrick, Quentin, Rajesh, Stanley, Tobias, Umar, Vincent, Wilfred, Xavier, Yusuf, Zbigniew, André, Brendan, Clive,
    Dennis, Ernest, Frank, Gordon, Huw, Ivor, Jermaine
""")
FAMILY = _list("""
    Abernethy, Bellweather, Cartledge, Dunmore, Eastabrook, Fairclough, Garrowby, Hollingdale, Inkersole, Jessamine,
    Kettlewell, Lavenham, Marchbank, Northover, Oakshott, Pellingham, Quillfeather, Ravenhill, Silverlock, Thornbury,
    Underhay, Vanterpool, Wetherspoke, Yeardley, O'Halloran, O'Driscoll, St Clere, Okonkwo, Banerjee, Chaudhry, Grzelak,
    Müller, D'Souza, Fitzmaurice, Penhaligon, Llewelyn, MacAskill, Trevithen, Brathwaite-Cole, Singh Gill, Adeyemi, Wójcik,
    Haldane, Ormsgill, Tattersby, Winterflood, Pemberlow, Sandiford, Crowhurst, Blenkarn
""")
STREETS = _list("""
    Tanner's Row, Hopfield Lane, Kiln Rise, Weir Street, Sexton's Walk, Orchard Gate, Lower Quay, Cinder Path, Mill Bank,
    Chapel Steps, Larkfield Avenue, Old Toll Road, Beacon View, Almoner's Close, Priory Mead, Saltmarsh Drive, Ropewalk,
    Ferryman's Way, Coldharbour Crescent, Ashlar Terrace
""")
TOWNS = (
    ("Eastmere", "QX1"),
    ("Stonebeck", "QX2"),
    ("Hallowdene", "QX3"),
    ("Wetherham", "QX4"),
    ("Port Ansley", "QX5"),
    ("Marl Hill", "QX6"),
    ("Upper Tidwell", "QX7"),
    ("Farrowgate", "QX8"),
)
COUNTY = "Mereshire"
POSTCODE_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
ETHNIC = tuple("AAAABCCDHJKMNPRZ")
"""ETHNIC CATEGORY codes of the NHS Data Dictionary, the common ones more often."""
RELIGIONS = ("C22", "C1", "C67", "G1", "E1", "D1", "L1", "")
LANGUAGES = (*["en"] * 14, "cy", "pl", "ur", "pa", "bn")
