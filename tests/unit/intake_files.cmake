# services/intake: files. The reader of comma-separated values needs nothing of the service.
wb_test(intake_files_csv_test TIER unit DEPS wb_base
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_files_csv_test.c ${CMAKE_SOURCE_DIR}/services/intake/csv.c)
