wb_test(intake_registry TIER property TIMEOUT 300 SOURCES ${CMAKE_SOURCE_DIR}/tests/property/intake_registry.c
  ${CMAKE_SOURCE_DIR}/tests/unit/intake_kit.c DEPS wb_bed wb_svc_intake)
