/*
 * A program that does a little between its calls: it reads 4 KB at a time and sums them up.
 *
 * usage: reads COUNT
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static unsigned char data[4096];
	volatile unsigned sum = 0;
	int fd = open("/dev/zero", O_RDONLY);

	for (long n = argc > 1 ? atol(argv[1]) : 100000; n > 0; n--) {
		if (read(fd, data, sizeof(data)) != (ssize_t)sizeof(data))
			return 1;
		for (size_t i = 0; i < sizeof(data); i++)
			sum += data[i];
	}
	return 0;
}
