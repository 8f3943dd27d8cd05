"""Clocks: how long something may take, over opening hours and bank holidays, and what is to be done as time goes by. Pure."""
