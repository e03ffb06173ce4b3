/* The floor: what a container of step 5 costs the kernel, with as little as possible on top.
 *
 *     floor ROOTFS COMMAND [ARGUMENT ...]
 *
 * The same namespaces, groups, limits and mounts as solutions/05_chroot/container.py makes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOP "/sys/fs/cgroup"

static char memory[64], pids[64], stack[1 << 16];
static int is_v2;

static void check(int result, const char *call)
{
    if (result < 0) {
        perror(call);
        _exit(125);
    }
}

static void put(const char *group, const char *file, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", group, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && strstr(file, "sw"))
        return; /* memsw, swap: this kernel does not count it */
    check(fd, path);
    check(write(fd, text, strlen(text)), path);
    close(fd);
}

static void make_group(void)
{
    is_v2 = access(TOP "/cgroup.controllers", F_OK) == 0;
    snprintf(memory, sizeof memory, TOP "%s/bench-floor-%d", is_v2 ? "" : "/memory", getpid());
    snprintf(pids, sizeof pids, TOP "%s/bench-floor-%d", is_v2 ? "" : "/pids", getpid());
    check(mkdir(memory, 0755), memory);
    if (!is_v2)
        check(mkdir(pids, 0755), pids);
    put(memory, is_v2 ? "memory.max" : "memory.limit_in_bytes", "67108864");
    put(memory, is_v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes",
        is_v2 ? "0" : "67108864");
    put(pids, "pids.max", "64");
}

static void remove_group(const char *group)
{
    while (rmdir(group) < 0 && errno == EBUSY)
        usleep(1000); /* the kernel may need a moment to forget the last process */
}

static int become(void *words)
{
    char **argv = words;
    put(memory, is_v2 ? "cgroup.procs" : "tasks", "0");
    if (!is_v2)
        put(pids, "tasks", "0");
    check(sethostname("container", 9), "sethostname");
    check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount private");
    check(chdir(argv[0]), argv[0]);
    check(chroot("."), "chroot");
    check(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "mount proc");
    check(mount("mytemp", "/mytemp", "tmpfs", MS_NOSUID | MS_NODEV, NULL), "mount tmpfs");
    check(execvp(argv[1], argv + 1), argv[1]);
    return 125;
}

int main(int argc, char **argv)
{
    int status, flags = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
    if (argc < 3)
        return 2;
    make_group();
    pid_t pid = clone(become, stack + sizeof stack, flags, argv + 1);
    check(pid, "clone");
    check(waitpid(pid, &status, 0), "waitpid");
    remove_group(memory);
    if (!is_v2)
        remove_group(pids);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
