/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * serial-bridge: keeps one serial port of an emulated machine reachable. The emulator connects to
 * it by TCP and stays connected; programs on the host come and go on a unix stream socket. So no
 * client that leaves can end the emulator, and output that no client reads never blocks the guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define RING_SIZE 65536u
#define FLUSH_TIMEOUT_MS 10000

/* Bytes on their way in one direction; head and tail count bytes and wrap with the type. */
struct ring {
	uint32_t head;
	uint32_t tail;
	uint8_t data[RING_SIZE];
};

struct bridge {
	int machine;		/* TCP connection of the emulator */
	int listener;		/* unix socket for clients */
	int client;		/* -1: none */
	bool client_sends;	/* false after the client's half-close */
	int log;		/* -1: none */
	struct ring to_client;	/* keeps the newest bytes */
	struct ring to_machine;	/* full: the client has to wait */
};

static const char *socket_path;

static void die(const char *what)
{
	fprintf(stderr, "serial-bridge: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t ring_used(const struct ring *r)
{
	return r->head - r->tail;
}

/* Appends n bytes (n <= RING_SIZE); when there is no room the oldest bytes go. */
static void ring_put(struct ring *r, const uint8_t *buf, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		r->data[(r->head + i) % RING_SIZE] = buf[i];
	r->head += n;
	if (ring_used(r) > RING_SIZE)
		r->tail = r->head - RING_SIZE;
}

/* Sends what one call takes. Returns false if the peer is gone. */
static bool ring_send(struct ring *r, int fd)
{
	uint32_t at = r->tail % RING_SIZE;
	uint32_t n = ring_used(r);
	ssize_t sent;

	if (n > RING_SIZE - at)
		n = RING_SIZE - at;
	if (n == 0)
		return true;
	sent = send(fd, r->data + at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	r->tail += (uint32_t)sent;
	return true;
}

/* Writes the log; a full disk loses the log, not the machine. */
static void log_bytes(int fd, const uint8_t *buf, size_t n)
{
	while (fd >= 0 && n > 0) {
		ssize_t w = write(fd, buf, n);

		if (w <= 0)
			return;
		buf += w;
		n -= (size_t)w;
	}
}

static void drop_client(struct bridge *b)
{
	if (b->client >= 0)
		close(b->client);
	b->client = -1;
}

static void accept_client(struct bridge *b)
{
	int fd = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	drop_client(b);
	b->client = fd;
	b->client_sends = true;
}

/*
 * Returns false when the emulator has closed its end. Bochs sends byte by byte with Nagle's
 * algorithm on: without an immediate acknowledgement every answer would wait 40 ms.
 */
static bool from_machine(struct bridge *b)
{
	uint8_t buf[4096];
	ssize_t n;
	int one = 1;

	n = recv(b->machine, buf, sizeof(buf), MSG_DONTWAIT);
	setsockopt(b->machine, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	log_bytes(b->log, buf, (size_t)n);
	ring_put(&b->to_client, buf, (uint32_t)n);
	return true;
}

static void from_client(struct bridge *b)
{
	uint8_t buf[4096];
	size_t room = RING_SIZE - ring_used(&b->to_machine);
	ssize_t n;

	n = recv(b->client, buf, room < sizeof(buf) ? room : sizeof(buf), MSG_DONTWAIT);
	if (n > 0)
		ring_put(&b->to_machine, buf, (uint32_t)n);
	else if (n == 0)
		b->client_sends = false;
	else if (errno != EAGAIN && errno != EINTR)
		drop_client(b);
}

static short client_events(const struct bridge *b)
{
	short events = 0;

	if (b->client_sends && ring_used(&b->to_machine) < RING_SIZE)
		events |= POLLIN;
	if (ring_used(&b->to_client))
		events |= POLLOUT;
	return events;
}

static void serve_client(struct bridge *b, short revents)
{
	if (revents & POLLIN)
		from_client(b);
	if (b->client >= 0 && (revents & POLLOUT) && !ring_send(&b->to_client, b->client))
		drop_client(b);
	if (b->client >= 0 && (revents & (POLLHUP | POLLERR)) && !(revents & POLLIN))
		drop_client(b);
}

/* One round of waiting and moving bytes. Returns false when the emulator is gone. */
static bool step(struct bridge *b)
{
	struct pollfd p[3] = {
		{ .fd = b->machine, .events = POLLIN },
		{ .fd = b->listener, .events = POLLIN },
		{ .fd = b->client, .events = client_events(b) },
	};

	if (ring_used(&b->to_machine))
		p[0].events |= POLLOUT;
	if (poll(p, 3, -1) < 0) {
		if (errno == EINTR)
			return true;
		die("poll");
	}
	if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) && !from_machine(b))
		return false;
	if ((p[0].revents & POLLOUT) && !ring_send(&b->to_machine, b->machine))
		return false;
	if (b->client >= 0)
		serve_client(b, p[2].revents);
	if (p[1].revents & POLLIN)
		accept_client(b);
	return true;
}

/* The machine is off: give the client the rest, but do not wait for one that does not read. */
static void flush_client(struct bridge *b)
{
	while (b->client >= 0 && ring_used(&b->to_client)) {
		struct pollfd p = { .fd = b->client, .events = POLLOUT };

		if (poll(&p, 1, FLUSH_TIMEOUT_MS) <= 0 || !ring_send(&b->to_client, b->client))
			return;
	}
}

/* Any free port of the loopback interface; IPv4, because Bochs knows no other. */
static int listen_tcp(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("loopback socket");
	*port = ntohs(a.sin_port);
	return fd;
}

/* The path appears by a rename: a client that sees it can connect. */
static int listen_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n = snprintf(a.sun_path, sizeof(a.sun_path), "%s.new", path);

	if (n >= (int)sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	unlink(a.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 4) < 0 ||
	    rename(a.sun_path, path) < 0)
		die(path);
	return fd;
}

/* By a rename, so that a reader finds the whole number in the file. */
static void write_port(const char *path, uint16_t port)
{
	char tmp[4096];
	FILE *f;

	if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	f = fopen(tmp, "w");
	if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) != 0 || rename(tmp, path) < 0)
		die(path);
}

static int accept_machine(int listener)
{
	int one = 1;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		die("accept");
	/* Single bytes matter here more than full packets. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	close(listener);
	return fd;
}

static void on_signal(int sig)
{
	(void)sig;
	unlink(socket_path);
	_exit(0);
}

static int usage(FILE *to)
{
	fputs("usage: serial-bridge --port-file FILE [--log FILE] UNIXPATH\n"
	      "Listens on a free loopback port (its number is written to FILE) for one emulator\n"
	      "and offers its serial line on the unix socket UNIXPATH, to one client at a time;\n"
	      "a new client replaces the old. Ends when the emulator's connection ends.\n", to);
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "port-file", required_argument, NULL, 'p' },
		{ "log", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct bridge b = { .client = -1, .log = -1 };
	const char *port_file = NULL, *log = NULL;
	uint16_t port;
	int c, tcp;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'p')
			port_file = optarg;
		else if (c == 'l')
			log = optarg;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (optind + 1 != argc || !port_file)
		return usage(stderr);
	socket_path = argv[optind];
	if (log && (b.log = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) < 0)
		die(log);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM);

	tcp = listen_tcp(&port);
	b.listener = listen_unix(socket_path);
	write_port(port_file, port);
	b.machine = accept_machine(tcp);
	while (step(&b))
		;
	unlink(socket_path);
	flush_client(&b);
	return 0;
}
