// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// docs/reference/checks.md: what each check says, in Markdown.
public enum CheckReference {
  public static func markdown() -> String {
    var text = """
      # Checks

      What `nwfleet validate` looks for beyond the form of each line. All of it is decided exactly, by sets of \
      packets, never by the look of a rule. A warning stops nothing; an error does. `nwfleet schema checks` prints this page.

      | Code | Severity | What it means | What to do |
      |---|---|---|---|

      """
    for check in PolicyChecks.descriptions {
      let code = check.code.rawValue
      text += "| [`\(code)`](#\(code)) | \(check.severity.rawValue) | \(check.title) | \(check.repair) |\n"
    }
    for check in PolicyChecks.descriptions { text += section(check) }
    return text
  }

  private static func section(_ check: CheckDescription) -> String {
    """

    ## `\(check.code.rawValue)`

    \(check.severity == .error ? "Error" : "Warning"). \(check.title)

    \(check.explanation)

    <!-- policy -->
    ```yaml
    \(check.example.wrong)
    ```

    \(check.repair)

    <!-- policy -->
    ```yaml
    \(check.example.right)
    ```

    """
  }
}
