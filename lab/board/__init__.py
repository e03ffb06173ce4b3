"""The live board: a page on the instructor's machine that shows who has passed which check."""

SCHEMA = "board/v1"  # of what a learner's machine tells, and of the board's answer
PORT = 8000
