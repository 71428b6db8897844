"""Complaints and objections (举报与异议): from anybody, without a name, each with a ticket, a clock and an answer."""
