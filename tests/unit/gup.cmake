daxemu_unit_test(unit_gup gup/gup_behaviour_test.cpp gup/gup_dma_test.cpp gup/gup_flags_test.cpp gup/gup_matrix_test.cpp
  gup/gup_pins_test.cpp LINK emu_gup)
# Random work by threads and processes with an invariant checker: 2 s each, DAXEMU_STRESS_SECONDS for more.
daxemu_unit_test(unit_gup_stress gup/gup_stress_test.cpp gup/gup_kill_test.cpp gup/gup_processes_test.cpp LINK emu_gup)
