"""Sign-on over HTTP: the door that verifies tokens, and the addresses that issue them."""
