wb_test(ledger_tree_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/ledger_tree_test.c DEPS wb_ledger)
wb_test(ledger_record_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/ledger_record_test.c DEPS wb_ledger)
