/* What is visible in libdaxemu.so, and C linkage. */
#ifndef DAXEMU_EXPORT_H
#define DAXEMU_EXPORT_H

#define DAXEMU_EXPORT __attribute__((visibility("default")))

#ifdef __cplusplus
#define DAXEMU_BEGIN_C extern "C" {
#define DAXEMU_END_C }
#else
#define DAXEMU_BEGIN_C
#define DAXEMU_END_C
#endif

#endif
