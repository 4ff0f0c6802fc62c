// SPDX-License-Identifier: Apache-2.0

import Compiler

/// `tests:` and `never:` in JSON Schema.
enum PolicyTestSchema {
  private static let name = "^[a-z0-9-]{1,\(RuleName.longest)}$"

  /// The section `tests:`.
  static var suites: JSONValue {
    let lines: JSONValue = [
      "anyOf": [
        ["$ref": "#/definitions/pathTest"], ["type": "array", "items": ["$ref": "#/definitions/pathTest"]],
      ]
    ]
    return JSONSchema.named("Tests of what may reach what, by name, for 'nwfleet test'", name, lines)
  }

  /// The section `never:`.
  static var never: JSONValue {
    list("What must not get through, proved by 'nwfleet test'", "pathTest")
  }

  /// `tests:` of a group.
  static var groupTests: JSONValue {
    list("What must hold for every NIC of the group, for 'nwfleet test'", "groupTest")
  }

  static var groupTest: JSONValue {
    let words = "allow|drop|reject|one-way"
    return line(
      .string("^\\s*(\(words))\\s+(in|out)\\s+\\S"),
      "EXPECT DIRECTION WHAT [from PEERS] [to PEERS] [via bridged|routed|host]",
      ["allow in https from 198.51.100.7", "drop out tcp/25"])
  }

  static var pathTest: JSONValue {
    line(
      "\\s->\\s", "[EXPECT] SOURCE -> TARGET WHAT [via bridged|routed|host]; in never without EXPECT",
      ["web-1 -> db-1 tcp/5432", "drop any -> group:db ssh"])
  }

  private static func line(_ pattern: JSONValue, _ description: String, _ examples: [String]) -> JSONValue {
    let text: JSONValue = [
      "type": "string", "pattern": pattern, "description": .string(description), "examples": .strings(examples),
    ]
    let mapping = JSONSchema.closed(
      [
        "test": text,
        "name": ["type": ["string", "integer"], "pattern": .string(name), "description": "What the test is known by"],
        "comment": ["$ref": "#/definitions/text"],
      ], required: ["test"])
    return ["anyOf": [text, mapping]]
  }

  private static func list(_ description: String, _ element: String) -> JSONValue {
    [
      "description": .string(description), "type": "array",
      "items": ["$ref": .string("#/definitions/\(element)")],
    ]
  }
}
