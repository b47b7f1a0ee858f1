"""Tests that run in the background of a script ignore Ctrl-C, and the programs that they start would inherit that."""
import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
