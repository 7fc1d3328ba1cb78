"""Checks of the book's exercises, one module a chapter.

A check takes the reader's answer and prints "Right.", or what is off; it gives nothing away.
"""
