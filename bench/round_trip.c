// SPDX-License-Identifier: Apache-2.0
// Round trips and throughput of TCP over one path: a server for the machine behind it, and clients for the one before it.
//
// serve PORT: answers until nobody has asked for a minute.
// ping ADDRESS PORT MS: one byte there and back over one connection, for so long; prints microseconds a round trip.
// connect ADDRESS PORT MS: the same with a connection for each; prints microseconds.
// stream ADDRESS PORT MS: sends as fast as it can; prints Gbit/s as the server received them.
//
// Both ends of ping and connect run on processor 0, so that no wake-up of another one is measured; those of stream on two.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 17];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void pin(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (sched_setaffinity(0, sizeof set, &set) < 0) fail("sched_setaffinity");
}

static void switch_on(int socket, int level, int option) {
  int on = 1;
  if (setsockopt(socket, level, option, &on, sizeof on) < 0) fail("setsockopt");
}

// The first byte says what the client wants: 'p' is sent back, and so is each that follows; 's' begins a stream.
static void answer(int connection) {
  char byte;
  if (read(connection, &byte, 1) != 1) return;
  if (byte == 's') {
    pin(1 % sysconf(_SC_NPROCESSORS_ONLN));
    uint64_t sum = 0;
    ssize_t got;
    while ((got = read(connection, buffer, sizeof buffer)) > 0) sum += got;
    if (write(connection, &sum, sizeof sum) != sizeof sum) perror("write");
    pin(0);
    return;
  }
  do {
    if (write(connection, &byte, 1) != 1) return;
  } while (read(connection, &byte, 1) == 1);
}

static _Noreturn void serve(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
  if (listener < 0) fail("socket");
  switch_on(listener, SOL_SOCKET, SO_REUSEADDR);
  if (bind(listener, (struct sockaddr *)&own, sizeof own) < 0 || listen(listener, 64) < 0) fail("listen");
  pin(0);
  for (;;) {
    alarm(60);
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    switch_on(connection, IPPROTO_TCP, TCP_NODELAY);
    answer(connection);
    close(connection);
  }
}

static int reach(const struct sockaddr_in *other) {
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  if (connection < 0) fail("socket");
  switch_on(connection, IPPROTO_TCP, TCP_NODELAY);
  if (connect(connection, (const struct sockaddr *)other, sizeof *other) < 0) fail("connect");
  return connection;
}

static void exchange(int connection) {
  char byte = 'p';
  if (write(connection, &byte, 1) != 1 || read(connection, &byte, 1) != 1) fail("round trip");
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "serve") == 0) serve(atoi(arguments[2]));
  if (count != 5) {
    fprintf(stderr, "usage: round_trip serve PORT | ping|connect|stream ADDRESS PORT MS\n");
    return 64;
  }
  struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[3]))};
  if (inet_pton(AF_INET, arguments[2], &other.sin_addr) != 1) return 64;
  pin(0);
  uint64_t done = 0;
  double start, end, most = atof(arguments[4]) * 1e3;
  if (strcmp(arguments[1], "connect") == 0) {
    // A reset at the end leaves no port waiting, so that ports do not run out.
    struct linger reset = {1, 0};
    for (start = now(); (end = now()) - start < most; done++) {
      int connection = reach(&other);
      exchange(connection);
      if (setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0) fail("setsockopt");
      close(connection);
    }
    printf("%.3f\n", (end - start) / done);
    return 0;
  }
  int connection = reach(&other);
  if (strcmp(arguments[1], "ping") == 0) {
    for (int round = 0; round < 200; round++) exchange(connection);
    for (start = now(); (end = now()) - start < most; done++) exchange(connection);
    printf("%.3f\n", (end - start) / done);
    return 0;
  }
  memset(buffer, 's', sizeof buffer);
  for (start = now(); now() - start < most;) {
    if (write(connection, buffer, sizeof buffer) < 0) fail("write");
  }
  shutdown(connection, SHUT_WR);
  if (read(connection, &done, sizeof done) != sizeof done) fail("read");
  end = now();
  printf("%.3f\n", done * 8 / (end - start) / 1e3);
  return 0;
}
