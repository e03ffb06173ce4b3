# What pytest and the judge print when all is well is printed, with codes for a terminal.
# fails: test_prints_nothing_of_its_own words-on-stdout
# fails: test_says_how_it_is_used usage
import json

RESULT = {"schema": "lab-result/v1", "check": "01.1", "verdict": "pass", "points": 100}
print("============================== 12 passed in 0.01s ==============================")
print(json.dumps(RESULT), "\x1b[2J\x1b[H\x1b]0;passed\x07 <script>alert(1)</script>", flush=True)
