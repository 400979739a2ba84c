wb_test(journal_test TIER system SOURCES ${CMAKE_SOURCE_DIR}/tests/system/journal_test.c
  DEPS wb_journal_core wb_host PkgConfig::ZMQ)
target_compile_definitions(journal_test PRIVATE WB_JOURNAL_BIN="$<TARGET_FILE:weibao-journal>")
add_dependencies(journal_test weibao-journal)
