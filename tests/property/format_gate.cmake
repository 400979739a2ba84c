wb_test(format_gate TIER property TIMEOUT 300 SOURCES ${CMAKE_SOURCE_DIR}/tests/property/format_gate.c
  ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_onsite_kit.c ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_kit.c
  DEPS wb_bed wb_svc_dispatch)
target_include_directories(format_gate PRIVATE ${CMAKE_SOURCE_DIR}/tests)
