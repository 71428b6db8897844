"""Promises to needs: whole or in part, never above what is open, expiring."""
