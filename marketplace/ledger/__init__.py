"""The double-entry book: accounts, entries and lines that are only ever added."""
