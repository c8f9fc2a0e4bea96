/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hypervisor to test the host tool with: the real protocol (wire/server.c) on
 * a UNIX socket, with a make-believe engine behind it. Not a test by itself.
 *
 *	tool-server SOCKET [mute] [close] [garble] [events]
 *
 * Prints its process id and goes into the background when it can be connected to.
 * What a patch does depends on its name: "refuse-CODE" is refused with that code,
 * "slow" stays under way until it is aborted, all others take a few polls.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "patcher/wire/server.h"

#define MAX_HELD	8
#define MAX_EVENTS	64
#define POLLS		5	/* of a transaction */
#define LIFETIME_S	300	/* a test that was killed leaves no server behind for ever */

struct held {
	uint8_t id[SERVER_ID_LEN];
	char name[PATCH_NAME_LEN], first[PATCH_NAME_LEN];
	uint64_t first_addr;
	unsigned int sites, applied, reverted;
	bool live;
};

static struct {
	struct held held[MAX_HELD];
	unsigned int nheld;
	struct held *current;	/* what is under way */
	bool to_live, aborted;
	unsigned int polls;
	uint64_t pause;
	char events[MAX_EVENTS][160];
	unsigned int nevents, reported;
	int client;
	unsigned int lines_sent;
	bool mute, close, garble;
} fake;

static void event(const char *kind, const struct held *h)
{
	struct text t;

	if (fake.nevents == MAX_EVENTS)
		return;
	text_init(&t, fake.events[fake.nevents++], sizeof(fake.events[0]));
	text_str(&t, kind);
	text_format(&t, " id=%*p name=%s", SERVER_ID_LEN, h->id, h->name);
}

static void info(struct text *t)
{
	text_format(t, " cpus=2 patches=%u guest=%s lstar=0xffffffff83000000", fake.nheld,
		    "a \"quoted\" name");
}

static bool list(unsigned int i, struct text *t)
{
	const struct held *h = &fake.held[i];

	if (i >= fake.nheld)
		return false;
	text_format(t, " id=%*p name=%s state=%s sites=%u text=25 applied=%u", SERVER_ID_LEN, h->id,
		    h->name, h->live ? "live" : "reverted", h->sites, h->applied);
	return true;
}

static struct held *find(const uint8_t *id)
{
	for (unsigned int i = 0; i < fake.nheld; i++)
		if (!memcmp(fake.held[i].id, id, SERVER_ID_LEN))
			return &fake.held[i];
	return NULL;
}

static bool sites(const uint8_t *id, unsigned int i, struct text *t)
{
	const struct held *h = find(id);

	if (!h || i > 0)
		return false;
	text_format(t, " address=0x%lx name=%s", h->first_addr, h->first);
	return true;
}

static bool log_line(uint64_t *pos, struct text *t)
{
	static const char *const lines[] = { "first line", "second \"line\"", "third = line" };

	if (*pos >= 30)
		return false;
	text_format(t, " text=%s", lines[*pos / 10]);
	*pos += 10;
	return true;
}

static enum server_result refuse(struct text *t, const char *code)
{
	static const uint8_t expected[] = { 0x0f, 0x1f, 0x44, 0, 0 };
	static const uint8_t found[] = { 0xe8, 1, 2, 3, 4 };

	text_format(t, " code=%s symbol=check address=0xffffffff81000020 expected=%*p found=%*p", code,
		    (int)sizeof(expected), expected, (int)sizeof(found), found);
	text_format(t, " cpu=1 rip=0xffffffff81000021 what=%s", "it says why");
	return SERVER_REFUSED;
}

static enum server_result begin(struct held *h, bool to_live, struct text *t)
{
	if (!h || h->live == to_live) {
		text_str(t, " code=state");
		text_format(t, " what=%s",
			    !h ? "no such patch" : to_live ? "live already" : "not live");
		return SERVER_REFUSED;
	}
	fake.current = h;
	fake.to_live = to_live;
	fake.polls = 0;
	fake.aborted = false;
	return SERVER_PENDING;
}

static enum server_result apply_file(const void *file, size_t len, struct text *t)
{
	struct patch_error err;
	struct patch p;
	struct held *h;

	if (patch_parse(file, len, &p, &err) || fake.nheld == MAX_HELD) {
		text_str(t, " code=bad-patch");
		return SERVER_REFUSED;
	}
	if (!strncmp(p.header->name, "refuse-", 7))
		return refuse(t, p.header->name + 7);
	h = find(p.header->id);
	if (!h) {
		h = &fake.held[fake.nheld++];
		memcpy(h->id, p.header->id, sizeof(h->id));
		strcpy(h->name, p.header->name);
		snprintf(h->first, sizeof(h->first), "%s", patch_site_name(&p, 0));
		h->first_addr = p.sites[0].addr;
		h->sites = p.nsites;
	}
	return begin(h, true, t);
}

static enum server_result start(enum server_start what, const void *from, size_t len,
				struct text *t)
{
	return what == SERVER_APPLY_FILE ? apply_file(from, len, t) :
	       begin(find(from), what == SERVER_APPLY_HELD, t);
}

static enum server_result poll_pending(struct text *t, struct text *progress)
{
	struct held *h = fake.current;

	if (fake.aborted) {
		text_str(t, " code=aborted");
		return SERVER_REFUSED;
	}
	text_format(progress, " phase=guard done=%u of=%u", fake.polls, POLLS);
	if (fake.polls++ < POLLS || !strcmp(h->name, "slow"))
		return SERVER_PENDING;
	h->live = fake.to_live;
	*(h->live ? &h->applied : &h->reverted) += 1;
	if (!strcmp(h->name, "other"))
		event(h->live ? "patch-live" : "patch-reverted", h);
	text_format(t, " id=%*p name=%s sites=%u cpus=2", SERVER_ID_LEN, h->id, h->name, h->sites);
	fake.pause += 100;
	text_format(t, " pause_tsc=%lu pause_ns=%lu", fake.pause, fake.pause / 2);
	return SERVER_DONE;
}

static enum server_result abort_pending(struct text *t)
{
	(void)t;
	fake.aborted = true;
	return SERVER_DONE;
}

static bool set(const char *key, const char *value)
{
	return !strcmp(key, "log") && !strcmp(value, "a value");
}

static bool send_line(const char *bytes, size_t len)
{
	char copy[LINE_MAX_LEN + 2];

	if (fake.mute || fake.client < 0)
		return true;
	memcpy(copy, bytes, len);
	/* One bit of every third line. */
	if (fake.garble && ++fake.lines_sent % 3 == 0)
		copy[len / 2] ^= 1;
	return send(fake.client, copy, len, MSG_NOSIGNAL) == (ssize_t)len || true;
}

static const char *next_event(uint32_t *number)
{
	if (fake.reported == fake.nevents)
		return NULL;
	*number = ++fake.reported;
	return fake.events[*number - 1];
}

static const struct server_ops ops = {
	.version = "fake", .info = info, .list = list, .sites = sites, .log = log_line,
	.start = start,
	.poll = poll_pending, .abort = abort_pending, .set = set, .send = send_line,
	.event = next_event,
};

/* Some events that no client has read yet. */
static void make_events(void)
{
	const struct held h = { .name = "a name" };

	event("first", &h);
	event("second", &h);
	event("first", &h);
	event("third", &h);
}

static int listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 4)) {
		perror(path);
		exit(1);
	}
	return fd;
}

/* Serves one client until it goes away. */
static void serve(struct server *s)
{
	struct pollfd pfd = { .fd = fake.client, .events = POLLIN };
	char buf[512];
	bool more = false;
	ssize_t n;

	for (;;) {
		/* A pending transaction goes on in small steps, as under the preemption timer. */
		poll(&pfd, 1, more ? 1 : -1);
		if (pfd.revents) {
			n = read(fake.client, buf, sizeof(buf));
			if (n <= 0 || fake.close)
				return;
			for (ssize_t i = 0; i < n; i++)
				server_input(s, buf[i]);
		}
		more = server_poll(s);
	}
}

static void go_background(void)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid > 0) {
		printf("%d\n", (int)pid);
		exit(0);
	}
	/* Whoever waits for the output to end must not wait for us. */
	if (!freopen("/dev/null", "w", stdout))
		exit(1);
	alarm(LIFETIME_S);
}

int main(int argc, char **argv)
{
	static uint64_t upload[PATCH_MAX_FILE / sizeof(uint64_t)];
	static struct server s;
	int fd;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++) {
		fake.mute |= !strcmp(argv[i], "mute");
		fake.close |= !strcmp(argv[i], "close");
		fake.garble |= !strcmp(argv[i], "garble");
		if (!strcmp(argv[i], "events"))
			make_events();
	}
	fd = listen_at(argv[1]);
	server_init(&s, &ops, 0x1234567890abcdef, upload, sizeof(upload));
	go_background();
	for (;;) {
		fake.client = accept(fd, NULL, NULL);
		if (fake.client < 0)
			return 1;
		serve(&s);
		close(fake.client);
		fake.client = -1;
	}
}
