/* SPDX-License-Identifier: GPL-2.0-only */
/* From a kernel file to the ELF image in it: the bzImage's header, then unpacking. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "patcher/cli/base/bytes.h"
#include "patcher/cli/base/problems.h"
#include "patcher/cli/kernel/cache.h"
#include "patcher/cli/kernel/image.h"
#include "patcher/cli/kernel/unpack.h"

/* The set-up header (Linux: Documentation/x86/boot.rst). Offsets in the file. */
enum {
	SETUP_SECTS = 0x1f1,
	HEADER_MAGIC = 0x202,
	BOOT_PROTOCOL = 0x206,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	HEADER_END = 0x250,
};

#define SECTOR 512
#define PROTOCOL_WITH_PAYLOAD 0x0208

static uint32_t get(const uint8_t *p, size_t width)
{
	uint32_t v = 0;

	memcpy(&v, p, width);
	return v;
}

int kernel_image_find(const uint8_t *file, size_t len, const uint8_t **at, size_t *n, bool *boxed,
		      const char **why)
{
	uint64_t start, size;
	uint32_t sectors;

	*at = file;
	*n = len;
	*boxed = len >= HEADER_END && !memcmp(file + HEADER_MAGIC, "HdrS", 4);
	if (!*boxed)
		return 0;
	if (get(file + BOOT_PROTOCOL, 2) < PROTOCOL_WITH_PAYLOAD) {
		*why = "is a kernel older than Linux 2.6.25, whose header does not have the place "
			"of the packed kernel";
		return -1;
	}
	/* 0 means 4: kernels older than that field had 4 sectors. */
	sectors = file[SETUP_SECTS] ? file[SETUP_SECTS] : 4;
	start = (uint64_t)(sectors + 1) * SECTOR + get(file + PAYLOAD_OFFSET, 4);
	size = get(file + PAYLOAD_LENGTH, 4);
	if (!size || start > len || size > len - start) {
		*why = "is cut short or damaged: its header points outside of it";
		return -1;
	}
	*at = file + start;
	*n = size;
	return 0;
}

static int map_file(struct kernel_image *img, const char *path, struct problems *p)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st)) {
		problem(p, CLI_INPUT, "unreadable", "cannot open %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	map = S_ISREG(st.st_mode) && st.st_size ?
		mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	close(fd);
	if (map == MAP_FAILED)
		return problem(p, CLI_INPUT, "unreadable", "cannot read %s: it is %s", path,
			       S_ISREG(st.st_mode) ? "empty" : "not a file");
	img->file = map;
	img->file_len = (size_t)st.st_size;
	img->mapped = true;
	return 0;
}

/* lz4 unpacks in less time than an entry of the cache takes to be checked. */
static bool worth_caching(const char *packing)
{
	return strcmp(packing, "lz4");
}

static int unpack_image(struct kernel_image *img, const char *path, const uint8_t *at, size_t n,
			bool cache, size_t max, struct problems *p)
{
	uint8_t key[IMAGE_CACHE_KEY_LEN];
	char why[UNPACK_WHY_MAX];

	cache = cache && worth_caching(img->packing) && !image_cache_key(at, n, key);
	if (cache && image_cache_load(key, max, &img->unpacked))
		return 0;
	free(img->unpacked.data);
	img->unpacked = (struct bytes){ 0 };
	if (unpack(at, n, max, &img->unpacked, why))
		return problem(p, CLI_INPUT, "bad-kernel", "%s: its %s part %s", path,
			       img->packing, why);
	if (cache)
		image_cache_store(key, img->unpacked.data, img->unpacked.len);
	return 0;
}

int kernel_image_read(struct kernel_image *img, const char *path, bool cache, size_t max,
		      struct problems *p)
{
	const uint8_t *at;
	const char *why;
	size_t n;

	if (kernel_image_find(img->file, img->file_len, &at, &n, &img->boxed, &why))
		return problem(p, CLI_INPUT, "bad-kernel", "%s: %s", path, why);
	img->data = at;
	img->len = n;
	img->packing = unpack_format(at, n);
	if (!img->packing)
		return 0;
	if (unpack_image(img, path, at, n, cache, max, p))
		return -1;
	img->data = img->unpacked.data;
	img->len = img->unpacked.len;
	return 0;
}

int kernel_image_open(struct kernel_image *img, const char *path, bool cache, struct problems *p)
{
	memset(img, 0, sizeof(*img));
	if (map_file(img, path, p))
		return -1;
	return kernel_image_read(img, path, cache, KERNEL_UNPACKED_MAX, p);
}

void kernel_image_close(struct kernel_image *img)
{
	if (img->mapped)
		munmap((void *)img->file, img->file_len);
	free(img->unpacked.data);
	memset(img, 0, sizeof(*img));
}
