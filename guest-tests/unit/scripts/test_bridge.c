/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The serial bridge as a process of its own: this test is the emulator on one side and the clients
 * on the other.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define KEPT 65536
/*
 * No wait here has a bound of its own: scripts/run-tests ends a test that hangs, by its processor
 * time and not by the host's clock.
 */
#define TICK_US 1000

struct fixture {
	char dir[64];
	char port[96], path[96], log[96];
	pid_t bridge;
	int machine;
};

static void wait_for(const char *path)
{
	struct stat st;

	while (stat(path, &st) < 0)
		usleep(TICK_US);
}

static int connect_machine(const struct fixture *f)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	unsigned int port;
	FILE *in;

	wait_for(f->port);
	in = fopen(f->port, "r");
	assert_non_null(in);
	assert_int_equal(fscanf(in, "%u", &port), 1);
	fclose(in);
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *build = getenv("BUILD");
	char exe[256];

	strcpy(f->dir, "/tmp/bridge-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->port, sizeof(f->port), "%s/port", f->dir);
	snprintf(f->path, sizeof(f->path), "%s/line", f->dir);
	snprintf(f->log, sizeof(f->log), "%s/log", f->dir);
	snprintf(exe, sizeof(exe), "%s/serial-bridge", build ? build : "build");
	f->bridge = fork();
	if (f->bridge == 0) {
		execl(exe, exe, "--port-file", f->port, "--log", f->log, f->path, NULL);
		_exit(127);
	}
	f->machine = connect_machine(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->machine >= 0)
		close(f->machine);
	if (f->bridge > 0) {
		kill(f->bridge, SIGKILL);
		waitpid(f->bridge, NULL, 0);
	}
	unlink(f->port);
	unlink(f->path);
	unlink(f->log);
	rmdir(f->dir);
	free(f);
	return 0;
}

static int connect_client(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	wait_for(f->path);
	strcpy(a.sun_path, f->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Reads n bytes, or fewer if the other end closes first. */
static size_t take(int fd, char *buf, size_t n)
{
	size_t got = 0;

	while (got < n) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t r;

		assert_int_equal(poll(&p, 1, -1), 1);
		r = read(fd, buf + got, n - got);
		if (r <= 0)
			break;
		got += (size_t)r;
	}
	return got;
}

static void put(int fd, const char *buf, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, buf, n, MSG_NOSIGNAL);

		assert_true(w > 0);
		buf += w;
		n -= (size_t)w;
	}
}

static void expect(int fd, const char *text)
{
	char buf[64] = "";

	assert_int_equal(take(fd, buf, strlen(text)), strlen(text));
	assert_string_equal(buf, text);
}

static void expect_end(int fd)
{
	char c;

	assert_int_equal(take(fd, &c, 1), 0);
}

/* Waits until the bridge has taken n bytes from the machine, which its log shows. */
static void wait_log(const struct fixture *f, off_t n)
{
	struct stat st = { 0 };

	while (st.st_size < n) {
		stat(f->log, &st);
		usleep(TICK_US);
	}
	assert_int_equal(st.st_size, n);
}

static void both_ways(void **state)
{
	struct fixture *f = *state;
	int c = connect_client(f);

	put(c, "apply\n", 6);
	expect(f->machine, "apply\n");
	put(f->machine, "done\n", 5);
	expect(c, "done\n");
	close(c);
}

static void newest_output_is_kept(void **state)
{
	struct fixture *f = *state;
	size_t n = KEPT + 1000;
	char *buf = malloc(n);
	int c;

	memset(buf, 'a', n);
	buf[1000] = '<';
	buf[n - 1] = '>';
	put(f->machine, buf, n);
	wait_log(f, (off_t)n);
	c = connect_client(f);
	memset(buf, 0, n);
	assert_int_equal(take(c, buf, KEPT), KEPT);
	assert_int_equal(buf[0], '<');
	assert_int_equal(buf[KEPT - 1], '>');
	close(c);
	free(buf);
}

static void new_client_replaces_old(void **state)
{
	struct fixture *f = *state;
	int first = connect_client(f);
	int second;

	put(first, "1", 1);
	expect(f->machine, "1");
	second = connect_client(f);
	expect_end(first);
	put(f->machine, "for the second", 14);
	expect(second, "for the second");
	close(first);
	close(second);
}

static void client_that_only_stops_sending_still_reads(void **state)
{
	struct fixture *f = *state;
	int c = connect_client(f);

	put(c, "help\n", 5);
	shutdown(c, SHUT_WR);
	expect(f->machine, "help\n");
	put(f->machine, "answer", 6);
	expect(c, "answer");
	close(c);
}

static void vanished_client_does_no_harm(void **state)
{
	struct fixture *f = *state;
	char buf[20000];
	int c = connect_client(f);

	memset(buf, 'x', sizeof(buf));
	put(c, buf, sizeof(buf));
	close(c);
	assert_int_equal(take(f->machine, buf, sizeof(buf)), sizeof(buf));
	put(f->machine, "kept", 4);
	c = connect_client(f);
	expect(c, "kept");
	close(c);
}

static void machine_off_ends_it(void **state)
{
	struct fixture *f = *state;
	int c = connect_client(f);
	int status;

	put(c, "?", 1);
	expect(f->machine, "?");
	put(f->machine, "bye", 3);
	close(f->machine);
	f->machine = -1;
	expect(c, "bye");
	expect_end(c);
	assert_int_equal(waitpid(f->bridge, &status, 0), f->bridge);
	f->bridge = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_not_equal(access(f->path, F_OK), 0);
	close(c);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_ways),
		TEST(newest_output_is_kept),
		TEST(new_client_replaces_old),
		TEST(client_that_only_stops_sending_still_reads),
		TEST(vanished_client_does_no_harm),
		TEST(machine_off_ends_it),
	};

	return cmocka_run_group_tests_name("serial bridge", tests, NULL, NULL);
}
