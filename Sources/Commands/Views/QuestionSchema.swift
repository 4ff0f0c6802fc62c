// SPDX-License-Identifier: Apache-2.0

/// The JSON Schemas of test, trace, who-can and reach.
extension OutputSchema {
  /// Of `TestDocument`.
  static let test = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet test --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "passed", "failed", "undecided", "tests"],
      "properties": {
        "format": {"const": 1},
        "passed": {"type": "integer"}, "failed": {"type": "integer"}, "undecided": {"type": "integer"},
        "tests": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false,
            "required": ["suite", "name", "test", "place", "status", "problems"],
            "properties": {
              "suite": {"type": "string", "description": "group NAME, tests NAME, never"},
              "name": {"type": "string"}, "test": {"type": "string"}, "comment": {"type": "string"},
              "place": {"$ref": "#/definitions/place"},
              "status": {"enum": ["passed", "failed", "undecided"]},
              "counterexample": {"$ref": "#/definitions/conversation"},
              "routed": {"$ref": "#/definitions/conversation"},
              "problems": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}}
            }
          }
        }
      },
      \(questionDefinitions)
    }

    """

  /// Of `TraceDocument`.
  static let trace = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet trace --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "vm", "question", "answers"],
      "properties": {
        "format": {"const": 1}, "vm": {"type": "string"}, "question": {"type": "string"},
        "answers": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["verdict", "isOnly", "example"],
            "properties": {
              "verdict": {"$ref": "#/definitions/verdict"},
              "isOnly": {"type": "boolean", "description": "Whether all packets of the question have it"},
              "example": {"$ref": "#/definitions/conversation"}
            }
          }
        }
      },
      \(questionDefinitions)
    }

    """

  /// Of `ReachabilityDocument`.
  static let reach = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet who-can --json and nwfleet reach --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "question", "answers"],
      "properties": {
        "format": {"const": 1}, "question": {"type": "string"},
        "answers": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["via", "all", "some", "oneWay", "hasMore"],
            "properties": {
              "via": {"enum": ["bridged", "routed", "host"]},
              "all": {"type": "array", "items": {"type": "string"}},
              "some": {"type": "array", "items": {"type": "string"}},
              "oneWay": {"type": "array", "items": {"type": "string"}},
              "hasMore": {"type": "boolean"}
            }
          }
        },
        "machines": {"type": "array", "items": {"type": "string"}, "description": "VMs that can, of who-can"}
      }
    }

    """

  private static let questionDefinitions = """
    "definitions": {
      "verdict": {"enum": ["allowed", "one-way", "dropped", "rejected"]},
      "conversation": {
        "type": "object", "additionalProperties": false, "required": ["packet", "via", "verdict", "decidedBy"],
        "properties": {
          "packet": {
            "type": "object", "additionalProperties": false,
            "required": ["text", "family", "protocolNumber", "source", "destination"],
            "properties": {
              "text": {"type": "string"}, "family": {"enum": ["ipv4", "ipv6"]}, "protocolNumber": {"type": "integer"},
              "source": {"type": "string"}, "destination": {"type": "string"},
              "sourcePort": {"type": "integer"}, "destinationPort": {"type": "integer"},
              "type": {"type": "integer"}, "code": {"type": "integer"}
            }
          },
          "via": {"enum": ["bridged", "routed", "host"]},
          "verdict": {"$ref": "#/definitions/verdict"},
          "decidedBy": {"type": "array", "items": {"$ref": "#/definitions/source"}},
          "from": {"$ref": "#/definitions/end"},
          "to": {"$ref": "#/definitions/end"}
        }
      },
      "end": {
        "type": "object", "additionalProperties": false, "required": ["vm", "mac", "request"],
        "properties": {
          "vm": {"type": "string"}, "mac": {"type": "string"}, "filter": {"type": "string"},
          "request": {"type": "array", "items": {"$ref": "#/definitions/step"}},
          "reply": {"type": "array", "items": {"$ref": "#/definitions/step"}}
        }
      },
      "step": {
        "type": "object", "additionalProperties": false, "required": ["hook", "chain", "action", "sources"],
        "properties": {
          "hook": {"enum": ["ethernet-from-vm", "ethernet-to-vm", "forward-from-vm", "forward-to-vm", "input-from-vm"]},
          "chain": {"type": "string"},
          "action": {"enum": ["accept", "drop", "reject", "return", "continue", "enter", "end"]},
          "filter": {"type": "string"}, "rule": {"type": "string"},
          "sources": {"type": "array", "items": {"$ref": "#/definitions/source"}}
        }
      },
      "source": {
        "type": "object", "additionalProperties": false, "required": ["id"],
        "properties": {
          "id": {"type": "string", "description": "GROUP/RULE, system/WORD, or a native filter"},
          "place": {"$ref": "#/definitions/place"}
        }
      },
      \(sharedDefinitions)
    }
    """

  /// What documents of all kinds have in common.
  static let sharedDefinitions = """
    "place": {
      "type": "object", "additionalProperties": false, "required": ["file", "line", "column", "endLine", "endColumn"],
      "properties": {
        "file": {"type": "string"}, "line": {"type": "integer"}, "column": {"type": "integer"},
        "endLine": {"type": "integer"}, "endColumn": {"type": "integer"}
      }
    },
    "diagnostic": {
      "type": "object", "additionalProperties": false, "required": ["code", "severity", "message", "notes"],
      "properties": {
        "code": {"type": "string"}, "severity": {"enum": ["error", "warning"]}, "message": {"type": "string"},
        "place": {"$ref": "#/definitions/place"}, "expected": {"type": "string"}, "hint": {"type": "string"},
        "notes": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["message"],
            "properties": {"message": {"type": "string"}, "place": {"$ref": "#/definitions/place"}}
          }
        }
      }
    }
    """
}
