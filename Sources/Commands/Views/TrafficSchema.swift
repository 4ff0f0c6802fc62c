// SPDX-License-Identifier: Apache-2.0

/// The JSON Schema of changes of traffic: of what `diff` prints, and of a part of plans.
extension OutputSchema {
  /// Of `TrafficDocument`.
  static let diff = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet diff --json",
      \(trafficBody)
    }

    """

  /// All that is said of traffic, without the braces around it.
  static let trafficBody = """
    "type": "object", "additionalProperties": false,
          "required": ["isNone", "changes", "unknown", "unchanged", "newGroups", "removedGroups", "newMachines", \
    "removedMachines"],
          "description": "What becomes different for packets: exact",
          "properties": {
            "isNone": {"type": "boolean", "description": "Whether it is known that no packet meets another end than before"},
            "changes": {
              "type": "array",
              "items": {
                "type": "object", "additionalProperties": false, "required": ["groups", "interfaces", "lines"],
                "properties": {
                  "groups": {"type": "array", "items": {"type": "string"}},
                  "interfaces": {"type": "array", "items": \(trafficInterface)},
                  "lines": {
                    "type": "array",
                    "items": {
                      "type": "object", "additionalProperties": false, "required": ["change", "traffic"],
                      "properties": {
                        "change": {"enum": ["allowed", "denied", "other"]},
                        "traffic": {"type": "string", "description": "In the words of rules, seen from the VM"},
                        "example": {"type": "string", "description": "A packet of it"}
                      }
                    }
                  }
                }
              }
            },
            "unknown": {
              "type": "array",
              "items": {
                "type": "object", "additionalProperties": false, "required": ["groups", "reason"],
                "properties": {
                  "groups": {"type": "array", "items": {"type": "string"}},
                  "interface": \(trafficInterface), "reason": {"type": "string"}
                }
              }
            },
            "unchanged": {
              "type": "array", "items": \(trafficInterface),
              "description": "Interfaces with other rules that decide the same"
            },
            "newGroups": {"type": "array", "items": {"type": "string"}},
            "removedGroups": {"type": "array", "items": {"type": "string"}},
            "newMachines": {"type": "array", "items": {"type": "string"}, "description": "VMs of which nothing is compared"},
            "removedMachines": {"type": "array", "items": {"type": "string"}}
          }
    """

  private static let trafficInterface = """
    {
                  "type": "object", "additionalProperties": false, "required": ["machine", "mac"],
                  "properties": {"machine": {"type": "string"}, "mac": {"type": "string"}, "device": {"type": "string"}}
                }
    """
}
