"""Sign-on: tokens, keys, issuers, what their claims say of who asks. Nothing here knows HTTP or a store."""
