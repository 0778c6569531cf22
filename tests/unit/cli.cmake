daxemu_unit_test(unit_cli
  cli/cli_device_flags_test.cpp
  cli/cli_every_kernel_test.cpp
  cli/cli_executable_test.cpp
  cli/cli_mistake_test.cpp
  cli/cli_output_difference_test.cpp
  cli/cli_pages_test.cpp
  cli/cli_cxl_builder_test.cpp
  cli/cli_cxl_plan_test.cpp
  cli/cli_platform_file_test.cpp
  cli/cli_preload_path_test.cpp
  cli/cli_refused_test.cpp
  cli/cli_text_test.cpp
  cli/report_test.cpp
  cli/stat_report_test.cpp
  cli/top_view_test.cpp
  trace/trace_json_test.cpp
  LINK runtime_cli)
