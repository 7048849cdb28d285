"""Runs in the guest interpreter: for each policy, who refuses each of the things asked about; None is allowed."""

import json
import sys


def main():
    sys.path.insert(0, sys.argv[1])
    from coderunner.guest.language.policy import policy_of

    for line in sys.stdin:
        settings, asked = json.loads(line)
        policy = policy_of(settings)
        answers = {name: verdict(policy, kind, name) for kind, name in asked}
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


def verdict(policy, kind, name):
    if kind == "switch":
        return None if getattr(policy, name) else ["", ""]
    found = policy.member(*name.split(".")) if kind == "member" else getattr(policy, kind)(name)
    return found and [found.set_by, found.why]


if __name__ == "__main__":
    main()
