/* SPDX-License-Identifier: GPL-2.0-only */
/* Opening, reading and writing the line to the hypervisor. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/session/transport.h"

#define SHOWN_MAX 160	/* of a line, with --verbose */

/* ---- opening ---- */

static int cannot_connect(struct problems *p, const char *where, const char *why)
{
	return problem(p, CLI_CONNECT, "connect", "cannot connect to %s: %s", where, why);
}

/* connect() that gives up after @ms. 0 or an errno. */
static int connect_within(int fd, const struct sockaddr *a, socklen_t len, unsigned int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t n = sizeof(int);
	int err = 0;

	if (!connect(fd, a, len))
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (poll(&pfd, 1, (int)ms) <= 0)
		return ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n);
	return err;
}

static int open_unix(const char *where, const char *path, unsigned int ms, struct problems *p)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, err;

	if (!*path || strlen(path) >= sizeof(a.sun_path))
		return problem(p, CLI_USAGE, "connect", "%s: the path of a socket has 1 to %zu "
			       "bytes", where, sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cannot_connect(p, where, strerror(errno));
	err = connect_within(fd, (struct sockaddr *)&a, sizeof(a), ms);
	if (!err)
		return fd;
	close(fd);
	return cannot_connect(p, where, strerror(err));
}

/* "HOST:PORT" or "[HOST]:PORT", in place. False if it is neither. */
static bool split_host(char *s, char **host, char **port)
{
	char *colon = strrchr(s, ':'), *end;

	if (!colon || colon == s || !colon[1])
		return false;
	*colon = '\0';
	*port = colon + 1;
	*host = s;
	if (*s == '[') {
		end = colon - 1;
		if (*end != ']')
			return false;
		*end = '\0';
		*host = s + 1;
	}
	return true;
}

static int connect_any(const struct addrinfo *list, unsigned int ms, int *err)
{
	int one = 1;

	for (; list; list = list->ai_next) {
		int fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		if (fd < 0)
			continue;
		*err = connect_within(fd, list->ai_addr, list->ai_addrlen, ms);
		if (!*err) {
			/* One line, one answer: waiting for more to send would only delay. */
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			return fd;
		}
		close(fd);
	}
	return -1;
}

static int open_tcp(const char *where, const char *spec, unsigned int ms, struct problems *p)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char *copy = xstrdup(spec), *host, *port;
	int fd = -1, err = ECONNREFUSED, r;

	if (!split_host(copy, &host, &port)) {
		free(copy);
		return problem(p, CLI_USAGE, "connect", "%s: it must be tcp:HOST:PORT", where);
	}
	r = getaddrinfo(host, port, &hints, &list);
	free(copy);
	if (r)
		return cannot_connect(p, where, gai_strerror(r));
	fd = connect_any(list, ms, &err);
	freeaddrinfo(list);
	return fd >= 0 ? fd : cannot_connect(p, where, strerror(err));
}

/* The UART of the other end: 115200 8N1, no flow control, no interpretation. */
static int set_raw(int fd)
{
	struct termios tio;

	if (tcgetattr(fd, &tio))
		return -1;
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	tio.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	cfsetispeed(&tio, B115200);
	cfsetospeed(&tio, B115200);
	return tcsetattr(fd, TCSANOW, &tio);
}

static int open_tty(const char *path, struct problems *p)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return cannot_connect(p, path, strerror(errno));
	if (isatty(fd) && !set_raw(fd))
		return fd;
	err = isatty(fd) ? errno : 0;
	close(fd);
	return cannot_connect(p, path, err ? strerror(err) :
			      "it is not a tty; for a socket use unix:PATH");
}

int transport_open(struct transport *t, const char *where, unsigned int timeout_ms,
		   struct problems *p)
{
	memset(t, 0, sizeof(*t));
	t->write_ms = timeout_ms;
	if (!strncmp(where, "tcp:", 4))
		t->fd = open_tcp(where, where + 4, timeout_ms, p);
	else if (!strncmp(where, "unix:", 5))
		t->fd = open_unix(where, where + 5, timeout_ms, p);
	else
		t->fd = open_tty(where, p);
	return t->fd < 0 ? -1 : 0;
}

void transport_close(struct transport *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->seen.data);
	t->fd = -1;
	t->seen = (struct bytes){ 0 };
}

/* ---- what --verbose shows ---- */

static void show(char direction, const char *line, size_t len)
{
	fprintf(stderr, "%c ", direction);
	for (size_t i = 0; i < len && i < SHOWN_MAX; i++)
		fputc(line[i] >= ' ' && line[i] <= '~' ? line[i] : '?', stderr);
	fputs(len > SHOWN_MAX ? "...\n" : "\n", stderr);
}

static void show_out(const char *buf, size_t len)
{
	if (len && buf[len - 1] == '\n')
		len--;
	if (len)
		show('>', buf, len);
}

static void show_in(struct transport *t, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i] != '\n' && buf[i] != '\r') {
			bytes_add(&t->seen, &buf[i], 1);
		} else if (t->seen.len) {
			show('<', (const char *)t->seen.data, t->seen.len);
			t->seen.len = 0;
		}
	}
}

/* ---- reading and writing ---- */

int transport_read(void *ctx, char *buf, size_t len, unsigned int ms)
{
	struct transport *t = ctx;
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };
	ssize_t n;

	/* A signal ends the wait too, so that the caller can stop. */
	if (poll(&pfd, 1, (int)ms) <= 0)
		return 0;
	n = read(t->fd, buf, len);
	if (n > 0 && t->verbose)
		show_in(t, buf, (size_t)n);
	if (n > 0)
		return (int)n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int transport_write(void *ctx, const char *buf, size_t len)
{
	struct transport *t = ctx;
	struct pollfd pfd = { .fd = t->fd, .events = POLLOUT };
	uint64_t until = transport_now(t) + t->write_ms;
	ssize_t n;

	if (t->verbose)
		show_out(buf, len);
	while (len) {
		n = write(t->fd, buf, len);
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
			until = transport_now(t) + t->write_ms;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (transport_now(t) >= until)
			return -1;
		poll(&pfd, 1, 100);
	}
	return 0;
}

uint64_t transport_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}
