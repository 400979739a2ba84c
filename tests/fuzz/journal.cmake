wb_fuzz(record SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_record.c DEPS wb_ledger)
