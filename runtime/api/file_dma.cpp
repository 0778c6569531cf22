#include "runtime/api/file_dma.hpp"

#include <algorithm>

#include <liburing.h>
#include <sys/uio.h>

namespace daxemu::api {
namespace {

constexpr unsigned kInFlight = 32;
constexpr std::uint64_t kMost = 1ULL << 20; // bytes of a request

struct Request {
  std::byte* memory = nullptr;
  std::uint32_t size = 0;
  std::uint64_t offset = 0; // in the file
  unsigned buffer = 0;      // number of the registered buffer it lies in
  std::int64_t done = -1;   // bytes, or -errno
};

std::vector<Request> requests_of(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) {
  std::vector<Request> requests;
  for (unsigned buffer = 0; buffer < pieces.size(); ++buffer) {
    for (std::uint64_t at = 0; at < pieces[buffer].size(); at += kMost) {
      const auto size = static_cast<std::uint32_t>(std::min(kMost, pieces[buffer].size() - at));
      requests.push_back({pieces[buffer].data() + at, size, offset, buffer, -1});
      offset += size;
    }
  }
  return requests;
}

class Ring {
public:
  Ring() : error_(-::io_uring_queue_init(kInFlight, &ring_, 0)) {}
  ~Ring() {
    if (error_ == 0) {
      ::io_uring_queue_exit(&ring_);
    }
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] ::io_uring* get() { return &ring_; }

private:
  ::io_uring ring_{};
  int error_;
};

// Where the kernel cannot register the memory (RLIMIT_MEMLOCK, file-backed memory up to 6.1), plain requests do.
bool register_pieces(Ring& ring, std::span<const std::span<std::byte>> pieces) {
  std::vector<iovec> buffers;
  for (const auto& piece : pieces) {
    buffers.push_back({piece.data(), piece.size()});
  }
  constexpr std::size_t kMostBuffers = 1024; // UIO_MAXIOV
  constexpr std::size_t kMostBytes = 1ULL << 30;
  const bool fits = buffers.size() <= kMostBuffers && std::all_of(buffers.begin(), buffers.end(), [](const iovec& one) {
                      return one.iov_len <= kMostBytes;
                    });
  return fits && ::io_uring_register_buffers(ring.get(), buffers.data(), static_cast<unsigned>(buffers.size())) == 0;
}

void prepare(io_uring_sqe* entry, int fd, Request& request, Transfer direction, bool registered) {
  const auto buffer = static_cast<int>(request.buffer);
  if (direction == Transfer::from_file) {
    registered ? ::io_uring_prep_read_fixed(entry, fd, request.memory, request.size, request.offset, buffer)
               : ::io_uring_prep_read(entry, fd, request.memory, request.size, request.offset);
  } else {
    registered ? ::io_uring_prep_write_fixed(entry, fd, request.memory, request.size, request.offset, buffer)
               : ::io_uring_prep_write(entry, fd, request.memory, request.size, request.offset);
  }
  ::io_uring_sqe_set_data(entry, &request);
}

} // namespace

Result<std::uint64_t> transfer(int fd, std::uint64_t offset, std::span<const std::span<std::byte>> pieces,
                               Transfer direction) {
  Ring ring;
  if (ring.error() != 0) {
    return fail(ring.error());
  }
  const bool registered = register_pieces(ring, pieces);
  std::vector<Request> requests = requests_of(offset, pieces);
  std::size_t next = 0;
  std::size_t finished = 0;
  while (finished < requests.size()) {
    while (next < requests.size() && next - finished < kInFlight) {
      io_uring_sqe* entry = ::io_uring_get_sqe(ring.get());
      if (entry == nullptr) {
        break;
      }
      prepare(entry, fd, requests[next++], direction, registered);
    }
    if (const int submitted = ::io_uring_submit_and_wait(ring.get(), 1); submitted < 0 && submitted != -EINTR) {
      return fail(-submitted);
    }
    io_uring_cqe* completion = nullptr;
    while (::io_uring_peek_cqe(ring.get(), &completion) == 0) {
      static_cast<Request*>(::io_uring_cqe_get_data(completion))->done = completion->res;
      ::io_uring_cqe_seen(ring.get(), completion);
      ++finished;
    }
  }
  std::uint64_t moved = 0;
  for (const Request& request : requests) {
    if (request.done < 0) {
      return moved > 0 ? Result<std::uint64_t>(moved) : fail(static_cast<int>(-request.done));
    }
    moved += static_cast<std::uint64_t>(request.done);
    if (request.done < static_cast<std::int64_t>(request.size)) {
      break;
    }
  }
  return moved;
}

} // namespace daxemu::api
