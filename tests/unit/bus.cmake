foreach(t request socket curve)
  wb_test(bus_${t}_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/bus_${t}_test.c DEPS wb_bus)
endforeach()
