set(journal_kit ${CMAKE_SOURCE_DIR}/tests/unit/journal_kit.c)
wb_test(journal_core_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/journal_core_test.c ${journal_kit}
  DEPS wb_journal_core)
wb_test(journal_read_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/journal_read_test.c ${journal_kit}
  DEPS wb_journal_core)
