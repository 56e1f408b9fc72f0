/*
 * So many instructions, and no C library: one, two for each of 100 turns, three for a call of an empty function, and
 * two and a call that ends it with 3. With FORKS, two before that make a child, which comes from there.
 */
#ifdef __NetBSD__
#define FORK 2
#define EXIT 1
	.section .note.netbsd.ident, "a"	/* by which the kernel knows its own programs */
	.long 7, 4, 1
	.asciz "NetBSD"
	.balign 4
	.long 900000000
#else
#define FORK 57
#define EXIT 60
#endif

	.text
	.globl _start
	.type _start, @function
_start:
#ifdef FORKS
	mov $FORK, %eax
	syscall
#endif
	mov $100, %ecx
again:	dec %ecx
	jnz again
	call empty
	mov $EXIT, %eax
	mov $3, %edi
	syscall
	.size _start, . - _start
	.type empty, @function
empty:	nop
	ret
	.size empty, . - empty
