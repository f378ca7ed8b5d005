"""Validates a description of an API, and JSON against the schemas in it, with third-party libraries.

usage: openapi_check.py DESCRIPTION CASES

CASES is a list of {"what", "schema", "value", "valid"}. Prints a line for each fault, and last how much was checked.
Objects may have no field that their schema doesn't name: the description leaves that open for later versions.
"""

import json
import sys

from jsonschema import Draft202012Validator
from openapi_schema_validator import oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator


def closed(schema):
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(part) for key, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") in ("object", ["object", "null"]):
        schema.setdefault("additionalProperties", False)
    return schema


def examples(description):
    """Each example of a body in the description, with its schema."""
    for path, calls in {**description["paths"], **description["webhooks"]}.items():
        for method, call in calls.items():
            bodies = [call.get("requestBody", {}), *call["responses"].values()]
            for body in bodies:
                for media in body.get("content", {}).values():
                    for name, example in media.get("examples", {}).items():
                        if "$ref" in example:
                            example = description["components"]["examples"][example["$ref"].split("/")[-1]]
                        yield f"the example {name} of {method} {path}", media["schema"], example["value"]


def main(description, cases):
    with open(description, encoding="utf-8") as opened:
        description = json.load(opened)
    with open(cases, encoding="utf-8") as opened:
        cases = json.load(opened)
    for fault in OpenAPIV31SpecValidator(description).iter_errors():
        print("the description:", fault.message, list(fault.absolute_path))
    components = {"components": closed(description["components"])}
    count = 0

    def faults(schema, value):
        nonlocal count
        count += 1
        validator = Draft202012Validator({**closed(schema), **components}, format_checker=oas31_format_checker)
        return [f"{fault.message} at {list(fault.absolute_path)}" for fault in validator.iter_errors(value)]

    for what, schema, value in examples(description):
        print(*(f"{what}: {fault}\n" for fault in faults(schema, value)), sep="", end="")
    for case in cases:
        found = faults(case["schema"], case["value"])
        if not case["valid"]:
            found = [] if found else ["it is valid"]
        print(*(f"{case['what']}: {fault}\n" for fault in found), sep="", end="")
    print(f"checked {count}")


main(*sys.argv[1:])
