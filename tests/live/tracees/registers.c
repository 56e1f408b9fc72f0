/*
 * registers HOW ROUNDS: a signal's handler runs while all registers have values of their own, those of
 * vectors too, and what it returns through leaves other values in all of them. What was must be back.
 *   done:   the signal comes at the end of a call that gives 0 (tgkill);
 *   failed: at the end of one that fails (write to a pipe that nobody reads);
 *   spin:   at any time, by a timer; then rax is FIRST + the number of the round.
 */
#ifndef __x86_64__
#error "these are x86-64's registers"
#endif
#include <stddef.h>
#include <sys/time.h>

#include "tracee.h"

#define FIRST 0x5a5a000000000000ul

enum { RAX, RBX, RCX, RDX, RSI, RDI, RBP, R8, R9, R10, R11, R12, R13, R14, R15, GENERAL };

/* Known by name to the assembler, which has no register left to find them by. */
struct state {
	uint64_t general[GENERAL];
	uint64_t masks[7];		/* k1 to k7 */
	uint8_t vectors[32][64];
} wanted, found;
int wide;	/* 1: 16 vectors of 32 bytes, 2: 32 of 64 and the masks; else 16 of 16 */
int calls, ready, caught;

_Static_assert(offsetof(struct state, masks) == 120 && offsetof(struct state, vectors) == 176, "as below");

/* A line for each register of a kind; \\r is its name or number. */
#define EACH_GENERAL(line) \
	".set at, 0; .irp r, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15\n" \
	line "\n.set at, at + 8; .endr\n"
#define EACH_MASK(line) ".irp r, 1, 2, 3, 4, 5, 6, 7\n" line "\n.endr\n"
#define EACH_OF_16(line) ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" line "\n.endr\n"
#define EACH_OF_32(line) EACH_OF_16(line) \
	".irp r, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n" line "\n.endr\n"
#define VECTORS(sse, avx, avx512, mask) \
	"cmpl $1, wide(%rip)\n je 1f\n jg 2f\n" \
	EACH_OF_16(sse) "jmp 3f\n" \
	"1:\n" EACH_OF_16(avx) "jmp 3f\n" \
	"2:\n" EACH_OF_32(avx512) EACH_MASK(mask) \
	"3:\n"

/* Load all, make the call if there is one, wait for the handler, store all. */
void exercise(void);
__asm__("exercise:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	VECTORS("movdqu wanted+176+\\r*64(%rip), %xmm\\r",
	    "vmovdqu wanted+176+\\r*64(%rip), %ymm\\r",
	    "vmovdqu64 wanted+176+\\r*64(%rip), %zmm\\r",
	    "kmovq wanted+112+\\r*8(%rip), %k\\r")
	EACH_GENERAL("mov wanted+at(%rip), %\\r")
	"movl $1, ready(%rip)\n"
	"cmpl $0, calls(%rip)\n je 4f\n syscall\n"
	"4: cmpl $0, caught(%rip)\n je 4b\n"
	EACH_GENERAL("mov %\\r, found+at(%rip)")
	VECTORS("movdqu %xmm\\r, found+176+\\r*64(%rip)",
	    "vmovdqu %ymm\\r, found+176+\\r*64(%rip)",
	    "vmovdqu64 %zmm\\r, found+176+\\r*64(%rip)",
	    "kmovq %k\\r, found+112+\\r*8(%rip)")
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"
	"ret\n");

/* Where the handler returns to: other values everywhere, and rt_sigreturn(2). */
void come_back(void);
__asm__("come_back:\n"
	VECTORS("pcmpeqd %xmm\\r, %xmm\\r",
	    "vxorps %ymm\\r, %ymm\\r, %ymm\\r",
	    "vpxorq %zmm\\r, %zmm\\r, %zmm\\r",
	    "kxnorq %k\\r, %k\\r, %k\\r")
	EACH_GENERAL("mov $0xbad, %\\r")
	"mov $15, %eax\n syscall\n");

static void
on_signal(int signo)
{
	(void)signo;
	caught = ready;
}

static void
handle(int signo)
{
	const struct action action = { (void *)on_signal, RESTORER, come_back, 0 };
	WANT(syscall(SYS_rt_sigaction, signo, &action, NULL, 8) == 0);
}

static void
fill(int round)
{
	uint8_t *byte = (uint8_t *)&wanted;

	for (size_t i = 0; i < sizeof(wanted); i++)
		byte[i] = (uint8_t)((i * 7 + (size_t)round * 13) >> (i % 3));
	memset(&found, 0, sizeof(found));
}

static void
set_call(long number, uint64_t first, uint64_t second, uint64_t third)
{
	wanted.general[RAX] = (uint64_t)number;
	wanted.general[RDI] = first;
	wanted.general[RSI] = second;
	wanted.general[RDX] = third;
}

static void
check(void)
{
	static const size_t sizes[] = { 16, 32, 64 };

	WANT(memcmp(wanted.general, found.general, sizeof(wanted.general)) == 0);
	for (int i = 0; i < (wide == 2 ? 32 : 16); i++)
		WANT(memcmp(wanted.vectors[i], found.vectors[i], sizes[wide]) == 0);
	if (wide == 2)
		WANT(memcmp(wanted.masks, found.masks, sizeof(wanted.masks)) == 0);
}

int
main(int argc, char **argv)
{
	const struct itimerval often = { { 0, 1000 }, { 0, 1000 } };
	int fds[2], failed, spin;

	WANT(argc == 3 && pipe(fds) == 0 && close(fds[0]) == 0);
	bounded();
	failed = strcmp(argv[1], "failed") == 0;
	spin = strcmp(argv[1], "spin") == 0;
	wide = __builtin_cpu_supports("avx512bw") ? 2 : __builtin_cpu_supports("avx") ? 1 : 0;
	calls = !spin;
	handle(SIGALRM);
	handle(SIGPIPE);
	handle(SIGUSR1);
	if (spin)
		WANT(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (int round = 0; round < atoi(argv[2]); round++) {
		ready = 0;
		caught = 0;
		fill(round);
		if (spin)
			wanted.general[RAX] = FIRST + (uint64_t)round;
		else if (failed)
			set_call(SYS_write, (uint64_t)fds[1], (uint64_t)&wanted, 1);
		else
			set_call(SYS_tgkill, (uint64_t)getpid(), (uint64_t)gettid(), SIGUSR1);
		exercise();
		if (calls) {
			wanted.general[RAX] = failed ? -(uint64_t)EPIPE : 0;
			/* The instruction itself leaves its return address and the flags there. */
			wanted.general[RCX] = found.general[RCX];
			wanted.general[R11] = found.general[R11];
		}
		check();
	}
	say("wide %d", wide);
	_exit(0);
}
