wb_test(sim_intake_files_test TIER sim SOURCES ${CMAKE_SOURCE_DIR}/tests/sim/intake_files_test.c
  DEPS wb_simcell wb_svc_intake)
