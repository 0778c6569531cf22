// Memory failure: MADV_HWPOISON and MADV_SOFT_OFFLINE on the mapping, and what is left of the extent.
#include <cstring>

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/conformance/ask/bench.hpp"
#include "tests/conformance/ask/locking.hpp"
#include "tests/conformance/ask/sysfs_tree.hpp"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

namespace conformance {
namespace {

// A fresh start for each row: a driver that lets go of the device and takes it back makes its pages anew.
View fresh(const Device& d, std::uint64_t extents = 2) {
  (void)unbind(d);
  (void)bind(d);
  return mapped(d, extents);
}

// The advice as a process takes it that does not expect a signal, or one that does.
std::string failed(char* at, std::uint64_t length, int advice = MADV_HWPOISON) {
  long result = -1;
  const Touch touch = guarded(at, [&] { result = ::madvise(at, length, advice); });
  return touch.ok() ? said(result) : touch.text();
}

std::string count(long got) {
  return got < 0 ? last_error() : "ok=" + std::to_string(got);
}

} // namespace

void add_poison_rows(Table& table) {
  table.add_destructive("poison.page.touched", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 0x33);
    store(view.base + d.align, 0x34);
    const std::string result = failed(view.base, kPage);
    return line({"advice=" + result, "load=" + load_text(view.base, 0x33), "store=" + store_text(view.base),
                 "same-extent=" + load_text(view.base + d.align - 1),
                 "other-extent=" + load_text(view.base + d.align, 0x34)});
  });
  table.add_destructive("poison.page.untouched", [](const Device& d) {
    const View view = fresh(d);
    const std::string result = failed(view.base, kPage);
    return line({"advice=" + result, "load=" + load_text(view.base), "other-extent=" + load_text(view.base + d.align)});
  });
  table.add_destructive("poison.inner-page", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    char* at = view.base + (d.align > kPage ? d.align / 2 : 0);
    const std::string result = failed(at, kPage);
    return line({"advice=" + result, "there=" + load_text(at), "head=" + load_text(view.base)});
  });
  table.add_destructive("poison.twice", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    const std::string first = failed(view.base, kPage);
    return line({"first=" + first, "second=" + failed(view.base, kPage)});
  });
  table.add_destructive("poison.another-page-of-the-extent", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return "second=" + failed(view.base + (d.align > kPage ? kPage : 0), kPage);
  });
  table.add_destructive("poison.unmap-and-map-again", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    const std::string gone = said(::munmap(view.base, view.length));
    const View again = mapped(d, 2);
    return line({"munmap=" + gone, "load=" + load_text(again.base), "store=" + store_text(again.base),
                 "other=" + load_text(again.base + d.align)});
  });
  table.add_destructive("poison.second-mapping-of-this-process", [](const Device& d) {
    const View view = fresh(d);
    const View other = mapped(d);
    store(view.base, 1);
    (void)load(other.base);
    const std::string result = failed(view.base, kPage);
    return line({"advice=" + result, "other=" + load_text(other.base)});
  });
  table.add_destructive("poison.seen-by-another-process", [](const Device& d) {
    (void)fresh(d);
    Partner partner([&](Partner& me) {
      const View view = mapped(d, 2);
      (void)load(view.base);
      me.signal_other();
      me.wait_other();
      return line({"load=" + load_text(view.base), "other-extent=" + load_text(view.base + d.align)});
    });
    partner.wait_other();
    const View view = mapped(d);
    store(view.base, 1);
    const std::string result = failed(view.base, kPage);
    partner.signal_other();
    return line({"advice=" + result, "partner:", partner.join()});
  });
  table.add_destructive("poison.seen-by-a-new-process", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return in_child([&] { return load_text(mapped(d).base); });
  });
  table.add_destructive("poison.unhandled-is-fatal", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    return in_child([&] {
      (void)load(view.base);
      const std::string result = said(::madvise(view.base, kPage, MADV_HWPOISON));
      return line({result, std::to_string(*static_cast<volatile char*>(view.base) != 0)});
    });
  });
  table.add_destructive("poison.extents-length-2", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    store(view.base + d.align, 1);
    char* at = view.base + d.align - kPage;
    const std::string result = failed(at, 2 * kPage);
    return line({"advice=" + result, "first=" + load_text(view.base), "second=" + load_text(view.base + d.align)});
  });
  table.add_destructive("poison.odd-address", [](const Device& d) { return failed(fresh(d).base + 1, kPage); });
  table.add_destructive("poison.zero-length", [](const Device& d) { return failed(fresh(d).base, 0); });
  table.add_destructive("poison.prot=none", [](const Device& d) {
    (void)fresh(d);
    return failed(mapped(d, 1, 0, PROT_NONE).base, kPage);
  });
  table.add_destructive("poison.prot=r", [](const Device& d) {
    (void)fresh(d);
    const View view = mapped(d, 1, 0, PROT_READ);
    (void)load(view.base);
    return line({"advice=" + failed(view.base, kPage), "load=" + load_text(view.base)});
  });
  table.add_destructive("poison.beyond-the-end", [](const Device& d) {
    (void)fresh(d);
    char* base =
        static_cast<char*>(::mmap(nullptr, d.align, kReadWrite, MAP_SHARED, opened(d), static_cast<off_t>(d.size)));
    return failed(base, kPage);
  });
  for (const bool into : {false, true}) {
    table.add_destructive(std::string("poison.then.") + (into ? "read-into-it" : "write-from-it"),
                          [into](const Device& d) {
                            const View view = fresh(d);
                            store(view.base, 1);
                            (void)failed(view.base, kPage);
                            const int file = scratch_file(d, kPage, 7);
                            long got = -1;
                            const Touch touch = guarded(view.base, [&] {
                              got = into ? ::pread(file, view.base, kPage, 0) : ::pwrite(file, view.base, kPage, 0);
                            });
                            return touch.ok() ? count(got) : touch.text();
                          });
    table.add_destructive(std::string("poison.then.direct-") + (into ? "read-into-it" : "write-from-it"),
                          [into](const Device& d) {
                            const View view = fresh(d);
                            store(view.base, 1);
                            (void)failed(view.base, kPage);
                            const int file = scratch_file(d, kPage, 7, O_DIRECT);
                            long got = -1;
                            const Touch touch = guarded(view.base, [&] {
                              got = into ? ::pread(file, view.base, kPage, 0) : ::pwrite(file, view.base, kPage, 0);
                            });
                            return touch.ok() ? count(got) : touch.text();
                          });
  }
  table.add_destructive("poison.then.process_vm_readv", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    char* own = anonymous(kPage);
    const iovec local{own, kPage};
    const iovec remote{view.base, kPage};
    return count(::process_vm_readv(::getpid(), &local, 1, &remote, 1, 0));
  });
  table.add_destructive("poison.then.vmsplice", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    int ends[2];
    (void)::pipe(ends);
    const iovec part{view.base, kPage};
    return count(::vmsplice(ends[1], &part, 1, SPLICE_F_NONBLOCK));
  });
  table.add_destructive("poison.then.dontneed", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return line({said(::madvise(view.base, view.length, MADV_DONTNEED)), load_text(view.base)});
  });
  table.add_destructive("poison.then.populate", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return said(::madvise(view.base, d.chunk(), 22));
  });
  table.add_destructive("poison.then.mlock", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return said(lock_memory(view.base, kPage));
  });
  table.add_destructive("poison.then.fork", [](const Device& d) {
    const View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    return in_child([&] { return line({"child=" + load_text(view.base), load_text(view.base + d.align)}); });
  });
  table.add_destructive("poison.then.rebind-clears-it", [](const Device& d) {
    View view = fresh(d);
    store(view.base, 1);
    (void)failed(view.base, kPage);
    ::munmap(view.base, view.length);
    view = fresh(d);
    return line({"load=" + load_text(view.base), "store=" + store_text(view.base)});
  });
  for (const bool touched : {true, false}) {
    table.add_destructive(std::string("poison.soft-offline.") + (touched ? "touched" : "untouched"),
                          [touched](const Device& d) {
                            const View view = fresh(d);
                            if (touched) {
                              store(view.base, 0x35);
                            }
                            const std::string result = failed(view.base, kPage, MADV_SOFT_OFFLINE);
                            return line({"advice=" + result, "load=" + load_text(view.base)});
                          });
  }
  table.add_destructive("poison.leaves-a-working-device", [](const Device& d) {
    const View view = fresh(d);
    return line({load_text(view.base), store_text(view.base), load_text(view.base + d.align)});
  });
}

} // namespace conformance
