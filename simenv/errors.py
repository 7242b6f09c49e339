"""What a person did wrong, told so that they can mend it."""


class UsageError(ValueError):
    """Bad input. The message says what was given, what was expected, what to do; the CLI shows it alone."""
