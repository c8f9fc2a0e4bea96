/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext build`: C sources become objects, by the kernel's own makefiles, so that they get
 * the flags and definitions the kernel itself was compiled with. A temporary folder holds,
 * for each source, a file that includes it by way of a link to its folder: messages then
 * name the user's file, and #include "..." finds what lies beside it.
 */
#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/progress.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/compile.h"
#include "patcher/cli/build/headers.h"
#include "patcher/cli/build/messages.h"
#include "patcher/cli/build/release.h"

/*
 * New code is not traced (there is no place to register its entries), not checked by objtool
 * (whose tables have no place either), and keeps frame pointers, by which the kernel's
 * unwinder goes where it has no ORC tables.
 */
static const char kbuild_head[] =
	"OBJECT_FILES_NON_STANDARD := y\n"
	"GCOV_PROFILE := n\n"
	"KCOV_INSTRUMENT := n\n"
	"ccflags-y := -fno-omit-frame-pointer -I$(src)/include\n";

bool build_is_source(const char *path)
{
	size_t n = strlen(path);

	return n > 2 && !strcmp(path + n - 2, ".c");
}

/* ---- the temporary folder ---- */

static int make_work(struct build *b)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	if (b->opt.keep) {
		path = xstrdup(b->opt.keep);
		if (mkdir(path, 0777) && errno != EEXIST)
			path[0] = '\0';
	} else {
		path = xprintf("%s/subtext-XXXXXX", tmp && *tmp ? tmp : "/tmp");
		if (!mkdtemp(path))
			path[0] = '\0';
	}
	b->compile.work = *path ? realpath(path, NULL) : NULL;
	free(path);
	if (!b->compile.work)
		return problem(&b->problems, CLI_INPUT, "unwritable",
			       "cannot make a folder to compile in%s%s: %s", b->opt.keep ? ", " : "",
			       b->opt.keep ? b->opt.keep : "", strerror(errno));
	/* make splits names at blanks, and the others mean something to it or to the shell. */
	if (strpbrk(b->compile.work, " \t\n:#$\"'\\"))
		return problem(&b->problems, CLI_INPUT, "bad-folder",
			       "the makefiles of the kernel cannot work in '%s'; name another "
			       "folder by TMPDIR or --keep", b->compile.work);
	return build_write_headers(b, b->compile.work);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

void build_remove_work(struct build *b)
{
	/* Links lead to the user's own folders: they are removed, not followed. */
	if (b->compile.work && !b->opt.keep)
		nftw(b->compile.work, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(b->compile.work);
	b->compile.work = NULL;
}

/* ---- sources ---- */

static bool stem_taken(const struct build *b, size_t n, const char *stem)
{
	for (size_t i = 0; i < n; i++)
		if (b->inputs[i].stem && !strcmp(b->inputs[i].stem, stem))
			return true;
	return false;
}

/* The name of its object: that of the source, in characters that mean nothing to make. */
static char *stem(const struct build *b, size_t i)
{
	const char *path = b->inputs[i].path, *slash = strrchr(path, '/');
	char *s = xstrdup(slash ? slash + 1 : path), *numbered = NULL;

	s[strlen(s) - 2] = '\0';
	for (char *c = s; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-')
			*c = '_';
	if (!stem_taken(b, i, s))
		return s;
	/* Another source may already have the name with that number. */
	for (size_t n = i; !numbered || stem_taken(b, i, numbered); n++) {
		free(numbered);
		numbered = xprintf("%s-%zu", s, n);
	}
	free(s);
	return numbered;
}

char *build_folder_prefix(const char *path)
{
	const char *slash = strrchr(path, '/');

	return xprintf("%.*s", slash ? (int)(slash - path + 1) : 0, path);
}

static int link_folder(struct build *b, const char *folder, const char *name)
{
	char *real = realpath(*folder ? folder : ".", NULL), *link;
	int ret = 0;

	link = xprintf("%s/%s", b->compile.work, name);
	unlink(link);
	if (!real || symlink(real, link))
		ret = problem(&b->problems, CLI_INPUT, "unreadable", "cannot use folder %s: %s",
			      *folder ? folder : ".", strerror(errno));
	free(real);
	free(link);
	return ret;
}

/* What kbuild compiles: the user's file, then what its inline functions need. */
static int write_wrapper(struct build *b, size_t i)
{
	const char *slash = strrchr(b->inputs[i].path, '/');
	const char *base = slash ? slash + 1 : b->inputs[i].path;
	char *name = xprintf("%s.c", b->inputs[i].stem), *text;
	int ret;

	if (b->inputs[i].own)
		text = xprintf("#include <%s>\n#include <subtext_late.h>\n", b->inputs[i].own);
	else
		text = xprintf("#include \"source%zu/%s\"\n#include <subtext_late.h>\n", i, base);
	ret = build_write_text(b, b->compile.work, name, text, strlen(text));
	free(text);
	free(name);
	return ret;
}

static int add_source(struct build *b, size_t i, struct bytes *kbuild)
{
	struct build_input *in = &b->inputs[i];
	char *folder, *name, *lines;
	int ret;

	if (!in->own && access(in->path, R_OK))
		return problem(&b->problems, CLI_INPUT, "unreadable", "cannot open %s: %s",
			       in->path, strerror(errno));
	if (strpbrk(in->path, "\"\n\\"))
		return problem(&b->problems, CLI_INPUT, "unreadable",
			       "'%s' is not a name that can be put into a source", in->path);
	in->stem = stem(b, i);
	in->object = xprintf("%s/%s.o", b->compile.work, in->stem);
	folder = build_folder_prefix(in->path);
	name = xprintf("source%zu", i);
	ret = link_folder(b, folder, name);
	lines = xprintf("obj-%s += %s.o\nCFLAGS_REMOVE_%s.o = $(CC_FLAGS_FTRACE)\n"
			"ccflags-y += -fmacro-prefix-map=$(src)/%s/=\n", b->module ? "m" : "y",
			in->stem, in->stem, name);
	bytes_add_text(kbuild, lines);
	free(lines);
	free(name);
	free(folder);
	return ret || write_wrapper(b, i) ? -1 : 0;
}

static int add_includes(struct build *b, struct bytes *kbuild)
{
	for (size_t i = 0; i < b->opt.nincludes; i++) {
		char *name = xprintf("include%zu", i), *line;

		line = xprintf("ccflags-y += -I$(src)/%s\n", name);
		bytes_add_text(kbuild, line);
		free(line);
		if (link_folder(b, b->opt.includes[i], name)) {
			free(name);
			return -1;
		}
		free(name);
	}
	return 0;
}

static int write_kbuild(struct build *b)
{
	struct bytes kbuild = { 0 };
	int ret = 0;

	bytes_add_text(&kbuild, kbuild_head);
	for (size_t i = 0; i < b->ninputs; i++)
		if (build_is_source(b->inputs[i].path) && add_source(b, i, &kbuild))
			ret = -1;
	if (add_includes(b, &kbuild))
		ret = -1;
	if (!ret)
		ret = build_write_text(b, b->compile.work, "Kbuild", (char *)kbuild.data,
				       kbuild.len);
	free(kbuild.data);
	return ret;
}

/* ---- make ---- */

/* Variables of the user's shell, or of a make around this program: not for the kernel's make. */
static const char *const not_handed_down[] = {
	"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEFILES", "KCFLAGS", "KCPPFLAGS", "KBUILD_EXTMOD",
	"KBUILD_OUTPUT", "KBUILD_VERBOSE", "O", "M", "V", "W",
};

static char **make_command(const struct build *b)
{
	static const char *const first[] = { "make", "-s", "--no-print-directory", "-C" };
	char **argv = NULL;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(first); i++)
		*ARRAY_ADD(argv, n) = xstrdup(first[i]);
	*ARRAY_ADD(argv, n) = xstrdup(b->compile.headers);
	*ARRAY_ADD(argv, n) = xprintf("M=%s", b->compile.work);
	/* Before all other folders of headers: ours go on to the kernel's by #include_next. */
	*ARRAY_ADD(argv, n) = xprintf("NOSTDINC_FLAGS=-nostdinc -I%s/include/kernel",
				      b->compile.work);
	for (size_t i = 0; i < b->ninputs; i++)
		if (b->inputs[i].stem)
			*ARRAY_ADD(argv, n) = xprintf("%s.o", b->inputs[i].stem);
	*ARRAY_ADD(argv, n) = NULL;
	return argv;
}

static void free_command(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static void show_command(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		fprintf(stderr, strpbrk(argv[i], " ") ? "%s'%s'" : "%s%s", i ? " " : "", argv[i]);
	fputc('\n', stderr);
}

/* In the child: output to the log, then make. */
static void exec_make(char **argv, const char *log)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_handed_down); i++)
		unsetenv(not_handed_down[i]);
	if (!freopen("/dev/null", "r", stdin) || !freopen(log, "w", stdout) ||
	    dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(126);
	execvp(argv[0], argv);
	printf("cannot run %s: %s\n", argv[0], strerror(errno));
	fflush(stdout);
	_exit(127);
}

#define ENDING_MS 10000	/* for the programs that make runs, to end */

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t ended;

static void end(int sig)
{
	ended = sig;
}

/*
 * A signal that ends this program also ends make and the programs that make runs. These may write
 * to the folder until the last of them has closed its end of the pipe; only then it can be removed.
 * Returns the status of make, as of waitpid(), or -1.
 */
static int run_make(char **argv, const char *log)
{
	struct sigaction action = { .sa_handler = end }, was[3];
	struct pollfd alive = { 0 };
	int status = -1, pipe_ends[2];
	pid_t pid;

	if (pipe(pipe_ends))
		return -1;
	for (size_t i = 0; i < 3; i++)
		sigaction(ending[i], &action, &was[i]);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		exec_make(argv, log);
	}
	if (pid > 0)
		setpgid(pid, pid);
	close(pipe_ends[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		if (ended)
			kill(-pid, SIGTERM);
	alive.fd = pipe_ends[0];
	if (ended)
		poll(&alive, 1, ENDING_MS);
	close(pipe_ends[0]);
	for (size_t i = 0; i < 3; i++)
		sigaction(ending[i], &was[i], NULL);
	return status;
}

/* ---- all of it ---- */

static int compile(struct build *b)
{
	char **argv = make_command(b), *log = xprintf("%s/log", b->compile.work), *text;
	int status;

	if (b->cli->verbose)
		show_command(argv);
	fflush(stdout);
	progress_show(b->cli, "compiling", 0, 0);
	status = run_make(argv, log);
	progress_end(b->cli);
	text = build_messages(b, log);
	if (ended || WIFSIGNALED(status) || status == -1)
		problem(&b->problems, CLI_INPUT, "compile", "the compilation was interrupted");
	else if (WEXITSTATUS(status))
		problem(&b->problems, CLI_INPUT, "compile", "the new code does not compile:\n%s",
			text);
	else if (*text)
		problem(&b->warnings, CLI_OK, "compile", "%s", text);
	free(text);
	free(log);
	free_command(argv);
	return b->problems.n ? -1 : 0;
}

/* Adds a source that replaces the kernel's search for exception-table entries; see the header. */
static void add_own(struct build *b)
{
	*ARRAY_ADD(b->inputs, b->ninputs) = (struct build_input){
		.path = xstrdup("subtext_extable.c"),
		.own = "subtext_extable.h",
	};
}

int build_compile(struct build *b)
{
	bool any = false;

	if (b->opt.exception_table)
		add_own(b);
	for (size_t i = 0; i < b->ninputs; i++)
		any = any || build_is_source(b->inputs[i].path);
	if (build_release(b, any))
		return -1;
	if (!any)
		return 0;
	if (build_find_headers(b) || make_work(b) || write_kbuild(b))
		return -1;
	return compile(b);
}
