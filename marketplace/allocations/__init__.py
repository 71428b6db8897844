"""Proposes what each need gets from whom; people decide, and what they accept becomes offers to donors."""
