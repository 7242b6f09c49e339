"""What a person did wrong, told so that they can mend it."""


class UsageError(ValueError):
    """Bad input. The message says what was given, what was expected and what to do; the command line shows it alone."""
