# The reader of comma-separated values (./dev fuzz).
wb_fuzz(intake_csv DEPS wb_base
  SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_csv.c ${CMAKE_SOURCE_DIR}/services/intake/csv.c)
