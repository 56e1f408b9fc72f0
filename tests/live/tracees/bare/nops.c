/* Instructions of one byte around a getppid (x86-64), whose places are known; it exits with 4. */
__asm__(".globl _start\n"
	"_start: nop; nop; nop; mov $110, %eax; syscall; nop; nop; mov $4, %edi; mov $60, %eax; syscall\n");
