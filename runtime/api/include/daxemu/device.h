/* Platforms, devices and mappings. An emulated device lives in this process; where the machine has a device-dax of the
 * asked name, size and align, DAXEMU=auto uses that instead, behind the same calls. Functions return 0 or a negative
 * errno; daxemu_last_error() has the words. All are thread-safe but those that destroy an object. */
#ifndef DAXEMU_DEVICE_H
#define DAXEMU_DEVICE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <daxemu/export.h>
#include <daxemu/pgmap.h>

DAXEMU_BEGIN_C

struct daxemu_platform; /* one emulated machine's dax bus, and this process's view of it */
struct daxemu_device;

/* What went wrong in this thread's last call that failed: what, and what to do about it. Never NULL; valid until the
 * thread's next call. */
DAXEMU_EXPORT const char* daxemu_last_error(void);
/* The kernel whose device-dax is mirrored, "linux-6.1": by the platform of daxemu_platform_use(); where there is none,
 * by those made without naming one: the variable DAXEMU_KERNEL's, or the default. */
DAXEMU_EXPORT const char* daxemu_profile(void);
/* Kernel number `index` of those that can be mirrored, "6.1" first; NULL behind the last. */
DAXEMU_EXPORT const char* daxemu_kernel(unsigned index);

/* Makes a platform of that name, with no devices: 0, -ENOMEM, -EMFILE, -EINVAL (DAXEMU_KERNEL). The first platform made
 * becomes the one that get_user_pages and the like look into. */
DAXEMU_EXPORT int daxemu_platform_create(const char* name, struct daxemu_platform** platform);
/* The same, as `kernel` would: "6.12", "linux-6.12" or what uname -r prints; another kernel's version stands for the
 * nearest that is not newer. NULL or "": as daxemu_platform_create(). -EINVAL: no kernel's version, or an older one. */
DAXEMU_EXPORT int daxemu_platform_create_as(const char* name, const char* kernel, struct daxemu_platform** platform);
/* "linux-6.12". */
DAXEMU_EXPORT const char* daxemu_platform_profile(const struct daxemu_platform* platform);
/* Closes its devices first: -EBUSY while one of them is still pinned (nothing is destroyed then). */
DAXEMU_EXPORT int daxemu_platform_destroy(struct daxemu_platform* platform);
/* The platform that the calls without one use (struct mm_struct of `current`); NULL: none. */
DAXEMU_EXPORT void daxemu_platform_use(struct daxemu_platform* platform);

struct daxemu_device_spec {
  size_t struct_size;  /* sizeof(struct daxemu_device_spec): newer fields are optional */
  const char* name;    /* "dax0.0"; NULL: the next free one of region 0 */
  uint64_t size;       /* bytes, a multiple of align and of 2M */
  uint64_t align;      /* bytes of an extent: 4K, 2M or 1G */
  const char* backing; /* "auto", "hugetlb" or "shmem"; NULL: auto */
  const char* type;    /* "GENERIC" and so on, see daxemu_pgmap_preset(); NULL: GENERIC. Others than device-dax are
                        * emulated always */
  uint32_t behaviours; /* with type "custom": DAXEMU_PGMAP_* */
  const char* mode;    /* "auto", "emulate" or "kernel"; NULL: the variable DAXEMU, else auto */
  const struct daxemu_dev_pagemap_ops* ops; /* NULL: none; kept by reference */
  void* owner;                              /* pgmap->owner; NULL: the platform */
  void* private_data;                       /* handed to ops */
  size_t ops_size;                          /* sizeof(struct daxemu_dev_pagemap_ops); 0: the first version's */
};

/* Makes the device, or opens the machine's own: 0, -EINVAL (sizes, names, sets of behaviours that cannot be), -ENOMEM
 * (no huge pages), -ENODEV (mode kernel, no such device), -EEXIST (the name is taken). */
DAXEMU_EXPORT int daxemu_device_open(struct daxemu_platform* platform, const struct daxemu_device_spec* spec,
                                     struct daxemu_device** device);
/* 0, or -EBUSY while mapped, or while pinned (see daxemu_device_unbind). */
DAXEMU_EXPORT int daxemu_device_close(struct daxemu_device* device);

/* "dax0.0"; valid while the device is open. */
DAXEMU_EXPORT const char* daxemu_device_name(const struct daxemu_device* device);
DAXEMU_EXPORT uint64_t daxemu_device_size(const struct daxemu_device* device);  /* bytes */
DAXEMU_EXPORT uint64_t daxemu_device_align(const struct daxemu_device* device); /* bytes */
DAXEMU_EXPORT int daxemu_device_node(const struct daxemu_device* device);       /* NUMA node, -1: none */
/* false: the machine's own device-dax. */
DAXEMU_EXPORT bool daxemu_device_is_emulated(const struct daxemu_device* device);
DAXEMU_EXPORT const char* daxemu_device_why(const struct daxemu_device* device);    /* why real or emulated; backing */
DAXEMU_EXPORT uint64_t daxemu_device_first_pfn(const struct daxemu_device* device); /* 0 on a real device: not known */

/* mmap(2) with MAP_SHARED: `length` and `offset` are multiples of align, `prot` as mmap(2)'s. -EINVAL, -ENODEV
 * (unbound), and mmap(2)'s. An extent of an emulated device is
 * mapped when it is first touched, by a get or pin call, daxemu_touch() or the processor; the latter is seen where this
 * process may use userfaultfd (daxemu_touch_engine), else the kernel serves it and only PRIVATE memory is out of reach.
 * A touch that is refused (poison, no memory, a dying device) is SIGBUS. */
DAXEMU_EXPORT int daxemu_mmap(struct daxemu_device* device, size_t length, int prot, uint64_t offset, void** address);
/* munmap(2), `length` in bytes. Whole mappings only: -EINVAL for anything else. */
DAXEMU_EXPORT int daxemu_munmap(void* address, size_t length);
/* mprotect(2) on a whole mapping, `length` in bytes; PROT_READ and PROT_WRITE. 0, -EINVAL (a part of one), or what
 * mprotect(2) says of memory that is no mapping of ours. */
DAXEMU_EXPORT int daxemu_mprotect(void* address, size_t length, int prot);
/* handle_mm_fault(): -EFAULT (nothing there, rights, a dying device), -EHWPOISON, what ops->migrate_to_ram says. */
DAXEMU_EXPORT int daxemu_touch(void* address, bool write);

/* How touches of the processor come to daxemu in this process: "handler", "handler (user mode only)" (then system calls
 * into an untouched extent are EFAULT), or "none: " and why. Valid until the thread's next call. */
DAXEMU_EXPORT const char* daxemu_touch_engine(struct daxemu_platform* platform);
/* Memory mapped by entries of `order` (9: PMD, 18: PUD) that have neither pgmap nor struct page, as graphics drivers
 * made them (vmf_insert_pfn_pmd in TTM up to 5.16): the processor reaches it, get and pin calls are -EFAULT. */
DAXEMU_EXPORT int daxemu_mmap_special(struct daxemu_platform* platform, size_t length, unsigned order, int prot,
                                      void** address);
/* migrate_vma_pages() towards the device: what of the range lies in RAM goes back to the PRIVATE or COHERENT pages it
 * came from. The number of pages moved (those referenced in RAM stay), -EINVAL (no mapping of such memory), -EOPNOTSUPP
 * (no ops->migrate_to_device), what the operation says. */
DAXEMU_EXPORT long daxemu_migrate_to_device(void* address, size_t length);
/* To be called first thing in a SIGBUS handler (SA_SIGINFO): makes `info`, its siginfo_t, what the kernel would have
 * sent. A touch of a poisoned extent becomes BUS_MCEERR_AR with the extent's address and si_addr_lsb; the early notice
 * that a thread asked for by prctl(PR_MCE_KILL) becomes BUS_MCEERR_AO. False: it is neither, and unchanged.
 * Async-signal-safe. Under `daxemu run` programs need not. */
DAXEMU_EXPORT bool daxemu_translate_sigbus(void* info);

/* memory_failure() on the byte at `offset`: the extent goes out of every mapping, touches are SIGBUS;
 * the first thread whose PR_MCE_KILL policy is early is told at once, if the process had touched the extent. -ENXIO
 * (beyond the device; memory whose driver handles its own failures), -EOPNOTSUPP (a real device: use MADV_HWPOISON). */
DAXEMU_EXPORT int daxemu_device_poison(struct daxemu_device* device, uint64_t offset);
/* The extent is usable again and reads as zeroes. -ENOENT (not poisoned), -EBUSY (referenced), -EOPNOTSUPP. */
DAXEMU_EXPORT int daxemu_device_heal(struct daxemu_device* device, uint64_t offset);
/* memunmap_pages() with a bound: no new references, then waits for the old ones. -EBUSY when `milliseconds` have passed
 * (daxemu_last_error() says who holds what; it can be called again), -EOPNOTSUPP. */
DAXEMU_EXPORT int daxemu_device_unbind(struct daxemu_device* device, unsigned milliseconds);

/* A line per process that holds pages of the platform's devices, as far as they fit; bytes needed without the final 0.
 * Holds of dead processes are released first. */
DAXEMU_EXPORT long daxemu_pins(struct daxemu_platform* platform, char* text, size_t size);

DAXEMU_END_C

#endif
