// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Glibc

/// Which day it is, for rules that end by themselves.
struct TodayOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("As if it were that day, of the form 2027-03-31, in UTC.", valueName: "date"),
    transform: Self.day)
  var today: Day?

  var day: Day { today ?? .current }

  private static func day(_ text: String) throws -> Day {
    guard let day = Day(text) else { throw ValidationError("'\(text)' is no day: write it as 2027-03-31") }
    return day
  }
}

extension Day {
  /// The day of the clock, in UTC. Nothing else in nwfleet asks what day it is.
  static var current: Day { Day(secondsSince1970: time(nil)) }
}
