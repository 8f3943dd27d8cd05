"""Pages as a browser is sent them: who gets which, and what stands in them."""
