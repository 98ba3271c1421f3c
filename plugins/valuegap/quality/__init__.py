"""Gates: what must hold before a night goes on, checked inside the engine, and the report about it."""
