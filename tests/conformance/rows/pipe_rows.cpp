// Pipes that hold the device's pages: vmsplice, tee, splice.
#include <cstring>

#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

namespace conformance {
namespace {

constexpr unsigned char kMark = 0x51;

struct Pipe {
  int out = -1; // read here
  int in = -1;  // write here
};

Pipe made_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw Stop{"setup pipe " + last_error()};
  }
  return {ends[0], ends[1]};
}

std::string count(long got) {
  return got < 0 ? last_error() : "ok=" + std::to_string(got);
}

std::string drained(int fd, std::uint64_t length, unsigned char value) {
  char* own = anonymous(length);
  const long got = ::read(fd, own, length);
  return line(
      {count(got), got > 0 && all_bytes(own, static_cast<std::uint64_t>(got), value) ? "bytes" : "other-bytes"});
}

} // namespace

void add_pipe_rows(Table& table) {
  for (const bool touched : {true, false}) {
    const std::string how = touched ? "touched" : "untouched";
    table.add("pipe.write." + how, [touched](const Device& d) {
      std::memset(mapped(d).base, kMark, kPage);
      const View view = mapped(d);
      if (touched) {
        (void)load(view.base);
      }
      const Pipe pipe = made_pipe();
      const std::string put = count(::write(pipe.in, view.base, kPage));
      return line({put, drained(pipe.out, kPage, kMark)});
    });
    table.add("pipe.read." + how, [touched](const Device& d) {
      const View view = mapped(d);
      if (touched) {
        (void)load(view.base);
      }
      const Pipe pipe = made_pipe();
      char* own = anonymous(kPage);
      std::memset(own, kMark, kPage);
      (void)!::write(pipe.in, own, kPage);
      const std::string got = count(::read(pipe.out, view.base, kPage));
      return line({got, load_text(view.base + kPage - 1, kMark)});
    });
    for (const unsigned flags : {0U, static_cast<unsigned>(SPLICE_F_GIFT)}) {
      table.add("pipe.vmsplice." + std::string(flags == 0 ? "" : "gift.") + how, [touched, flags](const Device& d) {
        std::memset(mapped(d).base, kMark, kPage);
        const View view = mapped(d);
        if (touched) {
          (void)load(view.base);
        }
        const Pipe pipe = made_pipe();
        const iovec part{view.base, kPage};
        const std::string put = count(::vmsplice(pipe.in, &part, 1, flags));
        return line({put, drained(pipe.out, kPage, kMark)});
      });
    }
    table.add("pipe.vmsplice-out." + how, [touched](const Device& d) {
      const View view = mapped(d);
      if (touched) {
        (void)store(view.base, 0);
      }
      const Pipe pipe = made_pipe();
      char* own = anonymous(kPage);
      std::memset(own, kMark, kPage);
      (void)!::write(pipe.in, own, kPage);
      const iovec part{view.base, kPage};
      const std::string got = count(::vmsplice(pipe.out, &part, 1, 0));
      return line({got, load_text(view.base, kMark)});
    });
  }
  table.add("pipe.vmsplice.is-the-page-itself", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, 0, kPage);
    const Pipe pipe = made_pipe();
    const iovec part{view.base, kPage};
    const std::string put = count(::vmsplice(pipe.in, &part, 1, 0));
    std::memset(view.base, kMark, kPage); // after the splice: the pipe shows it
    return line({put, drained(pipe.out, kPage, kMark)});
  });
  table.add("pipe.vmsplice.outlives-the-mapping", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, kMark, kPage);
    const Pipe pipe = made_pipe();
    const iovec part{view.base, kPage};
    const std::string put = count(::vmsplice(pipe.in, &part, 1, 0));
    ::munmap(view.base, view.length);
    return line({put, drained(pipe.out, kPage, kMark)});
  });
  table.add("pipe.vmsplice.across-extents", [](const Device& d) {
    const View view = mapped(d, 2);
    std::memset(view.base + d.align - kPage, kMark, 2 * kPage);
    const Pipe pipe = made_pipe();
    const iovec part{view.base + d.align - kPage, 2 * kPage};
    const std::string put = count(::vmsplice(pipe.in, &part, 1, 0));
    return line({put, drained(pipe.out, 2 * kPage, kMark)});
  });
  table.add("pipe.vmsplice.beyond-the-end", [](const Device& d) {
    void* base = ::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size));
    const iovec part{base, kPage};
    return base == MAP_FAILED ? last_error() : count(::vmsplice(made_pipe().in, &part, 1, 0));
  });
  table.add("pipe.vmsplice.across-the-end", [](const Device& d) {
    char* base = static_cast<char*>(
        ::mmap(nullptr, 2 * d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size - d.align)));
    const iovec part{base + d.align - kPage, 2 * kPage};
    return count(::vmsplice(made_pipe().in, &part, 1, 0));
  });
  table.add("pipe.vmsplice.odd-range", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, kMark, kPage);
    const Pipe pipe = made_pipe();
    const iovec part{view.base + 10, 100};
    const std::string put = count(::vmsplice(pipe.in, &part, 1, 0));
    return line({put, drained(pipe.out, kPage, kMark)});
  });
  table.add("pipe.tee-then-both", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, kMark, kPage);
    const Pipe one = made_pipe();
    const Pipe two = made_pipe();
    const iovec part{view.base, kPage};
    (void)::vmsplice(one.in, &part, 1, 0);
    const std::string copied = count(::tee(one.out, two.in, kPage, 0));
    return line({copied, drained(one.out, kPage, kMark), drained(two.out, kPage, kMark)});
  });
  table.add("pipe.splice-to-file", [](const Device& d) {
    const View view = mapped(d);
    std::memset(view.base, kMark, kPage);
    const Pipe pipe = made_pipe();
    const iovec part{view.base, kPage};
    (void)::vmsplice(pipe.in, &part, 1, 0);
    const int file = scratch_file(d, kPage, 0);
    loff_t at = 0;
    const std::string moved = count(::splice(pipe.out, nullptr, file, &at, kPage, 0));
    return line({moved, drained(file, kPage, kMark)});
  });
}

} // namespace conformance
