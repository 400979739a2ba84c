wb_test(sim_intake_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/intake_test.c DEPS wb_simcell wb_svc_intake)
