// Asynchronous I/O to and from the mapping: io_submit, io_uring plain and with registered buffers.
#include <algorithm>
#include <cstring>

#include <liburing.h>
#include <linux/aio_abi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

constexpr unsigned char kMark = 0x65;

struct Place {
  const char* name;
  bool touched;
  bool beyond;
};

constexpr Place kPlaces[] = {{"touched", true, false}, {"untouched", false, false}, {"beyond-the-end", false, true}};

View buffer_at(const Device& d, const Place& place) {
  if (place.beyond) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    if (base == MAP_FAILED) {
      throw Stop{"setup mmap " + last_error()};
    }
    return {static_cast<char*>(base), d.align};
  }
  const View view = mapped(d);
  if (place.touched) {
    (void)load(view.base);
  }
  return view;
}

std::string result_text(long result) {
  return result < 0 ? error_name(static_cast<int>(-result)) : "ok=" + std::to_string(result);
}

// What a transfer left: the file's bytes or the mapping's.
std::string arrived(const Device& d, bool into_mapping, int file) {
  if (into_mapping) {
    return all_bytes(mapped(d).base, kPage, kMark) ? "bytes" : "other-bytes";
  }
  char* own = anonymous(kPage);
  const int again = ::open(("/proc/self/fd/" + std::to_string(file)).c_str(), O_RDONLY);
  const long got = ::pread(again, own, kPage, 0);
  return got == static_cast<long>(kPage) && all_bytes(own, kPage, kMark) ? "bytes" : "other-bytes";
}

std::string by_aio(const Device& d, const Place& place, bool into, int flags) {
  const int file = scratch_file(d, kPage, into ? kMark : 0, flags);
  std::memset(mapped(d).base, into ? 0 : kMark, kPage);
  const View view = buffer_at(d, place);
  aio_context_t context = 0;
  if (::syscall(SYS_io_setup, 4, &context) != 0) {
    return "setup " + last_error();
  }
  iocb request{};
  request.aio_fildes = static_cast<std::uint32_t>(file);
  request.aio_lio_opcode = into ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE;
  request.aio_buf = reinterpret_cast<std::uintptr_t>(view.base);
  request.aio_nbytes = kPage;
  iocb* list[] = {&request};
  const long submitted = ::syscall(SYS_io_submit, context, 1, list);
  if (submitted != 1) {
    return "submit " + last_error();
  }
  io_event event{};
  const timespec wait{.tv_sec = 4, .tv_nsec = 0};
  if (::syscall(SYS_io_getevents, context, 1, 1, &event, &wait) != 1) {
    return "getevents " + last_error();
  }
  return line({result_text(static_cast<long>(event.res)), place.beyond ? "" : arrived(d, into, file)});
}

// One request and its result.
long uring_result(io_uring& ring) {
  const int submitted = ::io_uring_submit(&ring);
  if (submitted < 0) {
    return submitted;
  }
  io_uring_cqe* done = nullptr;
  __kernel_timespec wait{.tv_sec = 4, .tv_nsec = 0};
  const int waited = ::io_uring_wait_cqe_timeout(&ring, &done, &wait);
  return waited < 0 ? waited : done->res;
}

io_uring started() {
  io_uring ring;
  const int error = ::io_uring_queue_init(4, &ring, 0);
  if (error < 0) {
    throw Stop{"setup io_uring " + error_name(-error)};
  }
  return ring;
}

std::string by_uring(const Device& d, const Place& place, bool into, int flags) {
  const int file = scratch_file(d, kPage, into ? kMark : 0, flags);
  std::memset(mapped(d).base, into ? 0 : kMark, kPage);
  const View view = buffer_at(d, place);
  io_uring ring = started();
  io_uring_sqe* request = ::io_uring_get_sqe(&ring);
  if (into) {
    ::io_uring_prep_read(request, file, view.base, kPage, 0);
  } else {
    ::io_uring_prep_write(request, file, view.base, kPage, 0);
  }
  return line({result_text(uring_result(ring)), place.beyond ? "" : arrived(d, into, file)});
}

std::string fixed_buffer(const Device& d, const Place& place, std::uint64_t length) {
  const View view = buffer_at(d, place);
  io_uring ring = started();
  const iovec part{view.base, length};
  return returned(::io_uring_register_buffers(&ring, &part, 1));
}

std::string fixed_transfer(const Device& d, bool into) {
  const int file = scratch_file(d, kPage, into ? kMark : 0, 0);
  const View view = mapped(d);
  std::memset(view.base, into ? 0 : kMark, kPage);
  io_uring ring = started();
  const iovec part{view.base, kPage};
  const int error = ::io_uring_register_buffers(&ring, &part, 1);
  if (error < 0) {
    return "register " + error_name(-error);
  }
  io_uring_sqe* request = ::io_uring_get_sqe(&ring);
  if (into) {
    ::io_uring_prep_read_fixed(request, file, view.base, kPage, 0, 0);
  } else {
    ::io_uring_prep_write_fixed(request, file, view.base, kPage, 0, 0);
  }
  return line({result_text(uring_result(ring)), arrived(d, into, file)});
}

// io_uring on the device's own descriptor.
std::string on_device(const Device& d, void (*prepare)(io_uring_sqe*, int fd, char* bytes)) {
  io_uring ring = started();
  prepare(::io_uring_get_sqe(&ring), opened(d), anonymous(kPage));
  return result_text(uring_result(ring));
}

} // namespace

void add_async_rows(Table& table) {
  for (const bool direct : {false, true}) {
    for (const bool into : {false, true}) {
      for (const Place& place : kPlaces) {
        const std::string rest =
            std::string(direct ? ".direct" : ".cached") + (into ? ".into-mapping." : ".from-mapping.") + place.name;
        table.add("aio" + rest,
                  [direct, into, place](const Device& d) { return by_aio(d, place, into, direct ? O_DIRECT : 0); });
        table.add("uring" + rest,
                  [direct, into, place](const Device& d) { return by_uring(d, place, into, direct ? O_DIRECT : 0); });
      }
    }
  }
  table.add("uring.register-buffers", [](const Device& d) {
    return line({"touched=" + fixed_buffer(d, kPlaces[0], kPage), "untouched=" + fixed_buffer(d, kPlaces[1], kPage),
                 "2M=" + fixed_buffer(d, kPlaces[0], std::min<std::uint64_t>(d.align, 2U << 20U))});
  });
  table.add("uring.register-buffers.beyond-the-end",
            [](const Device& d) { return fixed_buffer(d, kPlaces[2], kPage); });
  table.add("uring.fixed", [](const Device& d) {
    return line({"read=" + fixed_transfer(d, true), "write=" + fixed_transfer(d, false)});
  });
  table.add("uring.on-device", [](const Device& d) {
    const auto read = [](io_uring_sqe* sqe, int fd, char* bytes) { ::io_uring_prep_read(sqe, fd, bytes, 512, 0); };
    const auto write = [](io_uring_sqe* sqe, int fd, char* bytes) { ::io_uring_prep_write(sqe, fd, bytes, 512, 0); };
    const auto sync = [](io_uring_sqe* sqe, int fd, char*) { ::io_uring_prep_fsync(sqe, fd, 0); };
    return line({"read=" + on_device(d, read), "write=" + on_device(d, write), "fsync=" + on_device(d, sync)});
  });
  table.add("aio.on-device.read", [](const Device& d) {
    aio_context_t context = 0;
    (void)::syscall(SYS_io_setup, 4, &context);
    iocb request{};
    request.aio_fildes = static_cast<std::uint32_t>(opened(d));
    request.aio_lio_opcode = IOCB_CMD_PREAD;
    request.aio_buf = reinterpret_cast<std::uintptr_t>(anonymous(kPage));
    request.aio_nbytes = kPage;
    iocb* list[] = {&request};
    return said(::syscall(SYS_io_submit, context, 1, list));
  });
}

} // namespace conformance
