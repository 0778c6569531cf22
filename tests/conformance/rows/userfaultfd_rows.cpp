// userfaultfd on the mapping: device-dax cannot be registered, and a program that tries must be told so.
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

namespace conformance {
namespace {

struct Word {
  const char* name;
  std::uint64_t value;
};

int started() {
  const int fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
  if (fd < 0) {
    throw Stop{"setup userfaultfd " + last_error()};
  }
  uffdio_api api{.api = UFFD_API, .features = 0, .ioctls = 0};
  if (::ioctl(fd, UFFDIO_API, &api) != 0) {
    throw Stop{"setup api " + last_error()};
  }
  return fd;
}

std::string registered(void* base, std::uint64_t length, std::uint64_t mode) {
  uffdio_register request{};
  request.range.start = reinterpret_cast<std::uintptr_t>(base);
  request.range.len = length;
  request.mode = mode;
  return said(::ioctl(started(), UFFDIO_REGISTER, &request));
}

} // namespace

void add_userfaultfd_rows(Table& table) {
  for (const Word& mode : {Word{"missing", UFFDIO_REGISTER_MODE_MISSING}, Word{"wp", UFFDIO_REGISTER_MODE_WP},
                           Word{"minor", UFFDIO_REGISTER_MODE_MINOR},
                           Word{"missing+wp", UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP}}) {
    table.add(std::string("userfaultfd.register.") + mode.name, [mode](const Device& d) {
      const View view = mapped(d);
      return line({registered(view.base, view.length, mode.value), load_text(view.base)});
    });
    table.add(std::string("userfaultfd.register.touched.") + mode.name, [mode](const Device& d) {
      const View view = mapped(d);
      (void)load(view.base);
      return registered(view.base, view.length, mode.value);
    });
  }
  table.add("userfaultfd.register.head-page",
            [](const Device& d) { return registered(mapped(d).base, kPage, UFFDIO_REGISTER_MODE_MISSING); });
  table.add("userfaultfd.register.second-extent", [](const Device& d) {
    return registered(mapped(d, 2).base + d.align, d.align, UFFDIO_REGISTER_MODE_MISSING);
  });
  table.add("userfaultfd.unregister", [](const Device& d) {
    const View view = mapped(d);
    uffdio_range range{.start = reinterpret_cast<std::uintptr_t>(view.base), .len = view.length};
    return line({said(::ioctl(started(), UFFDIO_UNREGISTER, &range)), load_text(view.base)});
  });
  table.add("userfaultfd.copy-into", [](const Device& d) {
    const View view = mapped(d);
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<std::uintptr_t>(view.base);
    copy.src = reinterpret_cast<std::uintptr_t>(anonymous(kPage));
    copy.len = kPage;
    return said(::ioctl(started(), UFFDIO_COPY, &copy));
  });
  table.add("userfaultfd.zeropage-into", [](const Device& d) {
    const View view = mapped(d);
    uffdio_zeropage zero{};
    zero.range.start = reinterpret_cast<std::uintptr_t>(view.base);
    zero.range.len = kPage;
    return said(::ioctl(started(), UFFDIO_ZEROPAGE, &zero));
  });
  table.add("userfaultfd.anonymous-beside-it-works", [](const Device& d) {
    (void)load(mapped(d).base);
    char* other = anonymous(kPage);
    return registered(other, kPage, UFFDIO_REGISTER_MODE_MISSING);
  });
}

} // namespace conformance
