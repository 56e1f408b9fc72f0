/* With known values in registers of floating point and vectors it executes what there is not (x86, 64 and 32 bits). */
static const float vector[4] = { 1.5f, 2.5f, 3.5f, 4.5f };
static const double number = 0.125;

__attribute__((noinline, noclone)) static void
crash_here(void)
{
	__asm__ volatile("movups %0, %%xmm0; fldl %1; ud2" : : "m"(vector), "m"(number));
}

__attribute__((noinline, noclone)) static void
outer(void)
{
	crash_here();
	__asm__ volatile("");
}

void
_start(void)
{
	outer();
	for (;;)
		continue;
}
