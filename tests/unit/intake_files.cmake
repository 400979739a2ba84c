# services/intake: files. The reader of comma-separated values needs nothing of the service.
wb_test(intake_files_csv_test TIER unit DEPS wb_base
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_files_csv_test.c ${CMAKE_SOURCE_DIR}/services/intake/csv.c)
wb_test(intake_files_store_test TIER unit DEPS wb_base PkgConfig::SODIUM ${MAGIC_LIBRARY}
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_files_store_test.c ${CMAKE_SOURCE_DIR}/services/intake/attach_store.c
    ${CMAKE_SOURCE_DIR}/services/intake/attach_disk.c ${CMAKE_SOURCE_DIR}/services/intake/attach_kind.c)
# On a bed, with the core's kit.
foreach(part decide import)
  wb_test(intake_files_${part}_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/intake_files_${part}_test.c
    DEPS wb_intake_kit)
endforeach()
