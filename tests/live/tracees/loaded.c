/*
 * loaded [NR [again]]: a call (getppid) with known values in registers that the kernel leaves alone, those
 * of arguments among them, and what is in them afterwards. `again`: until its input ends.
 */
#include "tracee.h"

enum { REGISTERS = 11 };

#if defined(__x86_64__)
/* rbx r12 r13 r14 r15 rsi rdx r8 r9 r10 rdi: in and out; the result comes back. */
__attribute__((naked)) static long
call(uint64_t *registers __attribute__((unused)), long nr __attribute__((unused)))
{
	__asm__("push %rbx; push %r12; push %r13; push %r14; push %r15; push %rdi\n\t"
	    "mov %rsi, %rax\n\t"
	    "mov (%rdi), %rbx; mov 8(%rdi), %r12; mov 16(%rdi), %r13; mov 24(%rdi), %r14\n\t"
	    "mov 32(%rdi), %r15; mov 40(%rdi), %rsi; mov 48(%rdi), %rdx; mov 56(%rdi), %r8\n\t"
	    "mov 64(%rdi), %r9; mov 72(%rdi), %r10; mov 80(%rdi), %rdi\n\t"
	    "syscall\n\t"
	    "mov (%rsp), %r11\n\t"
	    "mov %rbx, (%r11); mov %r12, 8(%r11); mov %r13, 16(%r11); mov %r14, 24(%r11)\n\t"
	    "mov %r15, 32(%r11); mov %rsi, 40(%r11); mov %rdx, 48(%r11); mov %r8, 56(%r11)\n\t"
	    "mov %r9, 64(%r11); mov %r10, 72(%r11); mov %rdi, 80(%r11)\n\t"
	    "pop %rdi; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx\n\t"
	    "ret");
}
#else
static long
call(uint64_t *registers, long nr)
{
	(void)registers;
	return syscall(nr);
}
#endif

static void
once(long nr)
{
	uint64_t registers[REGISTERS];

	for (int i = 0; i < REGISTERS; i++)
		registers[i] = 0x1122334455667700 + (uint64_t)i;
	long result = call(registers, nr);
	for (int i = 0; i < REGISTERS; i++)
		say("register %d %llu", i, (unsigned long long)registers[i]);
	say("result %ld", result);
}

int
main(int argc, char **argv)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	bounded();
	do
		once(argc > 1 ? atol(argv[1]) : SYS_getppid);
	while (argc > 2 && poll(&input, 1, 1) == 0);
	return 0;
}
