"""Whether what a server answers could have happened one after another: registers, histories, and the search for an order."""
