// SPDX-License-Identifier: Apache-2.0
// A link with latency: takes connections on one unix socket, passes every byte on to another after a delay, both ways.
// After CUT bytes to the client the link is cut, as when a cable is pulled: nothing is passed on, and nobody is told.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { most_links = 64, packet_size = 65536 };

struct packet {
  struct packet *next;
  int64_t due;
  size_t length, sent;
  char bytes[];
};

// One direction of a connection. An empty packet stands for the end of the stream.
struct lane {
  int from, to, answers, ended;
  struct packet *first, **last;
};

struct link {
  int used;
  struct lane lanes[2];
};

static struct link links[most_links];
static int64_t bytes_until_cut = INT64_MAX;
static int cut = 0;

static int64_t now_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int unix_socket(const char *path, int listens) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    fprintf(stderr, "delay_proxy: %s is too long for a socket\n", path);
    exit(64);
  }
  strcpy(address.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  if (listens) {
    unlink(path);
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 || listen(descriptor, 16) < 0) fail(path);
  } else if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
    perror(path);
    close(descriptor);
    return -1;
  }
  return descriptor;
}

static void start_lane(struct lane *lane, int from, int to, int answers) {
  *lane = (struct lane){.from = from, .to = to, .answers = answers};
  lane->last = &lane->first;
}

static void take_connection(int listener, const char *target) {
  int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (client < 0) return;
  for (int index = 0; index < most_links; index++) {
    if (links[index].used) continue;
    int server = unix_socket(target, 0);
    if (server < 0) break;
    links[index].used = 1;
    start_lane(&links[index].lanes[0], client, server, 0);
    start_lane(&links[index].lanes[1], server, client, 1);
    return;
  }
  close(client);
}

static void take_bytes(struct lane *lane, int64_t delay) {
  struct packet *packet = malloc(sizeof *packet + packet_size);
  if (!packet) fail("malloc");
  ssize_t length = recv(lane->from, packet->bytes, packet_size, MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
    free(packet);
    return;
  }
  if (length <= 0) {
    length = 0;
    lane->ended = 1;
  }
  // The packet waits in a queue: it should not hold more than it carries.
  struct packet *fitting = realloc(packet, sizeof *packet + length);
  if (fitting) packet = fitting;
  packet->next = NULL;
  packet->due = now_microseconds() + delay;
  packet->length = length;
  packet->sent = 0;
  *lane->last = packet;
  lane->last = &packet->next;
}

static void drop_first(struct lane *lane) {
  struct packet *packet = lane->first;
  lane->first = packet->next;
  if (!lane->first) lane->last = &lane->first;
  free(packet);
}

static void pass_due(struct lane *lane, int64_t now) {
  while (!cut && lane->first && lane->first->due <= now) {
    struct packet *packet = lane->first;
    if (packet->length == 0) {
      shutdown(lane->to, SHUT_WR);
    } else {
      ssize_t sent =
          send(lane->to, packet->bytes + packet->sent, packet->length - packet->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        // The receiver is slow: once more in a millisecond.
        packet->due = now + 1000;
        return;
      }
      if (sent >= 0) packet->sent += sent;
      if (sent >= 0 && lane->answers) bytes_until_cut -= sent;
      cut = bytes_until_cut <= 0;
      if (sent >= 0 && packet->sent < packet->length) return;
    }
    drop_first(lane);
  }
}

static void close_finished(struct link *link) {
  for (int side = 0; side < 2; side++) {
    if (!link->lanes[side].ended || link->lanes[side].first) return;
  }
  close(link->lanes[0].from);
  close(link->lanes[1].from);
  link->used = 0;
}

static int wait_for_events(int listener, struct pollfd *events, struct lane **lanes) {
  int count = 1;
  int64_t next = INT64_MAX;
  events[0] = (struct pollfd){.fd = listener, .events = POLLIN};
  for (int index = 0; index < most_links; index++) {
    if (!links[index].used) continue;
    for (int side = 0; side < 2; side++) {
      struct lane *lane = &links[index].lanes[side];
      if (lane->first && lane->first->due < next) next = lane->first->due;
      if (lane->ended || cut) continue;
      events[count] = (struct pollfd){.fd = lane->from, .events = POLLIN};
      lanes[count++] = lane;
    }
  }
  int64_t wait = next - now_microseconds();
  if (wait < 0) wait = 0;
  struct timespec timeout = {.tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000};
  int ready = ppoll(events, count, next == INT64_MAX || cut ? NULL : &timeout, NULL);
  return ready > 0 ? count : 0;
}

int main(int count, char **arguments) {
  if (count != 4 && count != 5) {
    fprintf(stderr, "usage: delay_proxy LISTEN TARGET MILLISECONDS [CUT]\n");
    return 64;
  }
  int64_t delay = atof(arguments[3]) * 1000;
  if (count == 5) bytes_until_cut = atoll(arguments[4]);
  int listener = unix_socket(arguments[1], 1);
  for (;;) {
    struct pollfd events[1 + 2 * most_links];
    struct lane *lanes[1 + 2 * most_links];
    int ready = wait_for_events(listener, events, lanes);
    if (ready && events[0].revents) take_connection(listener, arguments[2]);
    for (int index = 1; index < ready; index++) {
      if (events[index].revents) take_bytes(lanes[index], delay);
    }
    int64_t now = now_microseconds();
    for (int index = 0; index < most_links; index++) {
      if (!links[index].used) continue;
      pass_due(&links[index].lanes[0], now);
      pass_due(&links[index].lanes[1], now);
      close_finished(&links[index]);
    }
  }
}
