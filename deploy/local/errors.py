"""The one kind of error that a person at the keyboard sees."""


class LocalError(Exception):
    """Something outside the program stands in the way of starting it.

    The message is one sentence, Chinese first and English after it, that names the thing and the way out.
    The command line prints it and ends with exit code 1; it never shows a traceback for it.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en
