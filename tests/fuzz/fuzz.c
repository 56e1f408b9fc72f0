/*
 * A libFuzzer target: decoders, the table of LWPs, the loop and the writer of text, fed with stops of any kind by a
 * kernel that plays and fails them. tests/fuzz/seeds.py writes the same form.
 *
 * An input is a head of HEAD bytes, and then stops. Nothing may crash, nor go on for ever, nor grow beyond what was
 * told of; and each line of text is one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../csrc/core/loop.h"
#include "../../csrc/testing/faults.h"
#include "../../csrc/testing/script.h"

enum { HEAD = 12, STOPS = 256, BATCH = 4, LONGEST = 100000 };

struct input {
	const uint8_t *at;
	size_t left;
};

/* What an input does not have is 0. */
static void
take(struct input *in, void *to, size_t size)
{
	size_t n = size < in->left ? size : in->left;

	memset(to, 0, size);
	if (n > 0)
		memcpy(to, in->at, n);
	in->at += n;
	in->left -= n;
}

static uint8_t
take_byte(struct input *in)
{
	uint8_t byte;

	take(in, &byte, 1);
	return byte;
}

/* A length of one byte, and so many of what follows. */
static uint32_t
take_bytes(struct input *in, void *to, size_t room)
{
	uint32_t size = take_byte(in);

	if (size > room)
		size = (uint32_t)room;
	take(in, to, size);
	return size;
}

static void
take_stop(struct input *in, struct pico_scripted *stop)
{
	uint8_t flags = take_byte(in);

	memset(stop, 0, sizeof(*stop));
	take(in, &stop->raw.id, 4);
	take(in, &stop->raw.status, 4);
	take(in, &stop->raw.state, 8);
	stop->raw.owned = flags & 1;
	stop->raw.narrow = flags >> 1 & 1;
	stop->of_step = flags >> 2 & 1;
	stop->refuses = flags & 8 ? (flags & 16 ? ESRCH : EIO) : 0;
	stop->answer = flags >> 5 & 1;
	if (flags & 64) {
		take(in, &stop->pid, 4);
		take(in, &stop->parent, 4);
	}
	stop->raw.machine = flags & 128 ? 183 : 62;
	(void)take_bytes(in, stop->raw.siginfo, sizeof(stop->raw.siginfo));
	(void)take_bytes(in, stop->raw.syscall_info, sizeof(stop->raw.syscall_info));
	stop->raw.regs_size = take_bytes(in, stop->raw.regs, 240);
	if (stop->raw.id == 0)
		stop->raw.state = 0;	/* an interruption comes at once */
}

/* What a body does to the LWP that stands for an event; nothing of it may be trusted to be sensible. */
static void
do_something(struct pico_loop *loop, const struct pico_event *event, uint8_t what)
{
	struct pico_event call = *event;
	uint8_t regs[1024];
	int64_t size;

	switch (what % 16) {
	case 1:
		(void)pico_loop_signal(loop, event->lwp, what >> 4);
		break;
	case 2:
		call.code = what >> 4;
		(void)pico_loop_set_siginfo(loop, event->lwp, &call);
		break;
	case 3:
		size = pico_loop_get_regs(loop, event->lwp, regs, sizeof(regs));
		if (size > 0)
			(void)pico_loop_set_regs(loop, event->lwp, regs, (size_t)size);
		break;
	case 4:
		call.args[0] = what;
		call.sysnum ^= what >> 6;
		(void)pico_loop_alter(loop, event->lwp, &call, what >> 4);
		break;
	case 5:
		(void)pico_loop_detach(loop, event->pid);
		break;
	case 6:
		(void)pico_loop_step_one(loop, event->lwp);
		break;
	case 7:
		(void)pico_loop_delay(loop, event->lwp, what >> 4);
		break;
	case 8:
		(void)pico_loop_attach(loop, event->pid + (what >> 4));
		break;
	case 9:
		(void)pico_loop_alter(loop, event->lwp, &call, PICO_ALTER_ANSWER);
		break;
	default:
		break;
	}
}

static void
check_line(struct pico_text *text, const struct pico_event *event)
{
	char line[PICO_LINE_MAX];
	int n = pico_text_format(text, event, line);

	if (n < 1 || n > PICO_LINE_MAX || line[n - 1] != '\n')
		abort();
	for (int i = 0; i < n - 1; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
			if (line[i] != '\033')	/* colour */
				abort();
}

/* Whole lines, each in a piece, one piece after another. */
static void
take_pieces(struct pico_text *text)
{
	const struct pico_piece *pieces;
	const char *lines;
	uint64_t size, start = 0;
	int n = pico_text_pieces(text, &pieces, &lines, &size);

	if (n < 0 || (n == 0) != (size == 0) || (size > 0 && lines[size - 1] != '\n'))
		abort();
	for (int i = 0; i < n; start = pieces[i++].start)
		if (i == 0 ? pieces[i].start != 0 : pieces[i].start <= start || lines[pieces[i].start - 1] != '\n')
			abort();
	if (n > 0 && pieces[n - 1].start >= size)
		abort();
	pico_text_taken(text);
}

/* Processes that have ended, in the order of it. */
struct ended {
	int32_t pids[4 * STOPS];
	int count;
};

/* Records are numbered without gaps, and nothing is said of a process after its end, but that there is another. */
static void
check_order(struct ended *ended, const struct pico_event *event, uint64_t *seq)
{
	if (event->seq != ++*seq)
		abort();
	int32_t begins = event->kind == PICO_ATTACHED ? event->pid : 0;
	if (event->kind == PICO_FORKED || event->kind == PICO_VFORKED || event->kind == PICO_SPAWNED)
		begins = event->other;
	for (int i = 0; i < ended->count; i++) {
		if (ended->pids[i] == begins)
			ended->pids[i] = 0;
		if (ended->pids[i] == event->pid && event->pid != 0)
			abort();
	}
	if (event->kind == PICO_EXITED || event->kind == PICO_SIGNALED || event->kind == PICO_DETACHED)
		if (ended->count < 4 * STOPS)
			ended->pids[ended->count++] = event->pid;
}

static void
run(struct pico_loop *loop, struct pico_text *text, const uint8_t *does, size_t doing, int text_mode, int all)
{
	static struct ended ended;
	struct pico_event batch[BATCH];
	uint64_t seq = 0;
	size_t done = 0;
	int n;

	ended.count = 0;

	for (int turn = 0;; turn++) {
		n = pico_loop_next(loop, text_mode ? NULL : batch, BATCH, 0);
		if (turn > LONGEST || n > BATCH)
			abort();
		if (n == PICO_ASKS)
			pico_loop_answer(loop, done < doing ? does[done++] & 1 : 1);
		else if (n == 0)
			return;
		/* What the kernel refuses is told once, and gone on from; but for what it refuses for ever. */
		if (n < 0 && n != PICO_ASKS && n != -EINTR && turn > STOPS)
			return;
		for (int i = 0; i < n && !text_mode; i++) {
			check_line(text, &batch[i]);
			if (all)
				check_order(&ended, &batch[i], &seq);
		}
		if (n > 0 && text_mode)
			take_pieces(text);
		if (n > 0 && !text_mode && done < doing)
			do_something(loop, &batch[n - 1], does[done++]);
	}
}

static void
start(struct pico_loop *loop, const struct pico_scripted *stops, int count, int attach)
{
	static const char *const none[] = { NULL };
	const struct pico_launch launch = { .paths = none, .argv = none, .envp = none };
	int32_t pid = count > 0 ? stops[0].raw.id : 1;

	if (attach)
		(void)pico_loop_attach(loop, pid);
	else
		(void)pico_loop_spawn(loop, &launch, &pid);
}

static void
play(struct pico_kernel *kernel, const uint8_t *head, const struct pico_scripted *stops, int count)
{
	static const char names[] = "read\0write\0open\0\0exit";
	static const uint8_t nargs[] = { 3, 3, 255, 0, 1 }, narrow[] = { 1, 0, 255, 0, 1 };
	static const uint8_t returns[] = { PICO_RETURNS_UPTO + 2, PICO_RETURNS_INT, PICO_RETURNS_TWO, 0, 4 };
	int error, mode = head[1] % 3, fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint32_t events = head[3] & 1 ? 0xffffe : (uint32_t)(head[3] << 12 | head[4] << 4 | (head[5] & 15));

	struct pico_loop *loop = pico_loop_open(kernel, events, head[2] % 3, &error);
	struct pico_names *table = pico_names_new(names, nargs, narrow, returns, 5, head[6] % 4);
	uint32_t style = head[7] & ~(uint32_t)PICO_TEXT_OWNS_FILE;
	int kept = head[7] >> 1 & 1;
	struct pico_text *text = pico_text_new(fd, style | (kept ? PICO_TEXT_KEPT : 0));
	if (loop == NULL || table == NULL || text == NULL)
		abort();
	for (int abi = 0; abi < PICO_ABIS; abi++) {
		pico_loop_set_syscalls(loop, abi, table);
		pico_text_set_syscalls(text, abi, table);
	}
	pico_loop_set_mode(loop, mode);
	pico_loop_set_asks(loop, head[3] >> 1 & 1);
	pico_loop_set_whole_results(loop, head[3] >> 2 & 1);
	if (head[3] & 8)
		(void)pico_loop_set_kernel_filter(loop, nargs, sizeof(nargs));
	if (mode == PICO_MODE_TEXT)
		pico_loop_set_text(loop, text);
	if (head[3] >> 5 & 1)
		(void)pico_loop_set_limit(loop, head[6], 0);
	start(loop, stops, count, head[3] >> 4 & 1);
	run(loop, text, head + 8, HEAD - 8, mode == PICO_MODE_TEXT, head[3] & 1 && head[2] % 3 == PICO_FOLLOW_ALL);
	if (pico_loop_lwps(loop, NULL, 0) > 8 * (count + 1))
		abort();
	(void)pico_loop_close(loop, 1000000000);
	(void)pico_text_flush(text);
	if (kept)
		take_pieces(text);
	pico_loop_free(loop);
	pico_text_free(text);
	pico_names_free(table);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pico_scripted stops[STOPS];
	struct input in = { data, size };
	struct pico_fault fault = { 0 };
	uint8_t head[HEAD], faults[3];
	int count = 0;

	take(&in, head, sizeof(head));
	take(&in, faults, sizeof(faults));
	while (in.left > 0 && count < STOPS)
		take_stop(&in, &stops[count++]);
	if (faults[0] != 0) {
		static const int errors[] = { ESRCH, EIO, EPERM, ENOMEM };
		fault.at = faults[0] + (faults[2] >> 4) * 256;
		fault.error = errors[faults[1] % 4];
		fault.then = fault.error == ESRCH ? PICO_FAULT_KILLED : faults[2] % 2;
	}
	struct pico_kernel *script = pico_script_open(head[0] % 2 ? "netbsd" : "linux", stops, count);
	struct pico_kernel *kernel = script != NULL ? pico_faults_open(script, &fault) : NULL;
	if (kernel == NULL)
		abort();
	play(kernel, head, stops, count);
	pico_faults_free(kernel);
	pico_script_free(script);
	return 0;
}
