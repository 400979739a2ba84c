wb_test(sim_runtime_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/runtime_test.c DEPS wb_simcell wb_toy)
