# tests/harness: what tests share.
wb_library(wb_bed SOURCES ${CMAKE_SOURCE_DIR}/tests/harness/bed.c DEPS wb_service wb_proto PkgConfig::CMOCKA)
wb_library(wb_toy SOURCES ${CMAKE_SOURCE_DIR}/tests/harness/toy.c DEPS wb_service wb_proto)
