"""The matching engine: arrays in, ranked lists with reasons out; it knows no framework, no database and no clock."""
