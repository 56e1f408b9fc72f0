/*
 * portrait: all that a program can see of itself and its surroundings without having been told, a line
 * each. A traced and an untraced run of it are compared.
 */
#include "tracee.h"

#include <dirent.h>
#include <sys/stat.h>

/* Of /proc/self/status, what does not differ between two runs anyhow. */
static const char *const told[] = {
	"Umask", "State", "Uid", "Gid", "Groups", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
	"SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
	"Cpus_allowed", "Mems_allowed", "CoreDumping", "THP_enabled", NULL
};

static int
is_told(const char *line)
{
	for (const char *const *name = told; *name != NULL; name++)
		if (strncmp(line, *name, strlen(*name)) == 0 && line[strlen(*name)] == ':')
			return 1;
	return 0;
}

static void
status(void)
{
	char line[512];
	FILE *file = fopen("/proc/self/status", "re");

	WANT(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		if (is_told(line))
			(void)printf("status %s", line);
	(void)fclose(file);
}

static void
descriptors(void)
{
	char path[64], target[256];

	for (int fd = 0; fd < 1024; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ssize_t n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		(void)printf("fd %d %#x %#x %s\n", fd, (unsigned)flags, (unsigned)fcntl(fd, F_GETFL), target);
	}
}

static void
signals(void)
{
	struct sigaction action;

	for (int signo = 1; signo < NSIG; signo++)
		if (sigaction(signo, NULL, &action) == 0 && (action.sa_handler != SIG_DFL || action.sa_flags != 0))
			(void)printf("signal %d %s %#x\n", signo, action.sa_handler == SIG_IGN ? "ignored" : "?",
			    (unsigned)action.sa_flags);
}

static void
limits(void)
{
	struct rlimit limit;

	for (int which = 0; which < RLIM_NLIMITS; which++)
		if (getrlimit((__rlimit_resource_t)which, &limit) == 0)
			(void)printf("limit %d %ju %ju\n", which, (uintmax_t)limit.rlim_cur, (uintmax_t)limit.rlim_max);
}

int
main(int argc, char **argv)
{
	char cwd[4096];
	int subreaper = 0, death = 0;

	for (int i = 1; i < argc; i++)
		(void)printf("argument %s\n", argv[i]);
	status();
	descriptors();
	signals();
	limits();
	for (char **entry = environ; *entry != NULL; entry++)
		(void)printf("environment %s\n", *entry);
	WANT(prctl(PR_GET_CHILD_SUBREAPER, &subreaper) == 0 && prctl(PR_GET_PDEATHSIG, &death) == 0);
	(void)printf("parent %d group %d session %d first %d\n", (int)getppid(), getpgrp() == getpgid(getppid()),
	    getsid(0) == getsid(getppid()), getpid() == gettid());
	(void)printf("cwd %s umask %o nice %d policy %d\n", getcwd(cwd, sizeof(cwd)), (unsigned)umask(0),
	    getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
	(void)printf("subreaper %d death %d dumpable %d\n", subreaper, death, prctl(PR_GET_DUMPABLE));
	return fflush(stdout) == 0 ? 0 : 1;
}
