// What a SIGBUS for memory failure says: si_addr and si_addr_lsb.
#pragma once

namespace daxemu::fault {

struct PoisonHit {
  void* address = nullptr; // of the folio's first byte; nullptr: none was hit
  short lsb = 0;           // log2 of the folio's size in bytes
};

} // namespace daxemu::fault
