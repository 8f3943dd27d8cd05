"""From one practice to England: what a deployment has to carry, and what of it is too much, by simulation from measured times."""
