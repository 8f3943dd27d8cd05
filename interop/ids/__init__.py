"""Resource ids and the national identifiers as types."""

from interop.ids.mint import PUBLISHED_KEY, Mint, minted
from interop.ids.national import NHS_NUMBER, ODS_ORGANISATION, NhsNumber, OdsCode, Standing, Ubrn

__all__ = ["NHS_NUMBER", "ODS_ORGANISATION", "PUBLISHED_KEY", "Mint", "NhsNumber", "OdsCode", "Standing", "Ubrn", "minted"]
