// SPDX-License-Identifier: Apache-2.0

import Compiler
import Testing

struct DayTests {
  @Test(arguments: [
    (0, "1970-01-01"), (86_399, "1970-01-01"), (86_400, "1970-01-02"), (951_782_400, "2000-02-29"),
    (1_806_451_199, "2027-03-30"), (1_806_451_200, "2027-03-31"), (253_402_300_799, "9999-12-31"),
  ])
  func secondsAreDays(seconds: Int, text: String) throws {
    let day = Day(secondsSince1970: seconds)
    #expect(day.description == text)
    #expect(Day(text) == day)
    #expect(day.number == seconds / 86_400)
  }

  @Test(arguments: [
    "", "2027", "2027-3-31", "2027-02-29", "2027-13-01", "2027-00-10", "2027-01-32", "27-01-01", "2027-01-01T00:00",
    "2027/01/01", "+027-01-01", "1969-12-31",
  ])
  func otherTextsAreNoDays(text: String) {
    #expect(Day(text) == nil)
  }
}
