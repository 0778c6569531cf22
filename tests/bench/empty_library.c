/* Nothing: what it costs that any library is preloaded (start_bench.cpp). */
typedef int nothing_at_all;
