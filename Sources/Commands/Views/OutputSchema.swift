// SPDX-License-Identifier: Apache-2.0

/// The JSON Schemas of what commands print with `--json`; tests hold real documents against them.
enum OutputSchema {
  /// Of `PlanDocument`.
  static let plan = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet plan --json and nwfleet drift --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "nwfleet", "host", "uri", "project", "changes", "summary", "cost", "traffic", "unprotected", "weakened", \
    "oneWay", "notFiltered", "notEnforced", "problems", "warnings"],
      "properties": {
        "format": {"const": 1},
        "nwfleet": {"type": "string", "description": "Version of the program that made the plan"},
        "host": {"type": "string"},
        "uri": {"type": "string"},
        "project": {"type": "string"},
        "changes": {"type": "array", "items": {"$ref": "#/definitions/change"}, "description": "In the order of execution"},
        "summary": {
          "type": "object", "additionalProperties": false, "required": ["create", "change", "delete"],
          "properties": {"create": {"type": "integer"}, "change": {"type": "integer"}, "delete": {"type": "integer"}}
        },
        "cost": {
          "type": "object", "additionalProperties": false,
          "required": ["rebuilds", "processes", "seconds", "exposureMilliseconds"],
          "properties": {
            "rebuilds": {"type": "integer", "description": "Ports whose rules libvirt takes down and rebuilds"},
            "processes": {"type": "integer", "description": "Firewall programs that libvirt starts"},
            "seconds": {"type": "number", "description": "An estimate"},
            "exposureMilliseconds": {
              "type": "integer", "description": "How long every VM of the host is without layer-3 rules, an estimate"
            }
          }
        },
        "traffic": {
          \(trafficBody)
        },
        "unprotected": {
          "type": "array", "items": {"$ref": "#/definitions/interfaceName"},
          "description": "Interfaces that lose their filter, or a part of what its guard or default denies"
        },
        "weakened": {
          "type": "array",
          "description": "Of those, the ones that keep a filter",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["interface", "lost"],
            "properties": {
              "interface": {"$ref": "#/definitions/interfaceName"},
              "lost": {"type": "array", "items": {"type": "string"}, "description": "What is no longer denied"}
            }
          }
        },
        "oneWay": {
          "type": "array",
          "description": "What reaches VMs from their host and routed networks, without an answer, although the policy denies it",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["interface", "traffic"],
            "properties": {
              "interface": {"$ref": "#/definitions/interfaceName"},
              "traffic": {"type": "array", "items": {"type": "string"}}
            }
          }
        },
        "notFiltered": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["interface", "reason"],
            "properties": {"interface": {"$ref": "#/definitions/interfaceName"}, "reason": {"type": "string"}}
          }
        },
        "notEnforced": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["interface", "state", "sysctls"],
            "properties": {
              "interface": {"$ref": "#/definitions/interfaceName"},
              "state": {"enum": ["off", "unknown"]},
              "sysctls": {"type": "array", "items": {"type": "string"}}
            }
          }
        },
        "problems": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}},
        "warnings": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}}
      },
      \(definitions)
    }

    """

  /// Of `ApplyDocument`.
  static let apply = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet apply --json and nwfleet destroy --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "host", "uri", "project", "outcomes", "isVerified", "problems"],
      "properties": {
        "format": {"const": 1},
        "host": {"type": "string"},
        "uri": {"type": "string"},
        "project": {"type": "string"},
        "isVerified": {"type": "boolean", "description": "Whether a new reading of the host is as the policy wants it"},
        "problems": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}},
        "outcomes": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["title", "result", "change"],
            "properties": {
              "title": {"type": "string"},
              "result": {"enum": ["done", "failed", "skipped", "undone"]},
              "change": {"$ref": "#/definitions/change"},
              "reason": {"type": "string", "description": "Why it was skipped"},
              "error": {"$ref": "#/definitions/diagnostic"}
            }
          }
        }
      },
      \(definitions)
    }

    """

  /// Of `StatusDocument`.
  static let status = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet status --json, format 1",
      "type": "object",
      "additionalProperties": false,
      "required": ["format", "host", "uri", "libvirt", "project", "isInSync", "filters", "interfaces", "problems"],
      "properties": {
        "format": {"const": 1},
        "host": {"type": "string"},
        "uri": {"type": "string"},
        "libvirt": {"type": "string", "description": "Version of the host's libvirt"},
        "project": {"type": "string"},
        "appliedCommit": {"type": "string"},
        "appliedDigest": {"type": "string"},
        "isInSync": {"type": "boolean"},
        "filters": {
          "type": "object", "additionalProperties": false,
          "required": ["inPolicy", "inSync", "missing", "drifted", "leftOver"],
          "properties": {
            "inPolicy": {"type": "integer"}, "inSync": {"type": "integer"},
            "missing": {"type": "array", "items": {"type": "string"}, "description": "Not on the host yet"},
            "drifted": {"type": "array", "items": {"type": "string"}},
            "leftOver": {"type": "array", "items": {"type": "string"}}
          }
        },
        "interfaces": {
          "type": "array",
          "items": {
            "type": "object", "additionalProperties": false, "required": ["machine", "mac", "state"],
            "properties": {
              "machine": {"type": "string"}, "mac": {"type": "string"}, "device": {"type": "string"},
              "filter": {"type": "string"},
              "group": {"type": "string", "description": "Names with commas between, where there are several"},
              "oneWay": {
                "type": "array", "items": {"type": "string"},
                "description": "What reaches it one way although the policy denies it"
              },
              "state": {
                "enum": [
                  "in-sync", "missing", "drifted", "not-enforced", "enforcement-unknown", "foreign", "unfiltered",
                  "cannot-filter"
                ]
              }
            }
          }
        },
        "problems": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}}
      },
      \(definitions)
    }

    """

  /// Of `DiagnosticsDocument`.
  static let diagnostics = """
    {
      "$schema": "http://json-schema.org/draft-07/schema#",
      "title": "Output of nwfleet validate --json, and of any command with --json that fails",
      "type": "object",
      "additionalProperties": false,
      "required": ["diagnostics"],
      "properties": {"diagnostics": {"type": "array", "items": {"$ref": "#/definitions/diagnostic"}}},
      \(definitions)
    }

    """

  private static let definitions = """
    "definitions": {
      "change": {
        "type": "object", "additionalProperties": false, "required": ["object", "action"],
        "properties": {
          "object": {"enum": ["filter", "interface", "port"]},
          "action": {"enum": ["create", "change", "delete"]},
          "group": {"type": "string", "description": "Names with commas between, where there are several"},
          "filter": {
            "type": "object", "additionalProperties": false, "required": ["name", "uuid", "kind", "removed", "added"],
            "properties": {
              "name": {"type": "string"}, "uuid": {"type": "string"},
              "kind": {"enum": ["native", "nic", "profile", "guard", "mac", "peers", "host"]},
              "file": {"type": "string"}, "line": {"type": "integer"},
              "xml": {"type": "string", "description": "What libvirt is sent"},
              "removed": {"type": "array", "items": {"type": "string"}},
              "added": {"type": "array", "items": {"type": "string"}},
              "rules": {
                "type": "array",
                "description": "Of a generated filter: the same by the rules of the policy",
                "items": {
                  "type": "object", "additionalProperties": false, "required": ["sources", "removed", "added"],
                  "properties": {
                    "sources": {
                      "type": "array",
                      "items": {
                        "type": "object", "additionalProperties": false, "required": ["id"],
                        "properties": {
                          "id": {"type": "string", "description": "GROUP/RULE"},
                          "file": {"type": "string"}, "line": {"type": "integer"}
                        }
                      }
                    },
                    "removed": {"type": "array", "items": {"type": "string"}},
                    "added": {"type": "array", "items": {"type": "string"}}
                  }
                }
              }
            }
          },
          "interface": {
            "type": "object", "additionalProperties": false, "required": ["machine", "mac", "isLive", "isConfig"],
            "properties": {
              "machine": {"type": "string"}, "mac": {"type": "string"}, "device": {"type": "string"},
              "isLive": {"type": "boolean"}, "isConfig": {"type": "boolean"},
              "before": {"$ref": "#/definitions/reference"}, "after": {"$ref": "#/definitions/reference"}
            }
          },
          "port": {
            "type": "object", "additionalProperties": false, "required": ["machine", "device"],
            "properties": {
              "machine": {"type": "string"}, "device": {"type": "string"},
              "before": {"$ref": "#/definitions/reference"}, "after": {"$ref": "#/definitions/reference"}
            }
          }
        }
      },
      "reference": {
        "type": "object", "additionalProperties": false, "required": ["filter", "parameters"],
        "properties": {
          "filter": {"type": "string"},
          "parameters": {
            "type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}
          }
        }
      },
      "interfaceName": {
        "type": "object", "additionalProperties": false, "required": ["machine", "mac"],
        "properties": {"machine": {"type": "string"}, "mac": {"type": "string"}, "device": {"type": "string"}}
      },
      \(sharedDefinitions)
    }
    """
}
