"""The structure pass: base R4 alone, compiled from the tables block by block at first use."""
