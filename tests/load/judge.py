"""Holds what a run of load printed (JSON on stdin) against rules: judge.py WHAT 'NAME OP NUMBER'...
A line for each; status 1 if one doesn't hold. A figure that isn't there is a failure."""
import json
import operator
import sys

OPS = {"==": operator.eq, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt}


def main():
    what, rules = sys.argv[1], sys.argv[2:]
    lines = [line for line in sys.stdin if line.startswith("{")]
    report = json.loads(lines[-1]) if lines else {}
    good = True
    for rule in rules:
        name, op, number = rule.split()
        value = report.get(name)
        holds = value is not None and OPS[op](value, float(number))
        good = good and holds
        shown = "nothing" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
        print(f"{'pass' if holds else 'FAIL'}  {what}: {name} {op} {number} (it is {shown})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
