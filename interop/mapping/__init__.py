"""The mapping compiler: tables to code, messages to contributions."""
