// pmemobj_program create|crash|work|check PATH: accounts whose sum is constant and a list whose length is counted, in a
// libpmemobj pool. `crash` dies by SIGKILL in the middle of a transaction, `work` runs transactions until somebody
// kills it, `check` opens the pool (which recovers it) and prints what holds.
#include <inttypes.h>
#include <libpmemobj.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kAccounts = 64, kOpening = 1000 };

POBJ_LAYOUT_BEGIN(bank);
POBJ_LAYOUT_ROOT(bank, struct bank);
POBJ_LAYOUT_TOID(bank, struct entry);
POBJ_LAYOUT_END(bank);

struct entry {
  uint64_t number;
  TOID(struct entry) next;
};
struct bank {
  uint64_t transfers;
  uint64_t accounts[kAccounts];
  TOID(struct entry) journal;
};

static void refuse(const char* what) {
  fprintf(stderr, "%s: %s\n", what, pmemobj_errormsg());
  exit(1);
}

// One transfer with its journal entry; dies between its two halves if told to.
static void transfer(PMEMobjpool* pool, struct bank* bank, unsigned from, unsigned to, int die) {
  TX_BEGIN(pool) {
    pmemobj_tx_add_range_direct(bank, sizeof *bank);
    bank->accounts[from] -= 1;
    if (die) {
      pmemobj_persist(pool, bank, sizeof *bank); // the half transfer is in the memory for sure
      raise(SIGKILL);
    }
    bank->accounts[to] += 1;
    TOID(struct entry) made = TX_ZNEW(struct entry);
    D_RW(made)->number = ++bank->transfers;
    D_RW(made)->next = bank->journal;
    bank->journal = made;
  }
  TX_ONABORT {
    refuse("transaction");
  }
  TX_END
}

int main(int count, char** words) {
  if (count != 3) {
    fprintf(stderr, "usage: pmemobj_program create|crash|work|check PATH\n");
    return 2;
  }
  const char* verb = words[1];
  const int create = strcmp(verb, "create") == 0;
  PMEMobjpool* pool = create ? pmemobj_create(words[2], POBJ_LAYOUT_NAME(bank), 0, 0666)
                             : pmemobj_open(words[2], POBJ_LAYOUT_NAME(bank));
  if (pool == NULL) {
    refuse(create ? "pmemobj_create" : "pmemobj_open");
  }
  struct bank* bank = D_RW(POBJ_ROOT(pool, struct bank));
  if (create) {
    TX_BEGIN(pool) {
      pmemobj_tx_add_range_direct(bank, sizeof *bank);
      for (unsigned i = 0; i < kAccounts; ++i) {
        bank->accounts[i] = kOpening;
      }
    }
    TX_END
  } else if (strcmp(verb, "crash") == 0) {
    transfer(pool, bank, 0, 1, 0);
    transfer(pool, bank, 0, 1, 1);
  } else if (strcmp(verb, "work") == 0) {
    for (unsigned i = 0;; ++i) {
      transfer(pool, bank, i % kAccounts, (i * 7 + 1) % kAccounts, 0);
      if (i == 200) {
        puts("working");
        fflush(stdout);
      }
    }
  }
  uint64_t sum = 0;
  for (unsigned i = 0; i < kAccounts; ++i) {
    sum += bank->accounts[i];
  }
  uint64_t length = 0;
  for (TOID(struct entry) at = bank->journal; !TOID_IS_NULL(at); at = D_RO(at)->next) {
    if (D_RO(at)->number != bank->transfers - length) {
      printf("entry %" PRIu64 " is number %" PRIu64 "\n", length, D_RO(at)->number);
      return 1;
    }
    ++length;
  }
  printf("sum %" PRIu64 "\ntransfers %" PRIu64 "\njournal %" PRIu64 "\n", sum, bank->transfers, length);
  pmemobj_close(pool);
  return 0;
}
