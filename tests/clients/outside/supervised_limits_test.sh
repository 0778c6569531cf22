#!/bin/sh
# supervised_limits: where the kernel does not let system calls be answered from outside, daxemu says which limit that is and what
# still works: a daxemu run inside of another, a listener that is there already, seccomp(2) or ptrace(2) refused; and namespaces,
# no_new_privs and other root directories, in which it works or is let go on.
#   supervised_limits_test.sh OWN_CALLS_PROGRAM SECCOMP_PROGRAM
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../lib.sh"
own_calls=$1
seccomp=$2
size=/sys/bus/dax/devices/dax0.0/size
align=/sys/bus/dax/devices/dax0.0/align
none='the kernel does not tell of system calls here'
needs busybox
run() {
  status_of "$daxemu" run --size 64M --backing shmem --intercept "$@"
}
# inside HOW COMMAND ...: the same inside of what seccomp_program makes.
inside() {
  how=$1
  shift
  status_of "$seccomp" "$how" "$daxemu" run --size 64M --backing shmem --intercept "$@"
  [ "$status" -ne 77 ] || skip "$err"
}
run kernel -- true
case $err in
  *"$none"*) skip "$err" ;;
esac
both='cat '$size'; busybox cat '$size

# A daxemu run under one whose programs are answered from outside is refused, and what is above goes on; one under a library works.
for how in kernel auto libc; do
  # shellcheck disable=SC2016 # for that shell
  run kernel -- sh -c '"$0" run --size 128M --intercept '$how' -- cat '$size'; echo "$?"; cat '$size "$daxemu"
  same "exit status inside of one, --intercept $how, and what is above" "$out" "125
67108864"
  same "said inside of one" "$err" "daxemu: the system calls of this process are answered by another daxemu run (--intercept kernel); run it outside \
of that, or that with --intercept libc"
done
for how in kernel auto; do
  run libc -- "$daxemu" run --size 128M --backing shmem --intercept "$how" -- sh -c "$both"
  same "--intercept $how under a library" "$out" "134217728
134217728"
done

# Who supervises a container has a listener already: the kernel has room for one.
inside listener kernel -- true
same "exit status beside another listener" "$status" 125
matches "said of another listener" "$err" "$none.*EBUSY.*run it outside of that, or use --intercept libc"
inside listener auto -- sh -c "$both; :"
same "dynamic programs beside it" "$out" 67108864
matches "said of a static one beside it" "$err" '^daxemu: [^ ]*busybox cannot see the devices: .*EBUSY.*run it outside of that, or use --intercept libc'
inside listener libc -- cat $size
same "--intercept libc beside it" "$out$err" 67108864

# A profile that refuses seccomp(2).
inside deny-seccomp kernel -- true
same "exit status where seccomp is refused" "$status" 125
matches "said of seccomp" "$err" "$none.*forbids seccomp.*allow seccomp in the container's profile, or use --intercept libc"
inside deny-seccomp auto -- sh -c "$both; :"
same "dynamic programs where seccomp is refused" "$out" 67108864
matches "said of a static one there" "$err" '^daxemu: [^ ]*busybox cannot see the devices: .*forbids seccomp'

# One that refuses ptrace(2): all but mappings, and said once.
inside deny-ptrace kernel -- sh -c "$both; \"\$0\" /dev/dax0.0 $align; \"\$0\" /dev/dax0.0 $align" "$own_calls"
same "attributes where ptrace is refused" "$(printf '%s\n' "$out" | head -n 2)" "67108864
67108864"
matches "what a program finds there" "$out" '^mmap: -EPERM$'
matches "and before" "$out" '^open: ok$'
same "said of ptrace" "$(printf '%s\n' "$err" | grep -c '^daxemu: ptrace of process [0-9]* is refused: --intercept kernel cannot map')" 1
status_of "$seccomp" deny-ptrace "$daxemu" doctor
matches "doctor where ptrace is refused" "$out" 'static and Go programs .*devices cannot be mapped: ptrace is refused'
status_of "$seccomp" listener "$daxemu" doctor
matches "doctor beside another listener" "$out" 'static and Go programs .*EBUSY'

# Without new privileges; as an ordinary user, who must give them up, set-user-ID programs are without theirs.
if command -v setpriv >/dev/null; then
  status_of setpriv --no-new-privs "$daxemu" run --size 64M --backing shmem --intercept kernel -- "$own_calls" /dev/dax0.0 $align
  matches "with no_new_privs" "$out" '^sum: 261120$'
  if [ "$(id -u)" -eq 0 ]; then
    chmod 755 "$scratch"
    status_of setpriv --reuid 65534 --regid 65534 --clear-groups "$daxemu" run --size 64M --backing shmem --intercept kernel -- \
      sh -c 'grep NoNewPrivs /proc/self/status; busybox cat '$size
    same "an ordinary user" "$out" "NoNewPrivs:	1
67108864"
  fi
fi

# Namespaces: mounts, processes and users of one's own; a process knows itself by another number than we do.
for options in '-m -p -f --mount-proc' '-U -r' '-n' '-i -u'; do
  # shellcheck disable=SC2086 # words
  unshare $options true 2>/dev/null || continue
  # shellcheck disable=SC2086 # words
  run kernel -- unshare $options "$own_calls" /dev/dax0.0 $align
  same "exit status in unshare $options: $err" "$status" 0
  matches "a mapping in unshare $options" "$out" '^sum: 261120$'
  matches "its child" "$out" '^child: 0, its byte: 77$'
  # shellcheck disable=SC2086 # words
  run kernel -- unshare $options sh -c 'cd /sys/bus/dax/devices/dax0.0 && /bin/pwd; ls -l /proc/self/fd/3 3</dev/dax0.0 | sed "s/.*-> //"'
  matches "a directory in unshare $options" "$out" '/dax0.0$'
done

# Another root directory: nothing of ours is in it, and the way back leads to it again.
if [ "$(id -u)" -eq 0 ]; then
  mkdir -p root/bin root/dev
  cp "$(command -v busybox)" root/bin/busybox
  run kernel -- sh -c 'chroot root /bin/busybox sh -c "busybox ls /dev; busybox cat /dev/dax0.0 || echo none"; ls /dev/dax0.0'
  same "in another root directory" "$out" "none
/dev/dax0.0"
fi
nothing_runs
