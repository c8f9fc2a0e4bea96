/* SPDX-License-Identifier: GPL-2.0-only */
/* The build of a patch: where it starts, and what is freed at its end. */
#include <stdlib.h>
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/compile.h"
#include "patcher/cli/build/module.h"

int build_kernel(struct build *b)
{
	const struct kernel_options o = { .system_map = b->opt.system_map };

	return kernel_open_with(&b->kernel, b->opt.kernel_path, &o, &b->problems);
}

static void close_inputs(struct build *b)
{
	for (size_t i = 0; i < b->ninputs; i++) {
		free(b->inputs[i].path);
		free(b->inputs[i].stem);
		free(b->inputs[i].object);
	}
	free(b->inputs);
	free(b->opt.includes);
}

static void close_compilation(struct build *b)
{
	build_remove_work(b);
	free(b->compile.headers);
	free(b->version.banner);
	free(b->version.release);
}

static void close_objects(struct build *b)
{
	for (size_t i = 0; i < b->nobjects; i++)
		object_close(&b->objects[i]);
	free(b->objects);
}

/* What is known about names: of the command line, of the sources, of the kernel. */
static void close_names(struct build *b)
{
	for (size_t i = 0; i < b->noverrides; i++) {
		free(b->overrides[i].name);
		free(b->overrides[i].target);
	}
	for (size_t i = 0; i < b->nreplace; i++) {
		free(b->replace[i].old_name);
		free(b->replace[i].new_name);
		free(b->replace[i].body.data);
	}
	for (size_t i = 0; i < b->nused; i++)
		free(b->used[i].name);
	free(b->overrides);
	free(b->replace);
	free(b->used);
}

static void close_parts(struct build *b)
{
	free(b->payload.text.data);
	free(b->payload.data.data);
	free(b->fixups);
	free(b->notes.data);
	free(b->sites.names.data);
	free(b->output.meta.data);
	free(b->output.file.data);
}

void build_close(struct build *b)
{
	close_objects(b);
	close_names(b);
	close_compilation(b);
	close_inputs(b);
	close_parts(b);
	module_close(b);
	kernel_tables_close(&b->sites.tables);
	kernel_close(&b->kernel);
	problems_free(&b->problems);
	problems_free(&b->warnings);
}
