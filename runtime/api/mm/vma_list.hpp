// The mappings of a process, by address. Readers take no lock; a list that was replaced is freed once no reader that
// may have seen it is left.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "runtime/api/mm/api_vma.hpp"

namespace daxemu::api {

class VmaList {
public:
  using List = std::vector<std::shared_ptr<Vma>>; // by start

  // While it lives, what find() and all() return does not go away. Cheap; may be nested.
  class Reading {
  public:
    explicit Reading(const VmaList& list);
    ~Reading() { readers_->fetch_sub(1, std::memory_order_release); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

  private:
    std::atomic<std::uint64_t>* readers_;
  };

  // Under Reading or the writers' lock from here on.
  [[nodiscard]] Vma* find(std::uint64_t address) const;
  [[nodiscard]] const List& all() const { return *current_.load(std::memory_order_acquire); }

  // Under the writers' lock from here on.
  VmaList();
  ~VmaList();
  VmaList(const VmaList&) = delete;
  VmaList& operator=(const VmaList&) = delete;
  void add(std::shared_ptr<Vma> vma);
  // Returns the one that was taken out.
  std::shared_ptr<Vma> remove(const Vma& vma);

private:
  void publish(List list);

  struct alignas(64) Readers {
    std::atomic<std::uint64_t> count{0};
  };
  static constexpr std::size_t kStripes = 16; // threads spread over them
  mutable std::array<Readers, kStripes> readers_;
  std::atomic<const List*> current_{nullptr};
  std::vector<std::unique_ptr<const List>> lists_; // the last one is current, the others wait for their readers
};

} // namespace daxemu::api
