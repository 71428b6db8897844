"""The synthetic prefecture: published figures reproduced over made-up households, donors and gifts."""
