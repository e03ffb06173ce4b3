/* The stopwatch: run a command, and write what it took to standard output.
 *
 *     stopwatch COMMAND [ARGUMENT ...]      nanoseconds, and peak memory in KiB
 *
 * Python would add to both.  Starting a command takes it longer, which would flatter the
 * floor's ratio most; and a process begins with the peak memory of whoever started it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    if (argc < 2)
        return 2;
    long begin = now();
    pid_t pid = vfork();
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
        return 125;
    printf("%ld %ld\n", now() - begin, usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
