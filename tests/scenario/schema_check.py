#!/usr/bin/python3
"""Judge by JSON Schema what the parser judges too.

schema_check.py SCHEMA GOOD_FOLDER BAD_FOLDER

Every scenario of GOOD_FOLDER must fit the schema; those of BAD_FOLDER whose fault the schema can see must not.
"""
import pathlib
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}; apt-get install python3-jsonschema python3-yaml")
    sys.exit(77)
import json

# Faults inside one value or one mapping; the others lie between settings, or in YAML itself.
SEEN = """unknown-key key-of-another-group no-unit unknown-unit no-number out-of-range wrong-choice wrong-type no-value
wrong-bool bad-name one-peer three-peers inject ice-servers engine engine-program network-profile network-keys network-line
network-nat network-nat-words network-firewall network-interfaces network-timeline-entries network-cross-traffic-keys
network-empty network-list timeline-pair-zero""".split()


class Loader(yaml.SafeLoader):
    """YAML 1.2: only true and false are booleans, as for the parser."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in
            ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", __import__("re").compile("^(true|false)$"), list("tf"))


def main(schema_path, good, bad):
    schema = json.loads(pathlib.Path(schema_path).read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0

    scenarios = sorted(pathlib.Path(good).glob("*.yaml"))
    if len(scenarios) < 8:
        print(f"only {len(scenarios)} scenarios in {good}")
        wrong += 1
    for path in scenarios:
        for error in validator.iter_errors(yaml.load(path.read_text(), Loader)):
            print(f"{path.name} does not fit: {error.json_path}: {error.message}")
            wrong += 1
    for name in SEEN:
        if validator.is_valid(yaml.load((pathlib.Path(bad) / f"{name}.yaml").read_text(), Loader)):
            print(f"bad/{name}.yaml fits, and should not")
            wrong += 1
    return 1 if wrong else 0


sys.exit(main(*sys.argv[1:]))
