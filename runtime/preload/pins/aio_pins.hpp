// Pages of devices that requests of io_submit(2) by O_DIRECT read into or write from: referenced until the request is
// done (bio_iov_iter_get_pages). Nobody tells us when: programs collect events by io_getevents(2) or out of the ring
// the kernel shares with them, so that ring is what is asked whenever the ledger is to be right.
#pragma once

#include <cstdint>
#include <span>

#include <linux/aio_abi.h>

namespace daxemu::preload {

// Before `requests` are submitted: what the kernel will touch is made present, and what it will reference is held.
void hold_requests(aio_context_t context, std::span<iocb* const> requests, std::uint64_t site);
// They were not submitted after all.
void drop_requests(aio_context_t context, std::span<iocb* const> requests);
// The context is gone, and everything in it done.
void drop_context(aio_context_t context);

// Drops what is done. Allocates nothing and takes no lock of the C library's: the watcher's thread calls it.
void settle_aio() noexcept;

void aio_before_fork();
void aio_after_fork(bool in_child);

} // namespace daxemu::preload
