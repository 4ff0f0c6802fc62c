// SPDX-License-Identifier: Apache-2.0
// The simplest client that does what a plan reads: names, then each filter by its name, then its XML, one call at a
// time over one connection. Prints how long the calls took, in milliseconds, and how many filters there were.
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { most_filters = 16384 };

static double milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: read_filters URI\n");
    return 64;
  }
  virConnectPtr connection = virConnectOpenReadOnly(arguments[1]);
  if (!connection) return 1;
  double start = milliseconds();
  char **names = calloc(most_filters, sizeof *names);
  if (!names) return 1;
  int filters = virConnectListNWFilters(connection, names, most_filters);
  if (filters < 0) return 1;
  size_t bytes = 0;
  for (int index = 0; index < filters; index++) {
    virNWFilterPtr filter = virNWFilterLookupByName(connection, names[index]);
    char *xml = filter ? virNWFilterGetXMLDesc(filter, 0) : NULL;
    if (!xml) return 1;
    bytes += strlen(xml);
    free(xml);
    free(names[index]);
    virNWFilterFree(filter);
  }
  printf("%.2f %d %zu\n", milliseconds() - start, filters, bytes);
  free(names);
  virConnectClose(connection);
  return 0;
}
