"""Who gives: registration, preferences, declared relations."""
