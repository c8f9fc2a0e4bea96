/* SPDX-License-Identifier: GPL-2.0-only */
/* A linked x86-64 ELF file in memory, of any origin: every offset in it is checked once, here. */
#ifndef CLI_KERNEL_ELF_H
#define CLI_KERNEL_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_section {
	const char *name;	/* "" if it has none */
	uint32_t type, link, info;
	uint64_t flags, addr, size, entsize;
	const uint8_t *data;	/* @size bytes; NULL if it has none in the file */
};

/* A PT_LOAD or PT_NOTE entry. */
struct elf_segment {
	uint32_t type, flags;
	uint64_t addr, memsz, filesz;
	const uint8_t *data;	/* @filesz bytes */
};

struct elf_image {
	const uint8_t *data;
	size_t len;
	size_t end;		/* where the ELF file ends; other things may follow in @data */
	struct elf_section *sections;
	size_t nsections;
	struct elf_segment *segments;
	size_t nsegments;
};

/**
 * elf_image_open - looks through headers, sections and segments
 * @data: stays in use
 * @why: set to the rest of a sentence ("has ...", "is ...") if it fails
 * Returns 0 or -1. The image is to be closed in either case.
 */
int elf_image_open(struct elf_image *e, const uint8_t *data, size_t len, const char **why);
void elf_image_close(struct elf_image *e);

/* String at @offset of a string table; "" if it is not there or has no end. */
const char *elf_string(const struct elf_section *strings, uint64_t offset);

/* The first section of that name, or NULL. */
const struct elf_section *elf_section_named(const struct elf_image *e, const char *name);

/*
 * The allocated section that @addr lies in, or NULL. Per-CPU data is linked at address 0, so small
 * addresses lie in it.
 */
const struct elf_section *elf_section_at(const struct elf_image *e, uint64_t addr);

/* @len bytes at a link-time address, or NULL if they are not in the file part of one segment. */
const uint8_t *elf_image_at(const struct elf_image *e, uint64_t addr, size_t len);

/* Lowest address of what is loaded, per-CPU data (linked at 0) excepted. */
uint64_t elf_image_start(const struct elf_image *e);

#endif
