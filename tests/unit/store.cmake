wb_test(store_key TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/store_key.c DEPS wb_store)
wb_test(store_txn TIER unit DEPS wb_store wb_proto
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/store_txn.c ${CMAKE_SOURCE_DIR}/tests/unit/store_rig.c)
wb_test(store_env TIER unit DEPS wb_store
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/store_env.c ${CMAKE_SOURCE_DIR}/tests/unit/store_rig.c)
