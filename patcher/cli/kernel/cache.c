/* SPDX-License-Identifier: GPL-2.0-only */
/* The cache of unpacked kernels: one file for each, packed again with lz4, which is fast. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/kernel/cache.h"
#include "patcher/cli/kernel/unpack.h"

#define MAGIC "SubtextC"
#define VERSION 1
#define SUFFIX ".image"
/* Entries kept; each is some 20 MiB. */
#define KEEP 8
#define FILE_MAX (256u << 20)

struct header {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
	uint8_t key[IMAGE_CACHE_KEY_LEN];
	uint8_t hash[32];	/* SHA-256 of what follows */
	uint64_t len;		/* unpacked */
};

static int sha256(const uint8_t *p, size_t len, uint8_t out[32])
{
	return EVP_Digest(p, len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

int image_cache_key(const uint8_t *packed, size_t len, uint8_t key[IMAGE_CACHE_KEY_LEN])
{
	return sha256(packed, len, key);
}

/* ---- the directory ---- */

/* NULL if the user has no place for caches. */
static char *directory(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return xprintf("%s/subtext", xdg);
	return home && *home == '/' ? xprintf("%s/.cache/subtext", home) : NULL;
}

/* Only a directory of the user's own: with another user's HOME, root leaves no files there. */
static int open_directory(void)
{
	char *path = directory();
	struct stat st;
	int fd;

	if (!path)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() ||
			st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* Makes the directory and the one above it, no more than these. */
static void make_directory(void)
{
	char *path = directory(), *slash;

	if (!path)
		return;
	slash = strrchr(path, '/');
	*slash = '\0';
	if (slash > path)
		mkdir(path, 0700);
	*slash = '/';
	mkdir(path, 0700);
	free(path);
}

static char *entry_name(const uint8_t key[IMAGE_CACHE_KEY_LEN])
{
	char hex[2 * IMAGE_CACHE_KEY_LEN + 1];

	return xprintf("%s" SUFFIX, put_hex(hex, key, IMAGE_CACHE_KEY_LEN));
}

/* ---- reading ---- */

static bool read_entry(int fd, struct bytes *out)
{
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_size < (off_t)sizeof(struct header) || st.st_size > FILE_MAX)
		return false;
	out->cap = (size_t)st.st_size;
	out->data = xrealloc(NULL, out->cap);
	while (out->len < out->cap && n > 0) {
		n = read(fd, out->data + out->len, out->cap - out->len);
		if (n > 0)
			out->len += (size_t)n;
	}
	return out->len == out->cap;
}

static bool check_entry(const struct bytes *file, const uint8_t *key, size_t max, struct header *h)
{
	uint8_t hash[32];

	memcpy(h, file->data, sizeof(*h));
	return !memcmp(h->magic, MAGIC, sizeof(h->magic)) && h->version == VERSION &&
		!memcmp(h->key, key, sizeof(h->key)) && h->len && h->len <= max &&
		!sha256(file->data + sizeof(*h), file->len - sizeof(*h), hash) &&
		!memcmp(h->hash, hash, sizeof(hash));
}

bool image_cache_load(const uint8_t key[IMAGE_CACHE_KEY_LEN], size_t max, struct bytes *out)
{
	int dir = open_directory(), fd = -1;
	char *name = entry_name(key), why[UNPACK_WHY_MAX];
	struct bytes file = { 0 };
	struct header h;
	bool ok = false;

	if (dir >= 0)
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && read_entry(fd, &file) && check_entry(&file, key, max, &h)) {
		out->cap = h.len;
		out->data = xrealloc(NULL, h.len);
		ok = !unpack(file.data + sizeof(h), file.len - sizeof(h), h.len, out, why) &&
			out->len == h.len;
		/* Entries are removed in the order of their last use. */
		futimens(fd, NULL);
	}
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	free(file.data);
	free(name);
	return ok;
}

/* ---- writing ---- */

static bool write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= (size_t)n) {
		n = write(fd, p, len);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool write_entry(int dir, const char *name, const struct bytes *file)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write_all(fd, file->data, file->len);

	if (fd >= 0 && close(fd))
		ok = false;
	return ok;
}

/* "KEY.image", or "KEY.image.PID", which is left by a run that is killed while it writes. */
static bool is_entry(const char *name)
{
	const char *end = strstr(name, SUFFIX);

	if (!end || end == name)
		return false;
	end += strlen(SUFFIX);
	return !*end || *end == '.';
}

/* The entry used least recently, if there are more than KEEP of them; *name is to be freed. */
static bool oldest(int dir, char **name)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct timespec when = { 0 };
	struct dirent *e;
	struct stat st;
	size_t n = 0;

	*name = NULL;
	while (d && (e = readdir(d))) {
		if (!is_entry(e->d_name) || fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		n++;
		if (*name && (st.st_mtim.tv_sec > when.tv_sec ||
			      (st.st_mtim.tv_sec == when.tv_sec &&
			       st.st_mtim.tv_nsec >= when.tv_nsec)))
			continue;
		when = st.st_mtim;
		free(*name);
		*name = xstrdup(e->d_name);
	}
	if (d)
		closedir(d);
	else if (copy >= 0)
		close(copy);
	return n > KEEP;
}

static void make_room(int dir)
{
	char *name;

	for (unsigned int i = 0; i < KEEP; i++) {
		bool more = oldest(dir, &name);

		if (more)
			unlinkat(dir, name, 0);
		free(name);
		if (!more)
			return;
	}
}

void image_cache_store(const uint8_t key[IMAGE_CACHE_KEY_LEN], const uint8_t *image, size_t len)
{
	char *name = entry_name(key), *aside = xprintf("%s.%ld", name, (long)getpid());
	struct header h = { .magic = MAGIC, .version = VERSION, .len = len };
	struct bytes file = { 0 };
	int dir;

	make_directory();
	dir = open_directory();
	if (dir >= 0) {
		memcpy(h.key, key, sizeof(h.key));
		bytes_add(&file, &h, sizeof(h));
		lz4_pack(&file, image, len);
		sha256(file.data + sizeof(h), file.len - sizeof(h), h.hash);
		memcpy(file.data, &h, sizeof(h));
		if (!write_entry(dir, aside, &file) || renameat(dir, aside, dir, name))
			unlinkat(dir, aside, 0);
		make_room(dir);
		close(dir);
	}
	free(file.data);
	free(aside);
	free(name);
}
