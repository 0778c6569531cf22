// One request of io_uring, by system calls alone: a ring is made for it and goes again.
#pragma once

#include <cstddef>

#include <sys/types.h>

namespace sequences::reach {

// What the request ended with: bytes, or an error below zero.
int ring_request(bool reads, int fd, void* at, std::size_t length, off_t offset);

} // namespace sequences::reach
