"""``conformance topology``: several processes of the engine on one PostgreSQL database, behind a front, as docker-compose.yml has
them, without containers."""
