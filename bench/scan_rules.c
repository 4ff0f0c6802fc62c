// SPDX-License-Identifier: Apache-2.0
// The least that a list of rules can cost a packet: one loop over an array until a rule matches. Rules and packets are
// those of Packets/Main.swift. Prints milliseconds of processor time, packets, and how many of them are accepted.
// usage: scan_rules RULES PACKETS
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct rule {
  uint32_t source, mask;
  uint16_t first_port, last_port;
  uint8_t protocol, accepts;
};

struct packet {
  uint32_t source;
  uint16_t port;
  uint8_t protocol;
};

static struct rule rule_of(uint32_t number) {
  uint16_t port = 1000 + (uint64_t)number * 37 % 60000;
  return (struct rule){0x0a000001 + (number << 8), UINT32_MAX, port, port, 6, 1};
}

__attribute__((noinline)) static int accepts(const struct rule *rules, struct packet packet) {
  for (;; rules++) {
    if (rules->protocol && rules->protocol != packet.protocol) continue;
    if ((packet.source & rules->mask) != rules->source) continue;
    if (packet.port < rules->first_port || packet.port > rules->last_port) continue;
    return rules->accepts;
  }
}

int main(int count, char **arguments) {
  long rules = count == 3 ? atol(arguments[1]) : 0, packets = count == 3 ? atol(arguments[2]) : 0;
  if (rules < 1 || rules > 60000 || packets < 1) {
    fprintf(stderr, "usage: scan_rules RULES PACKETS\n");
    return 64;
  }
  struct rule *list = malloc((rules + 1) * sizeof *list);
  long different = packets < 10000 ? packets : 10000;
  struct packet *sent = malloc(different * sizeof *sent);
  if (!list || !sent) {
    perror("scan_rules");
    return 1;
  }
  for (long number = 0; number < rules; number++) list[number] = rule_of(number);
  list[rules] = (struct rule){.last_port = UINT16_MAX};
  for (long number = 0; number < different; number++) {
    struct rule met = rule_of(number * 7919 % rules);
    sent[number] = (struct packet){met.source, number % 10 == 9 ? 61000 : met.first_port, 6};
  }
  clock_t start = clock();
  long accepted = 0;
  for (long number = 0; number < packets; number++) accepted += accepts(list, sent[number % different]);
  printf("%.3f %ld %ld\n", (clock() - start) / 1e3, packets, accepted);
  free(sent);
  free(list);
}
