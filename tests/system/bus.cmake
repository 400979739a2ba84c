wb_test(bus_storm_test TIER system TIMEOUT 300 SOURCES ${CMAKE_SOURCE_DIR}/tests/system/bus_storm_test.c DEPS wb_bus)
