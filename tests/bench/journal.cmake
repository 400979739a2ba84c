wb_program(bench_journal SOURCES ${CMAKE_SOURCE_DIR}/tests/bench/bench_journal.c
  DEPS wb_base wb_proto wb_host PkgConfig::ZMQ PkgConfig::LMDB)
